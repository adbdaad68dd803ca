/* Windows: what happened between a begin and an end, its peak included. They nest and overlap freely. */
#ifndef HEAPSTER_WINDOW_H
#define HEAPSTER_WINDOW_H

#include <heapster/base.h>
#include <heapster/heap.h>
#include <heapster/stats.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { HEAPSTER_WINDOWS = 256 };

/* A plain value that names an open window; nothing dangles if it is lost, but one of the 256 places of the
   process stays taken. {0, 0} is never an open window. */
struct heapster_window {
  uint32_t index;
  uint32_t generation;
};

/* Opens a window on one heap, or on the total for NULL. Allocates nothing through any counted allocator.
   HEAPSTER_TOO_MANY_WINDOWS; HEAPSTER_NO_THREAD_COUNTERS for a thread that is ending or when memory is out.
   On failure `window` is {0, 0}. */
HEAPSTER_API enum heapster_error heapster_window_begin(const struct heapster_heap *heap, enum heapster_scope scope,
                                                       struct heapster_window *window);

/* Closes it and gives its figures (of kind HEAPSTER_WINDOW); `stats` may be NULL. A process-scope window may
   be ended by any thread, but then foreign_count takes the ending thread's requests for foreign.
   HEAPSTER_WINDOW_CLOSED; HEAPSTER_WRONG_THREAD (the window stays open). `stats` is untouched on failure. */
HEAPSTER_API enum heapster_error heapster_window_end(struct heapster_window window, struct heapster_stats *stats);

/* The same, and what of it was the calling thread's own share, as a diff of scope HEAPSTER_THREAD; both wanted. A share
   has no peak, and live_count and use_curr are the heap's. `thread` is untouched where there is none: after a window of
   thread scope, which is all the thread's; where another thread began it; with HEAPSTER_COUNTERS=shared. */
HEAPSTER_API enum heapster_error heapster_window_end_with_thread(struct heapster_window window,
                                                                 struct heapster_stats *stats,
                                                                 struct heapster_stats *thread);

#ifdef __cplusplus
}
#endif

#endif
