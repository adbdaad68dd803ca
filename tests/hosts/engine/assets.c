/* Textures and sounds. Nothing is decoded here: an asset is a block of the size that its file would have in memory. */
#include "assets.h"

#include <lauxlib.h>
#include <string.h>

enum { TEXEL = 4, SAMPLE = 2, SAMPLES_A_SECOND = 44100, LARGEST_SIDE = 8192, LONGEST_SOUND = 600, SILENCE = 0 };

enum heapster_error assets_open(struct assets *assets) {
  *assets = (struct assets){.textures.what = "texture", .audio.what = "sound"};
  const enum heapster_error error = heapster_heap_create("textures", NULL, &assets->textures.heap);
  return error ? error : heapster_heap_create("audio", NULL, &assets->audio.heap);
}

static struct shelf *shelf_of(lua_State *L) { return lua_touserdata(L, lua_upvalueindex(1)); }

/* The number goes back to the script. */
static int load(lua_State *L, struct shelf *shelf, size_t size) {
  const char *const name = luaL_checkstring(L, 1);
  unsigned place = 0;
  while (place < ASSETS_OF_A_KIND && shelf->blocks[place]) place++;
  if (place == ASSETS_OF_A_KIND) return luaL_error(L, "no place for the %s '%s'", shelf->what, name);
  void *const block = heapster_heap_malloc(shelf->heap, size);
  if (!block) return luaL_error(L, "no memory for the %s '%s'", shelf->what, name);
  shelf->blocks[place] = memset(block, SILENCE, size);
  lua_pushinteger(L, place + 1);
  return 1;
}

static size_t check_within(lua_State *L, int argument, lua_Integer most) {
  const lua_Integer given = luaL_checkinteger(L, argument);
  if (given < 1 || given > most)
    luaL_argerror(L, argument, lua_pushfstring(L, "1 to %I expected, got %I", most, given));
  return (size_t)given;
}

static int load_texture(lua_State *L) {
  const size_t width = check_within(L, 2, LARGEST_SIDE);
  return load(L, shelf_of(L), width * check_within(L, 3, LARGEST_SIDE) * TEXEL);
}

static int load_sound(lua_State *L) {
  return load(L, shelf_of(L), check_within(L, 2, LONGEST_SOUND) * SAMPLES_A_SECOND * SAMPLE);
}

static int release(lua_State *L) {
  struct shelf *const shelf = shelf_of(L);
  const lua_Integer number = luaL_checkinteger(L, 1);
  if (number < 1 || number > ASSETS_OF_A_KIND || !shelf->blocks[number - 1])
    return luaL_error(L, "no %s has the number %I", shelf->what, number);
  heapster_heap_free(shelf->heap, shelf->blocks[number - 1]);
  shelf->blocks[number - 1] = NULL;
  return 0;
}

static void register_kind(lua_State *L, const char *name, struct shelf *shelf, lua_CFunction loads) {
  const luaL_Reg functions[] = {{"load", loads}, {"release", release}, {NULL, NULL}};
  luaL_newlibtable(L, functions);
  lua_pushlightuserdata(L, shelf);
  luaL_setfuncs(L, functions, 1);
  lua_setglobal(L, name);
}

void assets_register(struct assets *assets, lua_State *L) {
  register_kind(L, "textures", &assets->textures, load_texture);
  register_kind(L, "audio", &assets->audio, load_sound);
}
