/* Arming: every request takes the slow path, where it is also attributed to a site, the place that it came from.

   While nobody asks for sites, nothing on the fast path changes: it compares one number, `fast_heap` in the head of the
   thread's cached shard, with its heap's. Arming writes a number that is no heap's into all shards. Only a shard's
   owner writes the heap's number back, on the slow path, once nothing is armed. New shards begin with 0, as if armed.

   A thread that had passed the comparison counts once more without a site, and a resize keeps its shard across the call
   of the next allocator for as long as that takes. At the end another may be counted, and not at its site yet. So

     requests since arming = requests at sites + requests under way,   at most two of these a thread

   which needs no thread to wait for another. Each shard has figures of its own for that, see heapster__armed_span: the
   one who arms reads what it had counted, after the fast path was closed; its owner notes it before the first request
   that gets a site, and once more when it opens the fast path again. Both read whole counters only at these moments.

   Which site it is is known to the hook. The hook notes it in the thread record (heapster__note_site) after the next
   allocator returned, and before the block is recorded; where the site can change meanwhile, it was captured before the
   request was passed on. The accounting takes it from there. A request without a note has an unknown site. */
#ifndef HEAPSTER__COUNT_ARMING_H
#define HEAPSTER__COUNT_ARMING_H

#include "count/counters.h"
#include "count/large.h"
#include "count/shadow_map.h"

/* The fields of struct heapster_requests. */
#define HEAPSTER__REQUEST_FIELDS(X) \
  X(alloc_count)                    \
  X(alloc_sum)                      \
  X(realloc_growth_count)           \
  X(realloc_growth_sum)             \
  X(realloc_move_count)             \
  X(realloc_move_sum)
#define X(name) +sizeof(uint64_t)
_Static_assert(sizeof(struct heapster_requests) == 0 HEAPSTER__REQUEST_FIELDS(X), "all of them");
#undef X

/* A request that was counted while armed. */
struct heapster__attribution {
  uint32_t arming; /* in which it was counted: that may be over by now, and another have begun */
  unsigned heap;
  struct heapster__thread *thread; /* the calling thread's */
  struct heapster__site site;
};

/* What is done with such requests. Called in the middle of a hook, on any thread: make no request, take no lock.
   `alloc` returns what site_cells.h keeps for the block, or 0. */
struct heapster__attributor {
  uint16_t (*alloc)(const struct heapster__attribution *to, uint64_t size);
  void (*resize)(const struct heapster__attribution *to, const struct heapster__resize *resize);
};

extern HEAPSTER__HIDDEN const struct heapster__attributor *_Atomic heapster__attributor;

/* The number of the arming; 0: nothing is armed. */
extern HEAPSTER__HIDDEN _Atomic uint32_t heapster__arming;

/* Whether hooks that know the caller say who it is, on the slow path: while armed, or while large requests are
   watched. One word, so that a hook tests it once. */
enum { HEAPSTER__SITES_OF_ALL = 1, HEAPSTER__SITES_OF_LARGE = 2 };
extern HEAPSTER__HIDDEN _Atomic unsigned heapster__wanted_sites;

HEAPSTER__INLINE bool heapster__wants_sites(void) {
  return heapster__unlikely(heapster__load_number(&heapster__wanted_sites));
}

/* While a large request is watched too, only the slow path says who makes it. */
HEAPSTER__INLINE bool heapster__is_only_armed(void) {
  return heapster__load_number(&heapster__wanted_sites) == HEAPSTER__SITES_OF_ALL;
}

HEAPSTER__INLINE bool heapster__is_armed(void) { return heapster__unlikely(heapster__load_number(&heapster__arming)); }

/* Callers hold the lock. Arms all shards of all threads; nothing is armed yet. A fork keeps it armed if `armer` forks,
   or if that is NULL. Returns the number of the arming, which is the next one. */
uint32_t heapster__next_arming(void);
uint32_t heapster__arm(const struct heapster__attributor *attributor, const struct heapster__thread *armer);
void heapster__disarm(void);

/* After that, and before the next arming: adds what was counted while armed, at sites and under way; of one thread or
   of all for NULL, of one heap or of all for 0. Read the sites first. The second is about threads without a record,
   whose requests have no site. */
void heapster__add_armed(struct heapster_requests *sum, const struct heapster__thread *thread, unsigned heap);
void heapster__add_armed_shared(struct heapster_requests *sum, unsigned heap);

/* In the child of a fork: disarms what a thread armed that it does not have. */
void heapster__arming_drop_others(void);

/* For the owner of a shard that is not open, on the slow path: opens the fast path again, or, while armed, notes what
   it had counted. */
void heapster__open_shard(struct heapster__shard *shard);

/* Says what the site of a call in C is, where an interpreter knows better; NULL: nobody does. Called in the middle of a
   hook, on any thread: it makes no request and takes no lock. */
extern HEAPSTER__HIDDEN struct heapster__site (*_Atomic heapster__site_finder)(const void *caller);

/* The finder for the rest of the process, where an interpreter gives none. Set once; NULL: there is none. */
extern HEAPSTER__HIDDEN struct heapster__site (*_Atomic heapster__lasting_site_finder)(const void *caller);

/* The site of a hook whose caller is a program: the address that its public function returns to. While sites are
   wanted. */
HEAPSTER__INLINE struct heapster__site heapster__site_of(const void *caller) {
  struct heapster__site (*finder)(const void *) = heapster__load_acquire(&heapster__site_finder);
  if (heapster__unlikely(finder != NULL)) return finder(caller);
  return (struct heapster__site){(uintptr_t)caller, 0, HEAPSTER__SITE_C};
}

/* For one who retires the heap, after `head.heap` is 0: the owner opens the fast path once that is the heap again.
   Callers hold the lock. */
void heapster__close_fast_path(struct heapster__shard *shard);

/* For a hook on the slow path, before it records a request: whether it is to say the site. If the request is a large
   one, and these are watched, this is its caller. */
HEAPSTER__INLINE bool heapster__wants_site(uint64_t whole, const void *caller) {
  if (!heapster__wants_sites()) return false;
  if (heapster__unlikely(!heapster__is_only_armed())) heapster__note_large(whole, caller);
  return true;
}

/* Notes the site of the request that the calling thread records next. For hooks, while armed. */
void heapster__note_site(enum heapster__site_kind kind, const void *place, uint32_t offset);

/* The same for a hook whose caller is a program: the address that its public function returns to; `whole` is the size
   of the block. While nothing is armed, for a large block only. */
HEAPSTER__INLINE void heapster__note_caller(const void *caller, uint64_t whole) {
  if (!heapster__wants_sites()) return;
  heapster__note_large(whole, caller);
  if (!heapster__is_armed()) return;
  const struct heapster__site site = heapster__site_of(caller);
  heapster__note_site((enum heapster__site_kind)site.kind, (const void *)site.place, site.offset);
}

/* Attribute a request that was counted in `heap` while armed. For the accounting. */
void heapster__attribute_alloc(struct heapster__map *map, unsigned heap, const void *block, uint64_t size);
void heapster__attribute_resize(unsigned heap, const struct heapster__resize *resize);

#endif
