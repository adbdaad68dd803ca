/* One limit from a table's field: alloc_count = 10, use_peak = "1 MiB", or a pair of both ends, {1, 10}. */
#include "lua/module.h"

#include <inttypes.h>

static int refuse(lua_State *L, const struct heapster_field *field, const char *why) {
  return luaL_argerror(L, 1, lua_pushfstring(L, "%s: %s", field->name, why));
}

static int refuse_type(lua_State *L, const struct heapster_field *field, int index) {
  const char *const or_size = field->unit == HEAPSTER_BYTES ? ", size such as \"1 MiB\"" : "";
  return refuse(L, field,
                lua_pushfstring(L, "integer%s or pair {least, most} expected, got %s", or_size,
                                heapster__lua_type_name(L, index)));
}

static int64_t size_at(lua_State *L, const struct heapster_field *field, int index) {
  uint64_t bytes;
  if (field->unit != HEAPSTER_BYTES) return refuse_type(L, field, index);
  if (heapster_size_parse(heapster__lua_chars(L, index), &bytes) == HEAPSTER_OK) return (int64_t)bytes;
  return refuse(L, field,
                lua_pushfstring(L, "'%s' is %s", lua_tostring(L, index), heapster_error_text(HEAPSTER_BAD_SIZE)));
}

static int64_t integer_at(lua_State *L, const struct heapster_field *field, int index) {
  int is_integer;
  const lua_Integer value = lua_tointegerx(L, index, &is_integer);
  if (!is_integer) return refuse(L, field, "number has no integer representation");
  if (value < 0 && !field->is_signed) return refuse(L, field, "the figure is never negative");
  return value;
}

/* `open` is what nil stands for. */
static int64_t bound_at(lua_State *L, const struct heapster_field *field, int index, int64_t open) {
  switch (lua_type(L, index)) {
  case LUA_TNIL:
    return open;
  case LUA_TSTRING:
    return size_at(L, field, index);
  case LUA_TNUMBER:
    return integer_at(L, field, index);
  default:
    return refuse_type(L, field, index);
  }
}

/* A pair holds nothing but its two ends, of which one may be missing. */
static void check_pair(lua_State *L, const struct heapster_field *field, int pair) {
  int ends = 0;
  for (lua_pushnil(L); lua_next(L, pair); lua_pop(L, 1)) {
    const bool is_end = lua_isinteger(L, -2) && (lua_tointeger(L, -2) == 1 || lua_tointeger(L, -2) == 2);
    if (!is_end) refuse(L, field, lua_pushfstring(L, "a pair {least, most} has no '%s'", luaL_tolstring(L, -2, NULL)));
    ends++;
  }
  if (ends == 0) refuse(L, field, "a pair {least, most} has at least one of them");
}

static struct heapster_limit pair_at(lua_State *L, const struct heapster_field *field, int pair) {
  check_pair(L, field, pair);
  lua_rawgeti(L, pair, 1);
  lua_rawgeti(L, pair, 2);
  const struct heapster_limit limit = {field, bound_at(L, field, pair + 1, INT64_MIN),
                                       bound_at(L, field, pair + 2, INT64_MAX)};
  lua_pop(L, 2);
  if (limit.min > limit.max) refuse(L, field, "the pair allows nothing: the least stands first");
  return limit;
}

struct heapster_limit heapster__lua_limit_of(lua_State *L, const char *name) {
  const int value = lua_gettop(L);
  struct heapster_limit limit;
  if (heapster_limit_make(name, INT64_MIN, INT64_MAX, &limit) != HEAPSTER_OK)
    luaL_argerror(L, 1, heapster__lua_push_text(L, heapster__why_no_limit(name)));
  if (lua_istable(L, value)) return pair_at(L, limit.field, value);
  limit.max = bound_at(L, limit.field, value, INT64_MAX);
  return limit;
}
