/* The Lua module: what SWIG generates and what is written by hand, put together. */
#include "lua/module.h"

#include <heapster/modules.h>
#include <pthread.h>

static const luaL_Reg functions[] = {
    {"heaps", heapster__lua_heaps},         {"limit", heapster__lua_limit}, {"measure", heapster__lua_measure},
    {"measuring", heapster__lua_measuring}, {"stats", heapster__lua_stats}, {NULL, NULL},
};

/* What SWIG's start sets in _G, in the registry and in its module. A guest of the host adds no globals, and another
   module made by SWIG may have classes of the same names: its own are put aside meanwhile. */
static const struct {
  int place; /* 1: _G, 2: the registry */
  const char *name;
} swig_names[] = {{1, "swig_type"}, {1, "swig_equals"}, {2, "SWIG"}};
static const char *const swig_tables[] = {"Stats", "Histogram", "Heap", "Status", "Frame", "Frames"};
enum { SWIG_NAMES = 3, SWIG_TABLES = 6 };

/* SWIG's start fills tables of the process, and interpreters may open the module in several threads. */
static void open_locked(lua_State *L) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  lua_pushcfunction(L, heapster__lua_open_generated);
  pthread_mutex_lock(&lock);
  const int status = lua_pcall(L, 0, 1, 0);
  pthread_mutex_unlock(&lock);
  if (status != LUA_OK) lua_error(L);
}

/* The arguments are _G and the registry; answers the generated module, and leaves them as they were. */
static int open_generated(lua_State *L) {
  for (int i = 0; i < SWIG_NAMES; i++) {
    lua_pushstring(L, swig_names[i].name);
    lua_rawget(L, swig_names[i].place);
    lua_pushstring(L, swig_names[i].name);
    lua_pushnil(L);
    lua_rawset(L, swig_names[i].place);
  }
  open_locked(L);
  for (int i = 0; i < SWIG_NAMES; i++) {
    lua_pushstring(L, swig_names[i].name);
    lua_pushvalue(L, 3 + i);
    lua_rawset(L, swig_names[i].place);
  }
  return 1;
}

/* A plain table: without SWIG's metatable and its tables of classes. */
static void strip(lua_State *L) {
  lua_pushnil(L);
  lua_setmetatable(L, -2);
  for (int i = 0; i < SWIG_TABLES; i++) {
    lua_pushnil(L);
    lua_setfield(L, -2, swig_tables[i]);
  }
}

static void add_run_class(lua_State *L) {
  lua_newtable(L);
  lua_newtable(L);
  heapster__lua_class_add(L, HEAPSTER__LUA_RUN, heapster__lua_run_metamethods);
}

/* One module a state, however often it is opened. */
HEAPSTER_API int luaopen_heapster(lua_State *L) {
  luaL_checkversion(L);
  const char *const conflict = heapster_conflict();
  if (conflict) return luaL_error(L, "%s", conflict);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, functions) == LUA_TTABLE) return 1;
  lua_pop(L, 1);
  lua_pushcfunction(L, open_generated);
  lua_pushglobaltable(L);
  lua_pushvalue(L, LUA_REGISTRYINDEX);
  lua_call(L, 2, 1);
  strip(L);
  luaL_setfuncs(L, functions, 0);
  heapster__lua_errors_add(L);
  heapster__lua_kinds_add(L);
  heapster__lua_measuring_add(L);
  add_run_class(L);
  lua_pushstring(L, heapster_version());
  lua_setfield(L, -2, "version");
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, functions);
  heapster__lua_start(L);
  return 1;
}
