/* Threads: the record that holds a thread's counters.

   The library has one word of thread-local memory: the thread's cached shard. It points at the head of the shard that
   counted last, so that one comparison, of the heap's number, says all that the fast path needs: the thread has a
   record, the record has a shard of this heap, that shard counted last, no guard is up, and nobody armed the shard. In
   every other case it points at a head whose number no request matches: requests then take the slow path. A thread
   without a record points at one of heapster__no_thread, and which of them says why it has none.

   When a thread ends, its record is handed on with its values, never zeroed: nothing is folded, nothing is lost, and
   there are never more records than threads were alive at one time. */
#ifndef HEAPSTER__COUNT_THREAD_H
#define HEAPSTER__COUNT_THREAD_H

#include "base/atomics.h"
#include "base/platform.h"
#include "count/high_water.h"

enum { HEAPSTER__THREADS = 16384, HEAPSTER__HEAP_NUMBERS = 256 };

struct heapster__map;
struct heapster__shard; /* one thread's counters of one heap; counters.h */

struct heapster__shard_head {
  struct heapster__thread *thread; /* NULL: there is no record; the entry of heapster__no_thread says why */
  _Atomic unsigned fast_heap; /* whose requests may take the fast path: `heap`, or no heap's number; see arming.h */
  _Atomic unsigned heap;      /* that the shard counts; 0: this is the head of no shard, or see retire.h */
};

/* Where in a program a request comes from. What a place and an offset are is the kind's to say. */
enum heapster__site_kind {
  HEAPSTER__SITE_UNKNOWN, /* the hook noted none */
  HEAPSTER__SITE_C,       /* `place` is the address that the call returns to, `offset` is 0, or the number of a stack */
  HEAPSTER__SITE_PYTHON,  /* a code object, and an offset in its instructions */
  HEAPSTER__SITE_LUA      /* where the name of the source is, and a line */
};
struct heapster__site {
  uintptr_t place;
  uint32_t offset;
  uint32_t kind; /* an enum heapster__site_kind */
};

/* A request inside a call of a host's backing; see nested.h. */
struct heapster__nested_request {
  struct heapster__map *map;
  const void *block;
  uint64_t size;
  unsigned heap;
  uintptr_t guard; /* the address of the guard around that call */
};

struct heapster__kept_request {
  struct heapster__map *_Atomic map; /* NULL: there is none */
  _Atomic unsigned heap;             /* the request's, for other threads */
  struct heapster__nested_request request;
};

enum { HEAPSTER__NESTED_KEPT = 8 }; /* if there are more, an earlier one is counted at once */

struct heapster__thread {
  _Alignas(HEAPSTER__CACHE_LINE) struct heapster__shard_head armed; /* sends every request to the slow path */
  const struct heapster__shard_head *_Atomic cached; /* while no guard is up: the active heap's shard, or `armed` */
  _Atomic uintptr_t guard;                           /* the innermost guard that is up; 0: none */
  struct heapster__pending total;                    /* the thread's pending bytes over all heaps but the active one */
  struct heapster__site site;                 /* of the next request that is recorded while armed; see arming.h */
  struct heapster__shard *_Atomic last_shard; /* the record's shards are in a chain */
  heapster__counter nested_count;             /* nested requests that the guard let pass */
  heapster__counter nested_objects;           /* those for a new block of an interpreter's domain */
  _Atomic uint32_t generation;                /* counts the record's threads */
  _Atomic uint32_t next_free;                 /* in the stack of free records: index + 1 */
  _Atomic bool is_taken;
  uint32_t index;
  uint32_t end_calls;                                             /* how often its thread's end was announced */
  _Atomic bool has_kept;                                          /* a nested request may be kept */
  _Atomic bool had_kept;                                          /* the same for the thread's whole life */
  struct heapster__kept_request kept[HEAPSTER__NESTED_KEPT];      /* see nested.h */
  struct heapster__shard *_Atomic shards[HEAPSTER__HEAP_NUMBERS]; /* by heap number; 0 is not a heap */
  struct {
    uint64_t whole;     /* the size of the large block that is recorded next; 0: none was noted */
    const void *caller; /* who requested it */
    uint32_t telling;   /* the watch is being called about a request by that generation of the thread, plus 1 */
  } large;              /* see large.h */
};
_Static_assert(sizeof(struct heapster__thread) <= HEAPSTER__PIECE, "a thread record is one piece of memory");

/* The entries of heapster__no_thread. Between the last two: the thread has only freed so far, that many blocks; it may
   be one whose end was processed, which must not take a record again. */
enum {
  HEAPSTER__THREAD_NEW = 0,
  HEAPSTER__THREAD_STARTING = 1,
  HEAPSTER__THREAD_DEAD = 2,
  HEAPSTER__THREAD_FREES = 3,
  HEAPSTER__THREAD_FREES_ENOUGH = HEAPSTER__THREAD_FREES + 64
};

extern HEAPSTER__HIDDEN const struct heapster__shard_head heapster__no_thread[];

/* `release` is called for every record before it is handed on. Call once. */
void heapster__threads_on_release(void (*release)(struct heapster__thread *thread));

/* Records ever made; each stays. The record of that index, or NULL while it is being made. */
uint32_t heapster__thread_count(void);
struct heapster__thread *heapster__thread_at(uint32_t index);

/* HEAPSTER__HAS_THREAD_RECORDS: whether threads have records, and so shards and a re-entry guard. */
#ifdef HEAPSTER_SHARED_COUNTERS

enum { HEAPSTER__HAS_THREAD_RECORDS = 0 };

static inline const struct heapster__shard_head *heapster__cached_head(void) { return heapster__no_thread; }

static inline struct heapster__thread *heapster__this_thread(void) { return NULL; }

static inline void heapster__refresh_cached_head(struct heapster__thread *thread) { (void)thread; }

static inline struct heapster__thread *heapster__thread_claim(void) { return NULL; }

static inline struct heapster__thread *heapster__thread_claim_to_free(void) { return NULL; }

static inline void heapster__threads_drop_others(void) {}

#else

enum { HEAPSTER__HAS_THREAD_RECORDS = 1 };

/* A record for the calling thread, or NULL. Allocates nothing that is counted in a record. */
struct heapster__thread *heapster__thread_claim(void);

/* The same for a thread whose first act is a free: NULL until it has freed 64 blocks. */
struct heapster__thread *heapster__thread_claim_to_free(void);

/* In the child of a fork, where the other threads are gone: releases their records. */
void heapster__threads_drop_others(void);

extern HEAPSTER__HIDDEN _Thread_local const struct heapster__shard_head *heapster__cached_shard_head
    HEAPSTER__TLS_MODEL;

HEAPSTER__INLINE const struct heapster__shard_head *heapster__cached_head(void) { return heapster__cached_shard_head; }

/* The calling thread's record, or NULL. */
HEAPSTER__INLINE struct heapster__thread *heapster__this_thread(void) { return heapster__cached_shard_head->thread; }

/* Points the calling thread, whose record this is, at its cached shard again; at the slow path while a guard is up. */
HEAPSTER__INLINE void heapster__refresh_cached_head(struct heapster__thread *thread) {
  bool is_guarded = heapster__load_relaxed(&thread->guard) != 0;
  heapster__cached_shard_head = is_guarded ? &thread->armed : heapster__load_relaxed(&thread->cached);
}

#endif

#endif
