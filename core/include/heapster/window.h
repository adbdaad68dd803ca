/* Windows: what happened between a begin and an end, its peak included. Windows nest and overlap freely. */
#ifndef HEAPSTER_WINDOW_H
#define HEAPSTER_WINDOW_H

#include <heapster/base.h>
#include <heapster/heap.h>
#include <heapster/stats.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The most windows that a process can have open at one time. The first 64 need no memory; beyond those a window holds
   about 6 KiB. A begin or end takes the longer the more are open. */
enum { HEAPSTER_WINDOWS = 4096 };

/* A plain value that names an open window. Nothing dangles if it is lost, but one of the HEAPSTER_WINDOWS stays taken.
   A lost window of thread scope is taken back once its thread has ended and all others are taken. {0, 0} is never an
   open window. */
struct heapster_window {
  uint32_t index;
  uint32_t generation;
};

/* Opens a window on one heap, or on the total for NULL. Allocates nothing through any counted allocator.
   HEAPSTER_TOO_MANY_WINDOWS; HEAPSTER_NO_MEMORY; HEAPSTER_NO_THREAD_COUNTERS for a thread that is ending or when memory
   is out; HEAPSTER_BAD_ARGUMENT for a scope that is none. On failure `window` is {0, 0}. */
HEAPSTER_API enum heapster_error heapster_window_begin(const struct heapster_heap *heap, enum heapster_scope scope,
                                                       struct heapster_window *window) HEAPSTER_NOEXCEPT;

/* Closes it. `stats` gets its figures (of kind HEAPSTER_WINDOW), and `thread` the part of the calling thread, as a diff
   of scope HEAPSTER_THREAD; each may be NULL. stats_size and thread_size are the sizes of the two structs. A part has
   no peak; its live_count and use_curr are the heap's. `thread` is untouched if there is no part to tell: after a
   window of thread scope, which is all the thread's; if another thread began it; with HEAPSTER_COUNTERS=shared.

   Any thread may end a process-scope window, but then foreign_count counts the ending thread's requests as foreign.
   HEAPSTER_WINDOW_CLOSED, for any value that names no open window; HEAPSTER_WRONG_THREAD (the window stays open). Both
   structs are untouched on failure. */
HEAPSTER_API enum heapster_error heapster_window_end_sized(struct heapster_window window, struct heapster_stats *stats,
                                                           size_t stats_size, struct heapster_stats *thread,
                                                           size_t thread_size) HEAPSTER_NOEXCEPT;

/* The same for the struct as this header has it, without and with the thread's part. The library also exports functions
   of these names, for programs built with the first version and for other languages: their struct heapster_stats ends
   with lua_kinds. */
#if defined(HEAPSTER_EXPORTS) || defined(SWIG)
HEAPSTER_API enum heapster_error heapster_window_end(struct heapster_window window,
                                                     struct heapster_stats *stats) HEAPSTER_NOEXCEPT;
HEAPSTER_API enum heapster_error heapster_window_end_with_thread(struct heapster_window window,
                                                                 struct heapster_stats *stats,
                                                                 struct heapster_stats *thread) HEAPSTER_NOEXCEPT;
#else
static inline enum heapster_error heapster_window_end(struct heapster_window window,
                                                      struct heapster_stats *stats) HEAPSTER_NOEXCEPT {
  return heapster_window_end_sized(window, stats, sizeof *stats, NULL, 0);
}
static inline enum heapster_error heapster_window_end_with_thread(struct heapster_window window,
                                                                  struct heapster_stats *stats,
                                                                  struct heapster_stats *thread) HEAPSTER_NOEXCEPT {
  return heapster_window_end_sized(window, stats, sizeof *stats, thread, sizeof *thread);
}
#endif

#ifdef __cplusplus
}
#endif

#endif
