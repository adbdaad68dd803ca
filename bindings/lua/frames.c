/* Frames in Lua: an array of frames that cannot be changed, the oldest first. */
#include "lua/module.h"

void heapster__lua_push_frame(lua_State *L, const struct heapster_frame *frame) {
  *(struct heapster_frame *)heapster__lua_new(L, HEAPSTER__LUA_FRAME, sizeof *frame) = *frame;
}

void heapster__lua_push_frames(lua_State *L, const struct heapster_frames *frames) {
  *(struct heapster_frames *)heapster__lua_new(L, HEAPSTER__LUA_FRAMES, sizeof *frames) = *frames;
}

static int length(lua_State *L) {
  const struct heapster_frames *const frames = heapster__lua_check(L, 1, HEAPSTER__LUA_FRAMES);
  lua_pushinteger(L, (lua_Integer)frames->kept_count);
  return 1;
}

/* Beyond both ends is nil, as in a table: ipairs stops there. */
static int index(lua_State *L) {
  if (lua_type(L, 2) != LUA_TNUMBER) return heapster__lua_index(L);
  const struct heapster_frames *const frames = heapster__lua_check(L, 1, HEAPSTER__LUA_FRAMES);
  int is_integer;
  const lua_Integer place = lua_tointegerx(L, 2, &is_integer);
  if (is_integer && place >= 1 && (uint64_t)place <= frames->kept_count)
    heapster__lua_push_frame(L, &frames->kept[place - 1]);
  else
    lua_pushnil(L);
  return 1;
}

const luaL_Reg heapster__lua_frames_metamethods[] = {{"__len", length}, {"__index", index}, {NULL, NULL}};
