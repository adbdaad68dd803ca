/* Histogram and Frames in Lua: arrays that cannot be changed. h[k + 1] is bucket k; frames[1] is the oldest frame. */
#include "lua/values.h"

static lua_Integer check_frame_count(lua_State *L) {
  const struct heapster_frames *const frames = heapster__lua_check(L, 1, HEAPSTER__CLASS_FRAMES);
  return (lua_Integer)frames->kept_count;
}

/* Whether key 2 is an index inside the array. Outside an array has nil, as a table does, which ends ipairs. */
static bool is_inside(lua_State *L, lua_Integer count, lua_Integer *index) {
  int is_integer;
  *index = lua_tointegerx(L, 2, &is_integer);
  return is_integer && *index >= 1 && *index <= count;
}

static int frames_length(lua_State *L) {
  lua_pushinteger(L, check_frame_count(L));
  return 1;
}

static int frames_index(lua_State *L) {
  if (lua_type(L, 2) != LUA_TNUMBER) return heapster__lua_index(L);
  lua_Integer index;
  const bool is_frame = is_inside(L, check_frame_count(L), &index);
  const struct heapster_frames *const frames = lua_touserdata(L, 1);
  if (is_frame)
    heapster__lua_push(L, HEAPSTER__CLASS_FRAME, &frames->kept[index - 1]);
  else
    lua_pushnil(L);
  return 1;
}

const luaL_Reg heapster__lua_frames_metamethods[] = {{"__len", frames_length}, {"__index", frames_index}, {NULL, NULL}};

static int histogram_length(lua_State *L) {
  heapster__lua_check(L, 1, HEAPSTER__CLASS_HISTOGRAM);
  lua_pushinteger(L, HEAPSTER_BUCKETS);
  return 1;
}

static int histogram_index(lua_State *L) {
  if (lua_type(L, 2) != LUA_TNUMBER) return heapster__lua_index(L);
  const struct heapster_histogram *const histogram = heapster__lua_check(L, 1, HEAPSTER__CLASS_HISTOGRAM);
  lua_Integer index;
  if (is_inside(L, HEAPSTER_BUCKETS, &index))
    lua_pushinteger(L, (lua_Integer)histogram->buckets[index - 1]);
  else
    lua_pushnil(L);
  return 1;
}

static int next_bucket(lua_State *L) {
  const struct heapster_histogram *const histogram = heapster__lua_check(L, 1, HEAPSTER__CLASS_HISTOGRAM);
  const lua_Integer last = luaL_checkinteger(L, 2);
  if (last < 0 || last >= HEAPSTER_BUCKETS) return 0;
  lua_pushinteger(L, last + 1);
  lua_pushinteger(L, (lua_Integer)histogram->buckets[last]);
  return 2;
}

static int histogram_pairs(lua_State *L) {
  heapster__lua_check(L, 1, HEAPSTER__CLASS_HISTOGRAM);
  lua_pushcfunction(L, next_bucket);
  lua_pushvalue(L, 1);
  lua_pushinteger(L, 0);
  return 3;
}

const luaL_Reg heapster__lua_histogram_metamethods[] = {
    {"__len", histogram_length}, {"__index", histogram_index}, {"__pairs", histogram_pairs}, {NULL, NULL}};
