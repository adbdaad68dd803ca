/* measuring(): a window over a block, `local m <close> = heapster.measuring()`, and its diff afterwards. */
#include "lua/module.h"

static struct heapster__lua_window *check(lua_State *L) { return heapster__lua_check(L, 1, HEAPSTER__LUA_MEASURING); }

/* Into the Stats that were made before the window began. */
static void end(lua_State *L, struct heapster__lua_window *window) {
  lua_getiuservalue(L, 1, 1);
  heapster__lua_window_end(L, window, lua_touserdata(L, -1));
}

static int stop(lua_State *L) {
  end(L, check(L));
  return 1;
}

/* By the end of its block. An error that passes through is not replaced by one of ours. */
static int close(lua_State *L) {
  struct heapster__lua_window *const window = check(L);
  if (!window->is_open) return 0;
  if (lua_isnoneornil(L, 2)) {
    end(L, window);
  } else {
    lua_getiuservalue(L, 1, 1);
    window->is_open = heapster__stats_window_end(window->window, lua_touserdata(L, -1)) == HEAPSTER_WRONG_THREAD;
  }
  return 0;
}

static int get_diff(lua_State *L) {
  if (check(L)->is_open) return luaL_error(L, "diff is known when the window has ended");
  lua_getiuservalue(L, 1, 1);
  return 1;
}

static int get_is_open(lua_State *L) {
  lua_pushboolean(L, check(L)->is_open);
  return 1;
}

static int to_string(lua_State *L) {
  lua_pushfstring(L, "heapster.Measuring: %s", check(L)->is_open ? "open" : "ended");
  return 1;
}

static const luaL_Reg attributes[] = {{"diff", get_diff}, {"is_open", get_is_open}, {NULL, NULL}};
static const luaL_Reg methods[] = {{"stop", stop}, {NULL, NULL}};

void heapster__lua_measuring_add(lua_State *L) {
  const luaL_Reg metamethods[] = {
      {"__close", close}, heapster__lua_window_metamethods[1], {"__tostring", to_string}, {NULL, NULL}};
  luaL_newlib(L, attributes);
  luaL_newlib(L, methods);
  heapster__lua_class_add(L, HEAPSTER__LUA_MEASURING, metamethods);
}

int heapster__lua_measuring(lua_State *L) {
  struct heapster__lua_options options = heapster__lua_options_default();
  lua_settop(L, 1);
  if (!lua_isnil(L, 1)) {
    luaL_checktype(L, 1, LUA_TTABLE);
    heapster__lua_options_take(L, 1, HEAPSTER__LUA_OF_WINDOW, &options);
  }
  heapster__lua_check_counting(L, &options);
  struct heapster__lua_window *const window = heapster__lua_new(L, HEAPSTER__LUA_MEASURING, sizeof *window);
  window->is_open = false;
  heapster__lua_new_stats(L);
  lua_setiuservalue(L, 2, 1);
  heapster__lua_window_begin(L, window, &options);
  return 1;
}
