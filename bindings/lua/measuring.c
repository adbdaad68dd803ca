/* measuring(): a window over a block, `local m <close> = heapster.measuring()`, and its diff afterwards. */
#include "lua/module.h"

#include "lua/errors.h"
#include "lua/values.h"
#include "lua/window.h"

static struct heapster__lua_window *check(lua_State *L) { return heapster__lua_check(L, 1, HEAPSTER__CLASS_MEASURING); }

/* Pushes the Stats, which exist before the window begins; NULL: the debug library put something else there. */
static struct heapster_stats *push_stats(lua_State *L) {
  lua_getiuservalue(L, 1, 1);
  return heapster__lua_test(L, -1, HEAPSTER__CLASS_STATS);
}

static struct heapster_stats *check_stats(lua_State *L) {
  struct heapster_stats *const stats = push_stats(L);
  if (!stats) luaL_error(L, "the window's user value was replaced, and its figures with that");
  return stats;
}

static int stop(lua_State *L) {
  struct heapster__lua_window *const window = check(L);
  heapster__lua_end_window(L, window, check_stats(L));
  return 1;
}

/* At the end of its block. An error of the block is not replaced by one of ours. */
static int close(lua_State *L) {
  struct heapster__lua_window *const window = check(L);
  if (!window->is_open) return 0;
  if (lua_isnoneornil(L, 2))
    heapster__lua_end_window(L, window, check_stats(L));
  else
    heapster__lua_drop_window(window, push_stats(L));
  return 0;
}

static int collect(lua_State *L) {
  struct heapster__lua_window *const window = heapster__lua_test(L, 1, HEAPSTER__CLASS_MEASURING);
  if (window) heapster__lua_drop_window(window, NULL);
  return 0;
}

static int get_diff(lua_State *L) {
  if (check(L)->is_open) return luaL_error(L, "diff is known when the window has ended");
  check_stats(L);
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

void heapster__lua_add_measuring(lua_State *L) {
  static const luaL_Reg attributes[] = {{"diff", get_diff}, {"is_open", get_is_open}, {NULL, NULL}};
  static const luaL_Reg methods[] = {{"stop", stop}, {NULL, NULL}};
  static const luaL_Reg metamethods[] = {
      {"__close", close}, {"__gc", collect}, {"__tostring", to_string}, {NULL, NULL}};
  luaL_newlib(L, attributes);
  luaL_newlib(L, methods);
  heapster__lua_add_class(L, HEAPSTER__CLASS_MEASURING, metamethods);
}

int heapster__lua_measuring(lua_State *L) {
  struct heapster__lua_options options = heapster__lua_make_options();
  lua_settop(L, 1);
  if (!lua_isnil(L, 1)) {
    luaL_checktype(L, 1, LUA_TTABLE);
    heapster__lua_parse_options(L, 1, HEAPSTER__LUA_OF_WINDOW, &options);
  }
  heapster__lua_check_counting(L, &options);
  struct heapster__lua_window *const window = heapster__lua_new(L, HEAPSTER__CLASS_MEASURING, sizeof *window);
  window->is_open = false;
  heapster__lua_new_stats(L);
  lua_setiuservalue(L, 2, 1);
  heapster__lua_begin_window(L, window, &options);
  return 1;
}
