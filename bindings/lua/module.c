/* The Lua module: SWIG's functions and the handwritten ones. */
#include "lua/module.h"

#include "lua/errors.h"
#include "lua/explain.h"
#include "lua/large.h"
#include "lua/run.h"
#include "lua/values.h"
#include "lua/version.h"

#include <heapster/modules.h>
#include <pthread.h>

static const luaL_Reg functions[] = {
    {"heap", heapster__lua_heap},
    {"heaps", heapster__lua_heaps},
    {"explain", heapster__lua_explain},
    {"limit", heapster__lua_limit},
    {"measure", heapster__lua_measure},
    {"measuring", heapster__lua_measuring},
    {"stats", heapster__lua_stats},
    {"status", heapster__lua_status},
    {"large_requests", heapster__lua_large_requests},
    {NULL, NULL},
};

/* What SWIG's start sets in _G, in the registry and in its module. A module should add no globals, and another SWIG
   module may have set the same names: they are saved meanwhile. */
static const struct {
  int table; /* 1: _G, 2: the registry */
  const char *name;
} swig_names[] = {{1, "swig_type"}, {1, "swig_equals"}, {2, "SWIG"}};
static const char *const swig_tables[] = {"Stats", "Histogram", "Heap", "Status", "Frame", "Frames", "LargeRequest"};
enum { SWIG_NAMES = 3, SWIG_TABLES = 7 };

/* SWIG's start writes to tables of the process, and several threads may open the module. */
static int open_locked(lua_State *L) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  lua_pushcfunction(L, heapster__lua_open_generated);
  pthread_mutex_lock(&lock);
  const int status = lua_pcall(L, 0, 1, 0);
  if (status != LUA_OK) heapster__lua_reset_generated();
  pthread_mutex_unlock(&lock);
  return status;
}

/* Gives the name at `name` the value behind it. Requests nothing: a name that has a value keeps its place in the table.
 */
static void set_name(lua_State *L, int table, int name, bool is_set) {
  lua_pushvalue(L, name);
  lua_rawget(L, table);
  const bool has_value = !lua_isnil(L, -1);
  lua_pop(L, 1);
  if (!has_value) return;
  lua_pushvalue(L, name);
  if (is_set)
    lua_pushvalue(L, name + 1);
  else
    lua_pushboolean(L, false);
  lua_rawset(L, table);
}

/* Takes _G and the registry, returns the generated module and restores both, also where there was no memory. */
static int open_generated(lua_State *L) {
  for (int i = 0; i < SWIG_NAMES; i++) {
    lua_pushstring(L, swig_names[i].name);
    lua_pushvalue(L, -1);
    lua_rawget(L, swig_names[i].table);
  }
  for (int i = 0; i < SWIG_NAMES; i++) set_name(L, swig_names[i].table, 3 + 2 * i, false);
  const int status = open_locked(L);
  for (int i = 0; i < SWIG_NAMES; i++) set_name(L, swig_names[i].table, 3 + 2 * i, true);
  return status == LUA_OK ? 1 : lua_error(L);
}

/* Leaves a plain table, without SWIG's metatable and class tables. */
static void strip(lua_State *L) {
  lua_pushnil(L);
  lua_setmetatable(L, -2);
  for (int i = 0; i < SWIG_TABLES; i++) {
    lua_pushnil(L);
    lua_setfield(L, -2, swig_tables[i]);
  }
}

/* A state has one module, however often it is opened. */
HEAPSTER_API int luaopen_heapster(lua_State *L) {
  heapster__lua_check_version(L);
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
  heapster__lua_add_errors(L);
  heapster__lua_add_kinds(L);
  heapster__lua_add_measuring(L);
  heapster__lua_add_run(L);
  heapster__lua_add_sites(L);
  lua_pushstring(L, heapster_version());
  lua_setfield(L, -2, "version");
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, functions);
  heapster__lua_start(L);
  heapster__lua_ensure_spare_status(L);
  return 1;
}
