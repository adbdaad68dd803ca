/* Requests that are made inside a call of a host's backing.

   A backing may pass the request on to a counted function, such as malloc: that is the heap's own request, and counts
   once. It may grow a pool inside the call; and a signal handler may interrupt it and request something: these are
   requests of their own. Which is which shows when the call returns. So the guard around such a call keeps the nested
   requests for new blocks, and counts them afterwards, all but the one that was passed on. */
#ifndef HEAPSTER__COUNT_NESTED_H
#define HEAPSTER__COUNT_NESTED_H

#include "count/guard.h"
#include "count/shadow_map.h"

struct heapster__nested_request {
  struct heapster__map *map;
  const void *block;
  uint64_t size;
  unsigned heap;
};

enum { HEAPSTER__NESTED_KEPT = 4 }; /* if there are more, the oldest is counted at once */

/* In the frame of the caller of the backing. */
struct heapster__nested {
  struct heapster__guard guard;
  uintptr_t proof; /* the guard's; a frame that was left is not followed */
  struct heapster__nested *outer;
  unsigned count;
  struct heapster__nested_request kept[HEAPSTER__NESTED_KEPT];
};

/* Raises the guard; nothing for a thread without a record. A signal handler in between finds either the guard down, or
   the guard and where to keep its requests. */
HEAPSTER__INLINE void heapster__nested_enter(struct heapster__nested *nested, struct heapster__thread *thread) {
  nested->guard.thread = thread;
  if (heapster__unlikely(!thread)) return;
  nested->guard.frame = (uintptr_t)__builtin_frame_address(0);
  nested->guard.returns_to = __builtin_return_address(0);
  nested->proof = heapster__guard_proof_of(&nested->guard);
  nested->outer = heapster__is_nested(thread) ? heapster__load_relaxed(&thread->nested) : NULL;
  nested->count = 0;
  heapster__store_relaxed(&thread->nested, nested);
  heapster__fence_signal();
  heapster__guard_enter(&nested->guard, thread);
}

void heapster__nested_count(struct heapster__nested *nested, const void *block, uint64_t size);

/* Lowers it, and counts what was kept; the backing returned `block` for a request of `size` bytes, or NULL. */
HEAPSTER__INLINE void heapster__nested_leave(struct heapster__nested *nested, const void *block, uint64_t size) {
  if (heapster__unlikely(!nested->guard.thread)) return;
  heapster__guard_leave(&nested->guard);
  heapster__fence_signal();
  heapster__store_relaxed(&nested->guard.thread->nested, nested->outer);
  if (heapster__unlikely(nested->count)) heapster__nested_count(nested, block, size);
}

/* Keeps a request nested in the guard that is up. False: that guard keeps none. */
bool heapster__nested_keep(struct heapster__thread *thread, const struct heapster__nested_request *request);

/* Takes out the request whose block is freed or resized before the call returned, so that it was none that was passed
   on. False: there is none. */
bool heapster__nested_take(struct heapster__thread *thread, const struct heapster__map *map, const void *block,
                           struct heapster__nested_request *taken);

#endif
