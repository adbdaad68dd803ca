/* Counters: a shard, one thread's counters of one heap, and recording.

   A thread writes only its own shards, with unlocked adds. Threads without a record (a thread that is starting or
   ending, one that has made no request and fewer than 65 frees, any thread when memory is out or beyond the 16,384th)
   count in the shared one, with atomic adds. */
#ifndef HEAPSTER__COUNT_COUNTERS_H
#define HEAPSTER__COUNT_COUNTERS_H

#include <heapster/explain.h>

#include "count/thread.h"
#include "value/histogram.h"
#include "value/stats.h"

#include <stddef.h>

/* What a shard had counted when it was armed, at its owner's first request since, and at the last before it was
   disarmed; each with the number of the arming. */
struct heapster__armed_span {
  uint32_t armed;
  _Atomic uint32_t joined;
  struct heapster_requests at_arming;
  struct heapster_requests at_joining;
  struct heapster_requests at_opening;
};

struct heapster__shard {
  _Alignas(HEAPSTER__CACHE_LINE) struct heapster__shard_head head; /* first: a thread's cached head is its shard */
  struct heapster__pending pending;
  struct heapster__shard *next; /* in the thread's chain */
#define X(name) heapster__counter name;
  HEAPSTER__CELLS(X)
#undef X
#define X(name) heapster__counter name[HEAPSTER_BUCKETS];
  HEAPSTER__HISTOGRAMS(X)
#undef X
  heapster__counter kinds[HEAPSTER__LUA_KIND_CELLS]; /* of Lua states: count and sum of each kind that a tag names */
  _Atomic bool is_large;                             /* a bucket from HEAPSTER__COMMON_BUCKETS on may be other than 0 */
  unsigned number;                                   /* the heap's; in the head it is 0 while it is being retired */
  _Atomic uint32_t generation;                       /* of the heap whose pending bytes these are: see retire.h */
  struct heapster__armed_span span;                  /* of arming.h */
};
_Static_assert(sizeof(struct heapster__shard) <= HEAPSTER__PIECE, "a shard is one piece of memory");
_Static_assert(offsetof(struct heapster__shard, alloc_sum) % 16 == 0 &&
                   offsetof(struct heapster__shard, alloc_histogram) % 16 == 0 && HEAPSTER__CELL_COUNT % 2 == 0 &&
                   offsetof(struct heapster__shard, kinds) % 16 == 0 && HEAPSTER__LUA_KIND_CELLS % 2 == 0 &&
                   HEAPSTER__COMMON_BUCKETS % 2 == 0,
               "cells and buckets are read in aligned pairs");
_Static_assert((1 << HEAPSTER__COMMON_BUCKETS) >= 4 * HEAPSTER__PENDING_SPAN,
               "a request of an uncommon size is flushed at once, whatever was pending: see note_size");

/* The high-water marks of the heaps by number; number 0 is the total's. */
extern HEAPSTER__HIDDEN struct heapster__high_water heapster__high_water_marks[HEAPSTER__HEAP_NUMBERS];

/* How many heaps of this number have ended. A shard of another generation is outdated: its pending bytes are those
   of an earlier heap of this number. It is armed until its thread drops them; the counters go on. */
extern HEAPSTER__HIDDEN _Atomic uint32_t heapster__heap_generations[HEAPSTER__HEAP_NUMBERS];
HEAPSTER__INLINE bool heapster__is_outdated(const struct heapster__shard *shard) {
  if (heapster__likely(heapster__load_number(&shard->head.heap))) return false;
  return heapster__load_acquire(&shard->generation) !=
         heapster__load_acquire(&heapster__heap_generations[shard->number]);
}

/* A resize that was served. */
struct heapster__resize {
  uint64_t from;
  uint64_t to;
  bool is_moved;
};

/* Prepares the counters of a heap number, 1 .. 254, before anything is recorded for it. False: no memory. Callers hold
   the lock. */
bool heapster__counters_open(unsigned heap);

/* Figures of the heap show what was created by kind, from here on. */
void heapster__counters_have_kinds(unsigned heap);
extern HEAPSTER__HIDDEN _Atomic bool heapster__by_kind[HEAPSTER__HEAP_NUMBERS];

/* The shards of threads without a record, by heap number. */
struct heapster__shared_shards {
  struct heapster__shard *_Atomic shards[HEAPSTER__HEAP_NUMBERS];
  _Atomic bool are_used; /* something was counted in one of them */
};
extern HEAPSTER__HIDDEN struct heapster__shared_shards heapster__shared_shards;

/* The shard of the thread's active heap, or NULL. */
struct heapster__shard *heapster__active_shard_of(struct heapster__thread *thread);

/* Counting, from any thread. */
void heapster__count_alloc(unsigned heap, uint64_t size);
void heapster__count_dealloc(unsigned heap, uint64_t size);
void heapster__count_resize(unsigned heap, struct heapster__resize resize);
/* The kind of an alloc that was just counted; below HEAPSTER__LUA_TAGGED. */
void heapster__count_kind(unsigned heap, size_t kind, uint64_t size);
/* Adds 1 to the counter of that name. */
#define heapster__count_one(heap, name) heapster__count_at((heap), offsetof(struct heapster__shard, name))
void heapster__count_at(unsigned heap, size_t offset);

/* heapster__count_resize with the shard at hand. Returns `to`, where the block is now. */
void *heapster__count_resize_in(struct heapster__shard *shard, uint64_t old, uint64_t size, const void *from, void *to);

/* Flushes the pending bytes of `heap` and of the total into their high-water marks. */
void heapster__flush_heap(struct heapster__thread *thread, unsigned heap);

/* The same for the calling thread and its active heap, in the middle of a hook. Returns `block`. */
void *heapster__flush_here(void *block);

/* The same for every heap of the thread. */
void heapster__flush_all(struct heapster__thread *thread);

/* The thread's pending bytes of a heap, or of the total for 0; NULL if there is no memory for them. */
struct heapster__pending *heapster__pending_of(struct heapster__thread *thread, unsigned heap);

/* The same, or NULL if the thread has not counted for the heap yet. */
struct heapster__pending *heapster__find_pending(struct heapster__thread *thread, unsigned heap);

/* Makes a heap the thread's active heap, and caches its shard. False: the thread has no shard of it yet, or a guard is
   up. */
bool heapster__activate_heap(unsigned heap);

HEAPSTER__INLINE void heapster__count_kind_in(struct heapster__shard *shard, size_t kind, uint64_t size) {
  heapster__add_owned(&shard->kinds[2 * kind], 1);
  heapster__add_owned(&shard->kinds[2 * kind + 1], size);
}

#endif
