/* What Lua states created, by kind: the raw counters, and the plain values made of them. */
#ifndef HEAPSTER__VALUE_LUA_KINDS_H
#define HEAPSTER__VALUE_LUA_KINDS_H

#include <heapster/stats.h>

/* In the order of the struct, and of Lua's type tags. `other` has no cells of its own: it is the remainder of the
   heap's requests, so that all kinds add up to alloc_count. */
#define HEAPSTER__LUA_KINDS(X) \
  X(strings)                   \
  X(tables)                    \
  X(functions)                 \
  X(userdata)                  \
  X(threads)

#define X(name) +1
enum {
  HEAPSTER__LUA_TAGGED = 0 HEAPSTER__LUA_KINDS(X),     /* kinds that a tag names */
  HEAPSTER__LUA_KIND_CELLS = 2 * HEAPSTER__LUA_TAGGED, /* a count and a sum each */
  HEAPSTER__LUA_FIRST_TAG = 4                          /* LUA_TSTRING; the other tags follow it */
};
#undef X

/* Raw counters since the process began. */
struct heapster__kind_totals {
  uint64_t cells[HEAPSTER__LUA_KIND_CELLS];
  uint64_t alloc_count; /* of heaps of Lua states only */
  uint64_t alloc_sum;
};

/* sum += totals. */
void heapster__kind_totals_add(struct heapster__kind_totals *sum, const struct heapster__kind_totals *totals);

/* raw - since; `since` was read earlier. */
void heapster__lua_kinds_fill(struct heapster_lua_kinds *kinds, const struct heapster__kind_totals *raw,
                              const struct heapster__kind_totals *since);

/* after - before, each figure at least 0. */
struct heapster_lua_kinds heapster__lua_kinds_minus(const struct heapster_lua_kinds *after,
                                                    const struct heapster_lua_kinds *before);

#endif
