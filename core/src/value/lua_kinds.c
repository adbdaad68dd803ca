/* What Lua states created, by kind. */
#include "value/lua_kinds.h"

#include "value/histogram.h"
#include "value/sized.h"

#include <stddef.h>

#define NAME(name) #name,
static const char *const names[] = {HEAPSTER__LUA_KINDS(NAME) "other"};
enum { KINDS = sizeof names / sizeof names[0] };

#define IS_AT(name, index) offsetof(struct heapster_lua_kinds, name) == (index) * sizeof(struct heapster_lua_kind)
_Static_assert(sizeof(struct heapster_lua_kinds) == KINDS * sizeof(struct heapster_lua_kind) && IS_AT(strings, 0) &&
                   IS_AT(tables, 1) && IS_AT(functions, 2) && IS_AT(userdata, 3) && IS_AT(threads, 4) &&
                   IS_AT(other, 5),
               "the list of kinds has the order of the struct");

static const struct heapster_lua_kind *as_array(const struct heapster_lua_kinds *kinds) {
  return (const struct heapster_lua_kind *)(const void *)kinds;
}

const struct heapster_lua_kinds *heapster_stats_lua_kinds(const struct heapster_stats *stats) {
  const size_t last = offsetof(struct heapster_stats, lua_kinds) + sizeof stats->lua_kinds - sizeof(uint64_t);
  return stats && stats->has_lua_kinds && heapster__stats_holds(stats, last) ? &stats->lua_kinds : NULL;
}

const struct heapster_lua_kind *heapster_lua_kind_at(const struct heapster_lua_kinds *kinds, size_t index,
                                                     const char **name) {
  if (!kinds || !name || index >= KINDS) return NULL;
  *name = names[index];
  return as_array(kinds) + index;
}

void heapster__kind_totals_add(struct heapster__kind_totals *sum, const struct heapster__kind_totals *totals) {
  for (unsigned i = 0; i < HEAPSTER__LUA_KIND_CELLS; i++) sum->cells[i] += totals->cells[i];
  sum->alloc_count += totals->alloc_count;
  sum->alloc_sum += totals->alloc_sum;
}

/* Totals that were read during a request may have the request and not yet its kind: it is `other` then. */
void heapster__lua_kinds_fill(struct heapster_lua_kinds *kinds, const struct heapster__kind_totals *raw,
                              const struct heapster__kind_totals *since) {
  struct heapster_lua_kind *const tagged = (struct heapster_lua_kind *)(void *)kinds;
  struct heapster_lua_kind other = {raw->alloc_count - since->alloc_count, raw->alloc_sum - since->alloc_sum};
  for (size_t i = 0; i < HEAPSTER__LUA_TAGGED; i++) {
    tagged[i].count = raw->cells[2 * i] - since->cells[2 * i];
    tagged[i].sum = raw->cells[2 * i + 1] - since->cells[2 * i + 1];
    other.count = heapster__beyond(other.count, tagged[i].count);
    other.sum = heapster__beyond(other.sum, tagged[i].sum);
  }
  kinds->other = other;
}

struct heapster_lua_kinds heapster__lua_kinds_minus(const struct heapster_lua_kinds *after,
                                                    const struct heapster_lua_kinds *before) {
  struct heapster_lua_kinds diff;
  for (unsigned i = 0; i < KINDS; i++) {
    const struct heapster_lua_kind *const a = as_array(after) + i, *const b = as_array(before) + i;
    ((struct heapster_lua_kind *)(void *)&diff)[i] =
        (struct heapster_lua_kind){heapster__beyond(a->count, b->count), heapster__beyond(a->sum, b->sum)};
  }
  return diff;
}
