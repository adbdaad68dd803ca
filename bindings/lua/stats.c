/* Stats in Lua: as a table, and field by field. */
#include "lua/values.h"

#include "common/stats.h"
#include "lua/errors.h"

static const char *const histogram_names[] = {"alloc_histogram", "realloc_growth_histogram",
                                              "realloc_shrink_histogram"};
enum { WORDS = 2, HISTOGRAMS = 3 };

struct heapster_stats *heapster__lua_new_stats(lua_State *L) {
  struct heapster_stats_with_thread *const both = heapster__lua_new(L, HEAPSTER__CLASS_STATS, sizeof *both);
  both->thread.scope = HEAPSTER_PROCESS;
  return &both->stats;
}

/* stats([heap]): like SWIG's, but reads straight into the userdata. */
int heapster__lua_stats(lua_State *L) {
  heapster__lua_check_count(L, 0, 1);
  const struct heapster_heap *const heap = lua_isnoneornil(L, 1) ? NULL : heapster__lua_check_heap(L, 1);
  heapster_stats_read(heap, heapster__lua_new_stats(L));
  return 1;
}

static const struct heapster_histogram *histogram_at(const struct heapster_stats *stats, size_t i) {
  const struct heapster_histogram *const histograms[HISTOGRAMS] = {
      &stats->alloc_histogram, &stats->realloc_growth_histogram, &stats->realloc_shrink_histogram};
  return histograms[i];
}

/* Pushes name and value of a figure. Pushes nothing and returns false if it has no meaning. */
static bool push_figure(lua_State *L, const struct heapster_stats *stats, const struct heapster_field *field) {
  int64_t value;
  if (!heapster_stats_get(stats, field, &value)) return false;
  lua_pushstring(L, field->name);
  lua_pushinteger(L, value);
  return true;
}

static void push_word(lua_State *L, const struct heapster_stats *stats, size_t i) {
  lua_pushstring(L, i == 0 ? "kind" : "scope");
  lua_pushstring(L, i == 0 ? heapster__kind_name(stats->kind) : heapster__scope_name(stats->scope));
}

static size_t field_count(void) {
  size_t count = 0;
  while (heapster_field_at(count)) count++;
  return count;
}

/* The same for lua_kinds. */
static bool push_kinds(lua_State *L, const struct heapster_stats *stats) {
  const struct heapster_lua_kinds *const kinds = heapster_stats_lua_kinds(stats);
  if (!kinds) return false;
  lua_pushstring(L, "lua_kinds");
  heapster__lua_push(L, HEAPSTER__CLASS_LUA_KINDS, kinds);
  return true;
}

/* The same for the i-th of kind, scope, the figures, the histograms and lua_kinds. */
static bool push_item(lua_State *L, const struct heapster_stats *stats, size_t i, size_t fields) {
  if (i >= WORDS && i < WORDS + fields) return push_figure(L, stats, heapster_field_at(i - WORDS));
  if (i == WORDS + fields + HISTOGRAMS) return push_kinds(L, stats);
  if (i < WORDS) {
    push_word(L, stats, i);
  } else {
    lua_pushstring(L, histogram_names[i - WORDS - fields]);
    heapster__lua_push(L, HEAPSTER__CLASS_HISTOGRAM, histogram_at(stats, i - WORDS - fields));
  }
  return true;
}

/* The iterator of pairs: everything that has a meaning, in the order of the struct. Its upvalues are the stats and the
   number of the next item. */
static int next_item(lua_State *L) {
  const struct heapster_stats *const stats = lua_touserdata(L, lua_upvalueindex(1));
  const size_t fields = field_count();
  const size_t items = WORDS + fields + HISTOGRAMS + 1;
  size_t i = (size_t)lua_tointeger(L, lua_upvalueindex(2));
  while (i < items && !push_item(L, stats, i, fields)) i++;
  lua_pushinteger(L, (lua_Integer)i + 1);
  lua_replace(L, lua_upvalueindex(2));
  return i < items ? 2 : 0;
}

static int pairs(lua_State *L) { return heapster__lua_pairs(L, HEAPSTER__CLASS_STATS, next_item); }

static void push_buckets(lua_State *L, const struct heapster_histogram *histogram) {
  lua_createtable(L, HEAPSTER_BUCKETS, 0);
  for (int i = 0; i < HEAPSTER_BUCKETS; i++) {
    lua_pushinteger(L, (lua_Integer)histogram->buckets[i]);
    lua_rawseti(L, -2, i + 1);
  }
}

/* stats:as_table(): plain values only, histograms as arrays of 64. */
static int as_table(lua_State *L) {
  const struct heapster_stats *const stats = heapster__lua_check(L, 1, HEAPSTER__CLASS_STATS);
  lua_createtable(L, 0, 40);
  for (size_t i = 0; i < WORDS; i++) {
    push_word(L, stats, i);
    lua_rawset(L, -3);
  }
  const struct heapster_field *field;
  for (size_t i = 0; (field = heapster_field_at(i)); i++) {
    if (push_figure(L, stats, field)) lua_rawset(L, -3);
  }
  for (size_t i = 0; i < HISTOGRAMS; i++) {
    push_buckets(L, histogram_at(stats, i));
    lua_setfield(L, -2, histogram_names[i]);
  }
  if (stats->has_lua_kinds) {
    heapster__lua_push_kinds_table(L, &stats->lua_kinds);
    lua_setfield(L, -2, "lua_kinds");
  }
  return 1;
}

const luaL_Reg heapster__lua_stats_methods[] = {{"as_table", as_table}, {NULL, NULL}};
const luaL_Reg heapster__lua_stats_metamethods[] = {{"__pairs", pairs}, {NULL, NULL}};
