/* limit(): a function that may do so much and no more. */
#include "lua/module.h"

#define USAGE "call it as limit({alloc_count = 10}, fn, ...)"
enum { MOST = 64 }; /* more than there are fields */

/* The names of the limits that were broken. */
static void push_broken(lua_State *L, const struct heapster__lua_run *run, const struct heapster_stats *stats) {
  lua_newtable(L);
  lua_Integer count = 0;
  for (size_t i = 0; i < run->limit_count; i++) {
    if (heapster_limit_check(stats, &run->limits[i], 1, NULL) == 0) continue;
    lua_pushstring(L, run->limits[i].field->name);
    lua_rawseti(L, -2, ++count);
  }
}

static struct heapster_text without_last_newline(struct heapster_text text) {
  if (text.length > 0 && text.bytes[text.length - 1] == '\n') text.length--;
  return text;
}

static int deliver(lua_State *L, struct heapster__lua_run *run) {
  const struct heapster_stats *const stats = lua_touserdata(L, HEAPSTER__LUA_RUN_STATS);
  if (heapster_limit_check(stats, run->limits, run->limit_count, NULL) == 0) return run->results;
  heapster__lua_push_error(L, HEAPSTER__LUA_LIMIT_EXCEEDED,
                           without_last_newline(heapster__limits_broken(stats, run->limits, run->limit_count)));
  lua_pushvalue(L, HEAPSTER__LUA_RUN_STATS);
  lua_setfield(L, -2, "diff");
  push_broken(L, run, stats);
  lua_setfield(L, -2, "broken");
  return lua_error(L);
}

/* Options go to `options`; that every other key is a field is seen here, so that none is left out below. */
static void take_options(lua_State *L, struct heapster__lua_options *options) {
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
    if (heapster__lua_option_set(L, 1, HEAPSTER__LUA_OF_WINDOW, options)) continue;
    if (lua_type(L, -2) == LUA_TSTRING)
      heapster__lua_limit_of(L, heapster__lua_chars(L, -2));
    else
      luaL_argerror(L, 1, lua_pushfstring(L, "'%s' is no field; " USAGE, luaL_tolstring(L, -2, NULL)));
  }
}

/* In the order of the fields, whatever that of the table is. */
static size_t take_limits(lua_State *L, struct heapster_limit *limits) {
  size_t count = 0;
  const struct heapster_field *field;
  for (size_t i = 0; count < MOST && (field = heapster_field_at(i)) != NULL; i++) {
    lua_pushstring(L, field->name);
    if (lua_rawget(L, 1) != LUA_TNIL) limits[count++] = heapster__lua_limit_of(L, field->name);
    lua_pop(L, 1);
  }
  if (count == 0) luaL_argerror(L, 1, "no limit is given; " USAGE);
  return count;
}

int heapster__lua_limit(lua_State *L) {
  struct heapster__lua_run like = {.options = heapster__lua_options_default(), .deliver = deliver};
  struct heapster_limit limits[MOST];
  if (!lua_istable(L, 1))
    luaL_argerror(L, 1, lua_pushfstring(L, "table expected, got %s; " USAGE, heapster__lua_type_name(L, 1)));
  take_options(L, &like.options);
  like.limit_count = take_limits(L, limits);
  if (!heapster__lua_is_callable(L, 2))
    luaL_argerror(L, 2, lua_pushfstring(L, "function expected, got %s; " USAGE, heapster__lua_type_name(L, 2)));
  lua_remove(L, 1);
  return heapster__lua_run(L, &like, limits);
}
