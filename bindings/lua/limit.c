/* limit(): a function that may do so much and no more. A limit is a figure's most, alloc_count = 10, use_peak = "1
   MiB", or a pair of least and most, {1, 10}. */
#include "lua/module.h"

#include "common/bound.h"
#include "common/reasons.h"
#include "common/stats.h"
#include "lua/errors.h"
#include "lua/run.h"

#define USAGE "call it as limit({alloc_count = 10}, fn, ...)"
enum { MOST_LIMITS = 64 }; /* more than there are fields */

/* The array of the names of broken limits. */
static void push_broken(lua_State *L, const struct heapster__lua_run *run, const struct heapster_stats *stats) {
  lua_newtable(L);
  lua_Integer count = 0;
  for (size_t i = 0; i < run->limit_count; i++) {
    if (!heapster_limit_check(stats, &run->limits[i], 1, NULL)) continue;
    lua_pushstring(L, run->limits[i].field->name);
    lua_rawseti(L, -2, ++count);
  }
}

/* Pushes the Sites, those of the broken limits first, and makes it the diff's too. */
static void push_sites(lua_State *L, struct heapster__lua_run *run, const struct heapster_stats *stats) {
  heapster__lua_rank_explained(&run->explained, stats, run->limits, run->limit_count);
  heapster__lua_push_run_sites(L, run);
}

/* With the first of the sites that are on top of the stack, if it was explained. */
static struct heapster_text explain_broken(lua_State *L, const struct heapster__lua_run *run,
                                           const struct heapster_stats *stats) {
  struct heapster_text text = heapster__explain_broken_limits(stats, run->limits, run->limit_count);
  if (!run->options.explains) return text;
  struct heapster_text sites = heapster__lua_sites_text(L, -1, HEAPSTER__LUA_FEW_SITES);
  heapster__text_append(&text, "\n");
  heapster__text_append_bytes(&text, sites.bytes, sites.length);
  heapster__text_free(&sites);
  return text;
}

/* By Lua's own means; nobody sees it unless the host or warn("@on") has turned warnings on. */
static void warn_of_unjudged(lua_State *L, const struct heapster__lua_run *run, const struct heapster_stats *stats) {
  const struct heapster_text words = heapster__explain_unjudged_limits(stats, run->limits, run->limit_count);
  if (!words.error && words.length == 0) return;
  luaL_checkstack(L, LUA_MINSTACK, "results of a function with limits");
  const char *const line = heapster__lua_push_text(L, words);
  lua_warning(L, "heapster.limit: ", true);
  lua_warning(L, line, false);
  lua_pop(L, 1);
}

static int deliver(lua_State *L, struct heapster__lua_run *run) {
  const struct heapster_stats *const stats = lua_touserdata(L, HEAPSTER__LUA_RUN_STATS);
  if (!heapster_limit_check(stats, run->limits, run->limit_count, NULL)) {
    warn_of_unjudged(L, run, stats);
    return run->results;
  }
  if (run->options.explains) push_sites(L, run, stats);
  heapster__lua_push_error(L, HEAPSTER__LUA_LIMIT_EXCEEDED, explain_broken(L, run, stats));
  if (run->options.explains) {
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, "sites");
  }
  lua_pushvalue(L, HEAPSTER__LUA_RUN_STATS);
  lua_setfield(L, -2, "diff");
  push_broken(L, run, stats);
  lua_setfield(L, -2, "broken");
  return lua_error(L);
}

static int refuse_type(lua_State *L, const struct heapster_field *field, int index) {
  return heapster__lua_raise_argument(L, 1, "%s: integer%s or pair {least, most} expected, got %s", field->name,
                                      field->unit == HEAPSTER_BYTES ? ", size such as \"1 MiB\"" : "",
                                      heapster__lua_type_name(L, index));
}

static int64_t parse_size(lua_State *L, const struct heapster_field *field, int index) {
  int64_t bound;
  if (field->unit != HEAPSTER_BYTES) return refuse_type(L, field, index);
  const enum heapster_error error = heapster__parse_bound(field, heapster__lua_chars(L, index), &bound);
  if (!error) return bound;
  if (error == HEAPSTER_BAD_LIMIT)
    return heapster__lua_raise_argument(L, 1, "%s: the figure is never negative", field->name);
  return heapster__lua_raise_argument(L, 1, "%s: '%s' is %s", field->name, lua_tostring(L, index),
                                      heapster__explain_size(lua_tostring(L, index)));
}

static int64_t parse_integer(lua_State *L, const struct heapster_field *field, int index) {
  int is_integer;
  const lua_Integer value = lua_tointegerx(L, index, &is_integer);
  if (!is_integer) return heapster__lua_raise_argument(L, 1, "%s: number has no integer representation", field->name);
  if (value < 0 && !field->is_signed)
    return heapster__lua_raise_argument(L, 1, "%s: the figure is never negative", field->name);
  return value;
}

/* nil stands for `open`. */
static int64_t parse_bound(lua_State *L, const struct heapster_field *field, int index, int64_t open) {
  const int type = lua_type(L, index);
  if (type == LUA_TNIL) return open;
  if (type == LUA_TSTRING) return parse_size(L, field, index);
  return type == LUA_TNUMBER ? parse_integer(L, field, index) : refuse_type(L, field, index);
}

/* A pair has nothing but its two ends; one of them may be missing. */
static void check_pair(lua_State *L, const struct heapster_field *field, int pair) {
  int ends = 0;
  for (lua_pushnil(L); lua_next(L, pair); lua_pop(L, 1)) {
    const bool is_end = lua_isinteger(L, -2) && (lua_tointeger(L, -2) == 1 || lua_tointeger(L, -2) == 2);
    if (!is_end)
      heapster__lua_raise_argument(L, 1, "%s: a pair {least, most} has no '%s'", field->name,
                                   luaL_tolstring(L, -2, NULL));
    ends++;
  }
  if (ends == 0) heapster__lua_raise_argument(L, 1, "%s: a pair {least, most} has at least one of them", field->name);
}

static struct heapster_limit parse_pair(lua_State *L, const struct heapster_field *field, int pair) {
  check_pair(L, field, pair);
  lua_rawgeti(L, pair, 1);
  lua_rawgeti(L, pair, 2);
  const struct heapster_limit limit = {field, parse_bound(L, field, pair + 1, INT64_MIN),
                                       parse_bound(L, field, pair + 2, INT64_MAX)};
  lua_pop(L, 2);
  if (limit.min > limit.max)
    heapster__lua_raise_argument(L, 1, "%s: the pair allows nothing: the least stands first", field->name);
  return limit;
}

/* The limit on the field of that name, from the value on top of the stack. */
static struct heapster_limit parse_limit(lua_State *L, const char *name) {
  const int value = lua_gettop(L);
  struct heapster_limit limit;
  if (heapster_limit_make(name, INT64_MIN, INT64_MAX, &limit))
    luaL_argerror(L, 1, heapster__lua_push_text(L, heapster__explain_limit(name)));
  if (lua_istable(L, value)) return parse_pair(L, limit.field, value);
  limit.max = parse_bound(L, limit.field, value, INT64_MAX);
  return limit;
}

/* Sets the options, and checks that every other key is a field, since parse_limits asks only for fields. */
static void parse_options(lua_State *L, struct heapster__lua_options *options) {
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
    if (heapster__lua_set_option(L, 1, HEAPSTER__LUA_OF_LIMIT, options)) continue;
    if (lua_type(L, -2) == LUA_TSTRING)
      parse_limit(L, heapster__lua_chars(L, -2));
    else
      heapster__lua_raise_argument(L, 1, "'%s' is no field; " USAGE, luaL_tolstring(L, -2, NULL));
  }
}

/* In the order of the fields, whatever the table's order is. */
static size_t parse_limits(lua_State *L, struct heapster_limit *limits) {
  size_t count = 0;
  const struct heapster_field *field;
  for (size_t i = 0; count < MOST_LIMITS && (field = heapster_field_at(i)); i++) {
    lua_pushstring(L, field->name);
    if (lua_rawget(L, 1) != LUA_TNIL) limits[count++] = parse_limit(L, field->name);
    lua_pop(L, 1);
  }
  if (count == 0) luaL_argerror(L, 1, "no limit is given; " USAGE);
  return count;
}

int heapster__lua_limit(lua_State *L) {
  struct heapster__lua_run model = {.options = heapster__lua_make_options(), .deliver = deliver};
  struct heapster_limit limits[MOST_LIMITS];
  if (!lua_istable(L, 1))
    heapster__lua_raise_argument(L, 1, "table expected, got %s; " USAGE, heapster__lua_type_name(L, 1));
  parse_options(L, &model.options);
  model.limit_count = parse_limits(L, limits);
  if (!heapster__lua_is_callable(L, 2))
    heapster__lua_raise_argument(L, 2, "function expected, got %s; " USAGE, heapster__lua_type_name(L, 2));
  lua_remove(L, 1);
  return heapster__lua_run(L, &model, limits);
}
