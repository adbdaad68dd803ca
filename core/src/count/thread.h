/* Threads: the slot that holds a thread's counters.

   The one thread-local word of the library is a thread's gate: a heap whose requests may be counted at once. Behind it
   is the slot, or the gate says why there is none. One comparison so tells a hot path all it wants to know: that the
   thread has a slot, the slot counters of the heap, that these are the ones last used, and that no mark is up.

   A slot is handed on with its values when its thread ends, never zeroed: nothing is folded, nothing lost, and there
   are never more slots than threads were alive at one time. */
#ifndef HEAPSTER__THREAD_H
#define HEAPSTER__THREAD_H

#include "base/atomics.h"
#include "base/platform.h"
#include "count/high_water.h"

enum { HEAPSTER__SLOTS = 16384, HEAPSTER__HEAP_NUMBERS = 255 };

struct heapster__shard; /* one thread's counters of one heap; counters.h */

struct heapster__gate {
  struct heapster__slot *slot; /* NULL: none, and which of heapster__no_slot it is says why */
  unsigned heap;               /* its requests pass; 0: of none */
};

struct heapster__slot {
  _Alignas(HEAPSTER__CACHE_LINE) struct heapster__gate closed;
  const struct heapster__gate
      *_Atomic open;                    /* the gate while no mark is up: that of the last shard used, or `closed` */
  _Atomic uintptr_t mark;               /* frame that asked a layer below which comes back in; 0: none */
  struct heapster__drift total;         /* the thread's drift over all heaps, and the rest in a run */
  struct heapster__shard *_Atomic last; /* the slot's shards are in a chain */
  heapster__counter passed;             /* inner requests that the mark let through */
  _Atomic uint32_t generation;          /* counts its threads */
  _Atomic uint32_t next_free;           /* in the stack of free slots: index + 1 */
  _Atomic bool is_taken;
  uint32_t index;
  uint32_t end_calls;                                             /* how often its thread's end was announced */
  struct heapster__shard *_Atomic shards[HEAPSTER__HEAP_NUMBERS]; /* by heap number; 0 is not a heap */
};
_Static_assert(sizeof(struct heapster__slot) <= HEAPSTER__PIECE, "a slot is one piece of memory");

/* Which gate of heapster__no_slot is a thread's that has no slot. Between the two last: the thread has done nothing but
   free, so many blocks; it may be one whose end was processed, which must not take a slot again. */
enum {
  HEAPSTER__THREAD_NEW = 0,
  HEAPSTER__THREAD_STARTING = 1,
  HEAPSTER__THREAD_DEAD = 2,
  HEAPSTER__THREAD_FREES = 3,
  HEAPSTER__THREAD_FREES_ENOUGH = HEAPSTER__THREAD_FREES + 64
};

extern HEAPSTER__HIDDEN const struct heapster__gate heapster__no_slot[];

/* Called with the lock taken or not, once: `left` is what to do with a slot's figures before it is handed on. */
void heapster__threads_start(void (*left)(struct heapster__slot *slot));

/* A slot for the calling thread, or NULL. Allocates nothing that is counted in a slot. */
struct heapster__slot *heapster__slot_claim(void);

/* The same where the thread's first act is a free: NULL until it has freed 64 blocks. */
struct heapster__slot *heapster__slot_claim_to_free(void);

/* Slots ever made; each stays. The slot of that index, or NULL while it is being made. */
uint32_t heapster__slot_count(void);
struct heapster__slot *heapster__slot_at(uint32_t index);

/* In the child of a fork: the other threads are gone. `left` is called for each of their slots. */
void heapster__threads_forked(void);

#ifdef HEAPSTER_SHARED_COUNTERS

static inline const struct heapster__gate *heapster__gate_here(void) { return heapster__no_slot; }

static inline struct heapster__slot *heapster__slot_here(void) { return NULL; }

static inline void heapster__gate_set(struct heapster__slot *slot) { (void)slot; }

#else

extern HEAPSTER__HIDDEN _Thread_local const struct heapster__gate *heapster__self HEAPSTER__TLS_MODEL;

HEAPSTER__INLINE const struct heapster__gate *heapster__gate_here(void) { return heapster__self; }

/* The calling thread's slot, or NULL. */
HEAPSTER__INLINE struct heapster__slot *heapster__slot_here(void) { return heapster__self->slot; }

/* The gate of the calling thread, whose slot this is, is opened again, or closed while a mark is up. */
HEAPSTER__INLINE void heapster__gate_set(struct heapster__slot *slot) {
  bool is_marked = heapster__load_relaxed(&slot->mark) != 0;
  heapster__self = is_marked ? &slot->closed : heapster__load_relaxed(&slot->open);
}

#endif

#endif
