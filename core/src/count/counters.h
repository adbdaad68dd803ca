/* Counters: a shard, one thread's counters of one heap, and recording.

   A thread writes its own shards only, with unlocked adds. Whoever has no slot (a thread that is starting or dead, one
   that has only freed so far, any thread when memory is out) shares the orphan shard of the heap, with atomic adds. */
#ifndef HEAPSTER__COUNTERS_H
#define HEAPSTER__COUNTERS_H

#include "count/thread.h"
#include "value/histogram.h"
#include "value/stats.h"

#include <stddef.h>

struct heapster__cells {
  heapster__counter buckets[HEAPSTER_BUCKETS];
};

struct heapster__shard {
  _Alignas(HEAPSTER__CACHE_LINE) struct heapster__gate gate; /* the first: who is let through it is at the shard */
  struct heapster__drift drift;
  struct heapster__shard *next; /* of the slot's */
#define X(name) heapster__counter name;
  HEAPSTER__CELLS(X)
#undef X
#define X(name) struct heapster__cells name;
  HEAPSTER__HISTOGRAMS(X)
#undef X
  heapster__counter
      kinds[HEAPSTER__LUA_KIND_CELLS]; /* of heaps of Lua states: count and sum of each that a tag tells */
  _Atomic bool is_large;               /* a bucket from HEAPSTER__COMMON_BUCKETS on may be other than 0 */
};
_Static_assert(sizeof(struct heapster__shard) <= HEAPSTER__PIECE, "a shard is one piece of memory");
_Static_assert(offsetof(struct heapster__shard, alloc_sum) % 16 == 0 &&
                   offsetof(struct heapster__shard, alloc_histogram) % 16 == 0 && HEAPSTER__CELL_COUNT % 2 == 0 &&
                   offsetof(struct heapster__shard, kinds) % 16 == 0 && HEAPSTER__LUA_KIND_CELLS % 2 == 0 &&
                   HEAPSTER__COMMON_BUCKETS % 2 == 0,
               "cells and buckets are read in aligned pairs");
_Static_assert((1 << HEAPSTER__COMMON_BUCKETS) >= 4 * HEAPSTER__DRIFT,
               "a request of an uncommon size is told at once, wherever the drift was: see heapster__tell");

/* The ledgers of the heaps by number; number 0 is the total's. */
extern HEAPSTER__HIDDEN struct heapster__ledger heapster__ledgers[HEAPSTER__HEAP_NUMBERS];

/* A resize, as it went. */
struct heapster__resize {
  uint64_t from;
  uint64_t to;
  bool is_moved;
};

/* Prepares the counters of a heap number, 1 .. 254, before anything is recorded for it. False: no memory.
   Callers hold the lock. */
bool heapster__counters_open(unsigned heap);

/* Figures of the heap tell what was created by kind, from here on. */
void heapster__counters_have_kinds(unsigned heap);
extern HEAPSTER__HIDDEN _Atomic bool heapster__by_kind[HEAPSTER__HEAP_NUMBERS];

/* The orphan shards by heap number. */
struct heapster__orphans {
  struct heapster__shard *_Atomic shards[HEAPSTER__HEAP_NUMBERS];
  _Atomic bool are_used; /* something was booked in one of them */
};
extern HEAPSTER__HIDDEN struct heapster__orphans heapster__orphans;

/* The shard that the slot's run is on, or NULL. */
struct heapster__shard *heapster__run_of(struct heapster__slot *slot);

/* Recording, from any thread. */
void heapster__count_alloc(unsigned heap, uint64_t size);
void heapster__count_dealloc(unsigned heap, uint64_t size);
void heapster__count_resize(unsigned heap, struct heapster__resize resize);
void heapster__count_alloc_failure(unsigned heap);
void heapster__count_realloc_failure(unsigned heap);
/* What an alloc that was just counted is; `kind` is below HEAPSTER__LUA_TAGGED. */
void heapster__count_kind(unsigned heap, size_t kind, uint64_t size);
void heapster__count_unseen_alloc(unsigned heap);
void heapster__count_unseen_free(unsigned heap);

/* heapster__count_resize with the shard at hand; answers `to`, where the block is now. */
void *heapster__count_resize_in(struct heapster__shard *shard, uint64_t old, uint64_t size, const void *from, void *to);

/* Tells the ledgers of `heap` and of the total what the thread has not told yet. */
void heapster__tell(struct heapster__slot *slot, unsigned heap);

/* The same for the calling thread and the heap of its gate, in the middle of a hook: answers `block`. */
void *heapster__told(void *block);

/* The same for every heap of the slot. */
void heapster__tell_all(struct heapster__slot *slot);

/* A window over the thread's own heaps needs the drift of a heap, or of the total for 0: NULL if there is none. */
struct heapster__drift *heapster__drift_of(struct heapster__slot *slot, unsigned heap);

/* The calling thread's shard of the heap, if its gate is open. */
HEAPSTER__INLINE struct heapster__shard *heapster__shard_here(unsigned heap) {
  const struct heapster__gate *gate = heapster__gate_here();
  return heapster__likely(gate->heap == heap) ? (struct heapster__shard *)(uintptr_t)gate : NULL;
}

/* Opens the gate of a heap that the thread has counted for before. False: it has not, or a mark is up. */
bool heapster__turn_to(unsigned heap);

/* With the shard at hand: a new block, but for the drift, which is to grow by it last. */
HEAPSTER__INLINE void heapster__count_new_in(struct heapster__shard *shard, uint64_t size) {
  heapster__add_owned(&shard->alloc_histogram.buckets[heapster__bucket(size)], 1);
  heapster__add_owned(&shard->alloc_sum, size);
}

/* The same, and a free. They answer whether it is time to tell. */
HEAPSTER__INLINE bool heapster__count_alloc_in(struct heapster__shard *shard, uint64_t size) {
  heapster__count_new_in(shard, size);
  return heapster__drift_grow(&shard->drift, size);
}

HEAPSTER__INLINE void heapster__count_kind_in(struct heapster__shard *shard, size_t kind, uint64_t size) {
  heapster__add_owned(&shard->kinds[2 * kind], 1);
  heapster__add_owned(&shard->kinds[2 * kind + 1], size);
}

HEAPSTER__INLINE bool heapster__count_dealloc_in(struct heapster__shard *shard, uint64_t size) {
  heapster__add_owned(&shard->dealloc_count, 1);
  heapster__add_owned(&shard->dealloc_sum, size);
  return heapster__drift_shrink(&shard->drift, size);
}

#endif
