/* Stats in Lua: a snapshot, a table of it, and its fields one by one. */
#include "lua/values.h"

#include "common/stats.h"
#include "lua/errors.h"

struct heapster_stats *heapster__lua_new_stats_with_values(lua_State *L, int user_values) {
  struct heapster_stats_with_thread *const both =
      heapster__lua_new_with_values(L, HEAPSTER__CLASS_STATS, sizeof *both, user_values);
  both->thread.scope = HEAPSTER_PROCESS;
  return &both->stats;
}

struct heapster_stats *heapster__lua_new_stats(lua_State *L) {
  return heapster__lua_new_stats_with_values(L, 0);
}

/* The figures are read when all memory is taken, and so they have it. */
static int push_stats(lua_State *L, const struct heapster_heap *heap) {
  heapster__lua_ensure_spare_status(L);
  heapster_stats_read(heap, heapster__lua_new_stats(L));
  return 1;
}

/* stats([heap]): like SWIG's, but reads straight into the userdata. */
int heapster__lua_stats(lua_State *L) {
  heapster__lua_check_count(L, 0, 1);
  return push_stats(L, lua_isnoneornil(L, 1) ? NULL : heapster__lua_check_heap(L, 1));
}

static int heap_stats(lua_State *L) {
  heapster__lua_check_count(L, 1, 1);
  heapster__lua_check(L, 1, HEAPSTER__CLASS_HEAP);
  return push_stats(L, heapster__lua_find_heap(L, 1));
}

/* The items of a Stats: kind and scope, the figures, the histograms, lua_kinds. */
enum { WORDS = 2, HISTOGRAMS = 3 };

static size_t count_fields(void) {
  size_t count = 0;
  while (heapster_field_at(count)) count++;
  return count;
}

/* These push name and value of an item. They push nothing and return false if it has no meaning. `is_plain` asks for
   tables instead of userdata. */

static bool push_word(lua_State *L, const struct heapster_stats *stats, size_t i) {
  lua_pushstring(L, i == 0 ? "kind" : "scope");
  lua_pushstring(L, i == 0 ? heapster__kind_name(stats->kind) : heapster__scope_name(stats->scope));
  return true;
}

static bool push_figure(lua_State *L, const struct heapster_stats *stats, const struct heapster_field *field) {
  int64_t value;
  if (!heapster_stats_get(stats, field, &value)) return false;
  lua_pushstring(L, field->name);
  lua_pushinteger(L, value);
  return true;
}

static bool push_histogram(lua_State *L, const struct heapster_stats *stats, size_t i, bool is_plain) {
  static const char *const names[HISTOGRAMS] = {"alloc_histogram", "realloc_growth_histogram",
                                                "realloc_shrink_histogram"};
  const struct heapster_histogram *const histograms[HISTOGRAMS] = {
      &stats->alloc_histogram, &stats->realloc_growth_histogram, &stats->realloc_shrink_histogram};
  lua_pushstring(L, names[i]);
  if (!is_plain) {
    heapster__lua_push(L, HEAPSTER__CLASS_HISTOGRAM, histograms[i]);
    return true;
  }
  lua_createtable(L, HEAPSTER_BUCKETS, 0);
  for (int bucket = 0; bucket < HEAPSTER_BUCKETS; bucket++) {
    lua_pushinteger(L, (lua_Integer)histograms[i]->buckets[bucket]);
    lua_rawseti(L, -2, bucket + 1);
  }
  return true;
}

static bool push_kinds(lua_State *L, const struct heapster_stats *stats, bool is_plain) {
  if (!stats->has_lua_kinds) return false;
  lua_pushstring(L, "lua_kinds");
  if (is_plain)
    heapster__lua_push_kinds_table(L, &stats->lua_kinds);
  else
    heapster__lua_push(L, HEAPSTER__CLASS_LUA_KINDS, &stats->lua_kinds);
  return true;
}

static bool push_item(lua_State *L, const struct heapster_stats *stats, size_t i, bool is_plain) {
  const size_t fields = count_fields();
  if (i < WORDS) return push_word(L, stats, i);
  if (i < WORDS + fields) return push_figure(L, stats, heapster_field_at(i - WORDS));
  if (i < WORDS + fields + HISTOGRAMS) return push_histogram(L, stats, i - WORDS - fields, is_plain);
  return push_kinds(L, stats, is_plain);
}

/* The iterator of pairs, in the order of the struct. Its upvalues are the stats and the number of the next item. */
static int next_item(lua_State *L) {
  const struct heapster_stats *const stats = heapster__lua_check(L, lua_upvalueindex(1), HEAPSTER__CLASS_STATS);
  const size_t items = WORDS + count_fields() + HISTOGRAMS + 1;
  size_t i = (size_t)lua_tointeger(L, lua_upvalueindex(2));
  while (i < items && !push_item(L, stats, i, false)) i++;
  lua_pushinteger(L, (lua_Integer)i + 1);
  lua_replace(L, lua_upvalueindex(2));
  return i < items ? 2 : 0;
}

static int pairs(lua_State *L) { return heapster__lua_pairs(L, HEAPSTER__CLASS_STATS, next_item); }

/* stats:as_table(): plain values, histograms as arrays of 64. */
static int as_table(lua_State *L) {
  const struct heapster_stats *const stats = heapster__lua_check(L, 1, HEAPSTER__CLASS_STATS);
  const size_t items = WORDS + count_fields() + HISTOGRAMS + 1;
  lua_createtable(L, 0, 40);
  for (size_t i = 0; i < items; i++) {
    if (push_item(L, stats, i, true)) lua_rawset(L, -3);
  }
  return 1;
}

/* The sites of a window that was explained are the user value of its Stats. */
static int get_sites(lua_State *L) {
  heapster__lua_check(L, 1, HEAPSTER__CLASS_STATS);
  lua_getiuservalue(L, 1, 1);
  return 1;
}

const luaL_Reg heapster__lua_stats_attributes[] = {{"sites", get_sites}, {NULL, NULL}};
const luaL_Reg heapster__lua_stats_methods[] = {{"as_table", as_table}, {NULL, NULL}};
const luaL_Reg heapster__lua_heap_methods[] = {{"stats", heap_stats}, {NULL, NULL}};
const luaL_Reg heapster__lua_stats_metamethods[] = {{"__pairs", pairs}, {NULL, NULL}};
