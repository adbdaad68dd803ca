/* A program with heaps of its own and a Lua inside, whose scripts look at those heaps and assert. heapster::lua is
   linked statically: there is no file to find at run time. Ends with 1 where the script fails. */
#include <heapster/heapster.h>
#include <heapster/modules.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>

static struct heapster_heap *textures;

/* load_texture(width, height): a texture of the host, known to the script as a block of memory only. */
static int load_texture(lua_State *L) {
  const size_t size = (size_t)luaL_checkinteger(L, 1) * (size_t)luaL_checkinteger(L, 2) * 4;
  void *const pixels = heapster_heap_malloc(textures, size);
  if (!pixels) return luaL_error(L, "no memory for a texture");
  memset(pixels, 0, size);
  lua_pushlightuserdata(L, pixels);
  return 1;
}

static int free_texture(lua_State *L) {
  heapster_heap_free(textures, lua_touserdata(L, 1));
  return 0;
}

static void open_modules(lua_State *L) {
  luaL_openlibs(L);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, luaopen_heapster);
  lua_setfield(L, -2, "heapster"); /* require "heapster" finds it there */
  lua_pop(L, 1);
  lua_register(L, "load_texture", load_texture);
  lua_register(L, "free_texture", free_texture);
}

static int run(const char *script) {
  lua_State *const L = luaL_newstate();
  if (!L) return 1;
  open_modules(L);
  const bool failed = luaL_dofile(L, script);
  if (failed) fprintf(stderr, "%s\n", luaL_tolstring(L, -1, NULL));
  lua_close(L);
  return failed;
}

int main(int count, char **arguments) {
  struct heapster_heap *audio;
  if (count != 2 || heapster_heap_create("textures", NULL, &textures) || heapster_heap_create("audio", NULL, &audio))
    return 2;
  void *const samples = heapster_heap_malloc(audio, 44100);
  const int status = run(arguments[1]);
  heapster_heap_free(audio, samples);
  return status;
}
