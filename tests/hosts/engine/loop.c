/* The loop. A game with a screen asks the clock how many steps are due; this one plays them as fast as it can. */
#include "loop.h"

#include <heapster/frame.h>
#include <lauxlib.h>

enum { UPDATE = 2 }; /* the script's function on the stack */

static const double seconds_a_frame = 1.0 / FRAMES_A_SECOND;

static void step(struct loop *loop, lua_State *L) {
  bodies_step(loop->bodies, seconds_a_frame);
  lua_pushvalue(L, UPDATE);
  lua_pushnumber(L, seconds_a_frame);
  lua_call(L, 1, 0);
  loop->frame++;
  heapster_frame_mark(); /* the last line of a frame: heapster.frames() has what it asked for */
}

static int play(lua_State *L) {
  struct loop *const loop = lua_touserdata(L, lua_upvalueindex(1));
  const lua_Integer frames = luaL_checkinteger(L, 1);
  luaL_checktype(L, UPDATE, LUA_TFUNCTION);
  luaL_checkstack(L, 2, NULL);
  for (lua_Integer i = 0; i < frames; i++) step(loop, L);
  return 0;
}

void loop_register(struct loop *loop, lua_State *L) {
  lua_pushlightuserdata(L, loop);
  lua_pushcclosure(L, play, 1);
  lua_setglobal(L, "play");
}
