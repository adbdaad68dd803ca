/* The state is created with heapster's lua_Alloc over the engine's pool. It sees no file but the engine's scripts. */
#include "scripts.h"

#include "new_state.h"

#include <assert.h>
#include <heapster/modules.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>

/* --- finding scripts --- */

/* Leaves the chunk, called "scripts/world.lua" wherever the folder is, or a line that says why there is none. */
static int load_script(lua_State *L, const struct scripts *scripts, const char *name) {
  const char *const inside = luaL_gsub(L, name, ".", "/");
  char path[4096]; /* not in the scripts' memory: their figures are the same wherever the folder is */
  const int length_of_path = snprintf(path, sizeof path, "%s/%s.lua", scripts->folder, inside);
  FILE *const file = length_of_path < (int)sizeof path ? fopen(path, "rb") : NULL;
  if (!file) {
    lua_pushfstring(L, "no script '%s'", name);
    return LUA_ERRFILE;
  }
  static char text[1 << 16];
  const size_t length = fread(text, 1, sizeof text, file);
  fclose(file);
  if (length == sizeof text) return luaL_error(L, "the script '%s' is too long", name);
  const char *const title = lua_pushfstring(L, "@scripts/%s.lua", inside);
  return luaL_loadbufferx(L, text, length, title, "t");
}

/* The way `require` looks for a module. */
static int search(lua_State *L) {
  const int status = load_script(L, lua_touserdata(L, lua_upvalueindex(1)), luaL_checkstring(L, 1));
  return status == LUA_OK || status == LUA_ERRFILE ? 1 : lua_error(L);
}

/* --- the state --- */

/* Without io, os and debug, and without what reads files and bytecode: a line on the console can do the game no harm
   that the game does not survive. */
static void open_libraries(lua_State *L) {
  static const luaL_Reg libraries[] = {{LUA_GNAME, luaopen_base},          {LUA_LOADLIBNAME, luaopen_package},
                                       {LUA_COLIBNAME, luaopen_coroutine}, {LUA_TABLIBNAME, luaopen_table},
                                       {LUA_STRLIBNAME, luaopen_string},   {LUA_MATHLIBNAME, luaopen_math},
                                       {LUA_UTF8LIBNAME, luaopen_utf8},    {NULL, NULL}};
  static const char *const removed[] = {"load", "loadfile", "dofile", NULL};
  lua_pushboolean(L, true);
  lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV"); /* LUA_PATH and LUA_CPATH are for other programs */
  for (const luaL_Reg *each = libraries; each->name; each++) luaL_requiref(L, each->name, each->func, true);
  for (const char *const *each = removed; *each; each++) {
    lua_pushnil(L);
    lua_setglobal(L, *each);
  }
}

/* `require` finds what was linked in and the engine's scripts, in this order, and nothing else. */
static void set_searchers(lua_State *L, struct scripts *scripts) {
  lua_getglobal(L, LUA_LOADLIBNAME);
  lua_getfield(L, -1, "searchers");
  lua_createtable(L, 2, 0);
  lua_geti(L, -2, 1); /* of package.preload */
  lua_seti(L, -2, 1);
  lua_pushlightuserdata(L, scripts);
  lua_pushcclosure(L, search, 1);
  lua_seti(L, -2, 2);
  lua_setfield(L, -3, "searchers");
  lua_pop(L, 2);
}

static void preload_heapster(lua_State *L) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, luaopen_heapster);
  lua_setfield(L, -2, "heapster");
  lua_pop(L, 1);
}

/* Called protected: whatever of it fails is an error of Lua. */
static int start(lua_State *L) {
  struct scripts *const scripts = lua_touserdata(L, 1);
  open_libraries(L);
  preload_heapster(L);
  set_searchers(L, scripts);
  assets_register(&scripts->engine->assets, L);
  bodies_register(&scripts->engine->bodies, L);
  loop_register(&scripts->engine->loop, L);
  lua_gc(L, LUA_GCGEN, 0, 0); /* what a frame leaves behind is young */
  if (load_script(L, scripts, "game") != LUA_OK) return lua_error(L);
  lua_call(L, 0, 0);
  return 0;
}

static bool say(const char *what) {
  fprintf(stderr, "engine: %s\n", what);
  return false;
}

bool scripts_open(struct scripts *scripts, struct engine *engine, const char *folder) {
  *scripts = (struct scripts){.folder = folder, .engine = engine};
  pool_open(&scripts->pool, SCRIPTS_BUDGET);
  const struct heapster_lua_backing backing = {pool_alloc, &scripts->pool};
  void *ud;
  const enum heapster_error error = heapster_lua_state_create("scripts", &backing, &ud);
  if (error) return say(heapster_error_text(error));
  scripts->L = new_state(heapster_lua_alloc, ud);
  if (!scripts->L) return say("no memory for the scripts");
  lua_pushcfunction(scripts->L, start);
  lua_pushlightuserdata(scripts->L, scripts);
  if (lua_pcall(scripts->L, 1, 0, 0) == LUA_OK) return true;
  const char *const why = lua_tostring(scripts->L, -1);
  return say(why ? why : "game.lua raised an error without words");
}

void scripts_close(struct scripts *scripts) {
  if (scripts->L) lua_close(scripts->L);
  assert(pool_live(&scripts->pool) == 0);
  pool_close(&scripts->pool);
}
