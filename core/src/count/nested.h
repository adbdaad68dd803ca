/* Requests that are made inside a call of a host's backing.

   A backing may pass the request on to a counted function, such as malloc: that is the heap's own request, and counts
   once. It may grow a pool inside the call; and a signal handler may interrupt it and request something: these are
   requests of their own. Which is which shows when the call returns. So the guard around such a call lets nested
   requests for new blocks be kept, in the thread's record, and they are counted afterwards, all but the one that was
   passed on. What was kept in a frame that longjmp left is counted when its block is freed or
   resized, or when a later call of a backing returns and no guard is up; not if the thread ends before. */
#ifndef HEAPSTER__COUNT_NESTED_H
#define HEAPSTER__COUNT_NESTED_H

#include "count/guard.h"
#include "count/shadow_map.h"

/* Raises the guard; nothing for a thread without a record. */
HEAPSTER__INLINE void heapster__nested_enter(struct heapster__guard *guard, struct heapster__thread *thread) {
  heapster__guard_raise(guard, thread, HEAPSTER__GUARD_KEEPS);
}

void heapster__nested_count(const struct heapster__guard *guard, const void *block, uint64_t size);

/* Lowers it, and counts what was kept; the backing returned `block` for a request of `size` bytes, or NULL. */
HEAPSTER__INLINE void heapster__nested_leave(struct heapster__guard *guard, const void *block, uint64_t size) {
  if (heapster__unlikely(!guard->thread)) return;
  heapster__guard_leave(guard);
  if (heapster__unlikely(heapster__load_relaxed(&guard->thread->has_kept))) heapster__nested_count(guard, block, size);
}

/* Keeps a request nested in the guard that is up. False: that guard keeps none. */
bool heapster__nested_keep(struct heapster__thread *thread, struct heapster__nested_request request);

/* Takes out the request whose block is freed or resized before the call returned, so that it was none that was passed
   on. False: there is none. */
bool heapster__nested_take(struct heapster__thread *thread, const struct heapster__map *map, const void *block,
                           struct heapster__nested_request *taken);

/* Whether a thread keeps a request of the heap, which is not counted yet. */
bool heapster__nested_is_any_kept(unsigned heap);

#endif
