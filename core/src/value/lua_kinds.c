/* What Lua states created, by kind. */
#include "value/lua_kinds.h"

#include "value/histogram.h"
#include "value/sized.h"

#include <stddef.h>

#define NAME(name) #name,
static const char *const names[] = {HEAPSTER__LUA_KINDS(NAME) "other"};
enum { KINDS = sizeof names / sizeof names[0] };

#define PLACE(name, place) offsetof(struct heapster_lua_kinds, name) == (place) * sizeof(struct heapster_lua_kind)
_Static_assert(sizeof(struct heapster_lua_kinds) == KINDS * sizeof(struct heapster_lua_kind) && PLACE(strings, 0) &&
                   PLACE(tables, 1) && PLACE(functions, 2) && PLACE(userdata, 3) && PLACE(threads, 4) &&
                   PLACE(other, 5),
               "the list of kinds has the order of the struct");

static const struct heapster_lua_kind *all_of(const struct heapster_lua_kinds *kinds) {
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
  return all_of(kinds) + index;
}

void heapster__kind_totals_add(struct heapster__kind_totals *sum, const struct heapster__kind_totals *totals) {
  for (unsigned i = 0; i < HEAPSTER__LUA_KIND_CELLS; i++) sum->cells[i] += totals->cells[i];
  sum->alloc_count += totals->alloc_count;
  sum->alloc_sum += totals->alloc_sum;
}

/* A tally that was read while a state asks has its request, and perhaps not yet its kind: that is `other` then. */
void heapster__lua_kinds_fill(struct heapster_lua_kinds *kinds, const struct heapster__kind_totals *raw,
                              const struct heapster__kind_totals *since) {
  struct heapster_lua_kind *const all = (struct heapster_lua_kind *)(void *)kinds;
  struct heapster_lua_kind left = {raw->alloc_count - since->alloc_count, raw->alloc_sum - since->alloc_sum};
  for (size_t i = 0; i < HEAPSTER__LUA_TAGGED; i++) {
    all[i].count = raw->cells[2 * i] - since->cells[2 * i];
    all[i].sum = raw->cells[2 * i + 1] - since->cells[2 * i + 1];
    left.count = heapster__beyond(left.count, all[i].count);
    left.sum = heapster__beyond(left.sum, all[i].sum);
  }
  kinds->other = left;
}

struct heapster_lua_kinds heapster__lua_kinds_minus(const struct heapster_lua_kinds *after,
                                                    const struct heapster_lua_kinds *before) {
  struct heapster_lua_kinds diff;
  for (unsigned i = 0; i < KINDS; i++) {
    const struct heapster_lua_kind *const a = all_of(after) + i, *const b = all_of(before) + i;
    ((struct heapster_lua_kind *)(void *)&diff)[i] =
        (struct heapster_lua_kind){heapster__beyond(a->count, b->count), heapster__beyond(a->sum, b->sum)};
  }
  return diff;
}
