/* The memory of Lua's own string buffers.

   A luaL_Buffer that outgrows its C frame requests memory of the state's allocator itself, and keeps it in a userdata,
   a box, on the stack of its function. The box is the same in all releases from 5.4.0 to 5.5.1. */
#include "lua/buffers.h"

#include <lauxlib.h>
#include <stdbool.h>

struct box {
  void *bytes;
  size_t size;
};

static bool is_box(lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TUSERDATA || lua_rawlen(L, index) != sizeof(struct box)) return false;
  if (!lua_getmetatable(L, index)) return false;
  luaL_getmetatable(L, "_UBOX*");
  const bool is_same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return is_same;
}

static size_t bytes_in_frame(lua_State *L, const lua_Debug *frame) {
  size_t bytes = 0;
  for (int i = 1; lua_getlocal(L, frame, i); i++) {
    if (is_box(L, -1)) bytes += ((const struct box *)lua_touserdata(L, -1))->size;
    lua_pop(L, 1);
  }
  return bytes;
}

static size_t bytes_in_thread(lua_State *L) {
  size_t bytes = 0;
  lua_Debug frame;
  if (!lua_checkstack(L, LUA_MINSTACK)) return 0;
  for (int level = 0; lua_getstack(L, level, &frame); level++) bytes += bytes_in_frame(L, &frame);
  return bytes;
}

size_t heapster__lua_buffer_bytes(lua_State *L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  lua_State *const main_thread = lua_tothread(L, -1);
  lua_pop(L, 1);
  return bytes_in_thread(L) + (main_thread == L ? 0 : bytes_in_thread(main_thread));
}
