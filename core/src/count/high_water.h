/* High-water marks: the highest use that many threads reach together, without a shared cell on the hot path.

   A heap, and the total, has one high-water mark: `current`, what the threads have flushed into it, and `peak`, the
   highest value of that. A thread keeps what it has not flushed yet as pending bytes. Of one thread:

     use     = flushed + pending      its bytes allocated less its bytes freed
     pending = half - left            `left` is the budget left: how much more it may allocate before it must flush
     abs(pending) <= half             between requests; half = HEAPSTER__PENDING_HALF

   While one thread works, current + pending is the use, and every figure is exact; each further thread blurs a peak by
   at most HEAPSTER__PENDING_SPAN, twice the half; that of the total by two spans.

   A new block costs one subtraction from the budget, whose sign says whether a flush is due. How high the use was, the
   lowest budget, is noted where the next block is freed: a program that only allocates, while it builds something, does
   nothing else.

   The heap that a thread asked last is its active heap. While it stays the same, the total moves as that heap does, so
   the total's pending bytes are brought up to date only when another heap becomes active. Until then they are

     pending of the total = what the total's own record says + pending of the active heap

   and each of the two is flushed beyond the half, so together they are at most the span.

   The peak is one word: the number of its interval in 16 bits, and bytes in 48. A new interval begins with every begin
   and end of a window and with a reset, which take the old peak away with them. A thread that flushes meanwhile sees
   that the interval changed, and leaves out the peak of a time that is over. */
#ifndef HEAPSTER__COUNT_HIGH_WATER_H
#define HEAPSTER__COUNT_HIGH_WATER_H

#include "base/atomics.h"
#include "base/platform.h"

enum { HEAPSTER__PENDING_SPAN = 32768, HEAPSTER__PENDING_HALF = HEAPSTER__PENDING_SPAN / 2 };

/* What one thread has not flushed, of one heap or of the total. */
struct heapster__pending {
  heapster__level left;         /* the budget left: at least 0 between requests, but for the total's, which is any */
  heapster__level lowest_left;  /* since the heap became active, where blocks were freed; of the total unused */
  heapster__level earlier_peak; /* the highest pending bytes before the heap became active, at least 0 */
  heapster__level flushed;      /* all bytes flushed so far */
  heapster__level peak; /* the highest value of flushed + pending up to the last flush, since an interval began */
};

struct heapster__high_water {
  _Alignas(HEAPSTER__CACHE_LINE) heapster__level current;
  _Atomic uint64_t peak; /* interval << 48 | bytes */
};

/* Call first: sets what is pending to nothing. */
void heapster__pending_init(struct heapster__pending *pending);

/* Flushes into the mark. For the thread whose bytes these are, or for anybody once that thread is gone. */
void heapster__pending_flush(struct heapster__pending *pending, struct heapster__high_water *mark);

/* Flushes the active heap and the total at once, while the total has nothing pending but that heap's bytes. */
bool heapster__pending_is_alone(const struct heapster__pending *heap, const struct heapster__pending *total);
void heapster__pending_flush_both(struct heapster__pending *heap, struct heapster__high_water *heap_mark,
                                  struct heapster__pending *total, struct heapster__high_water *total_mark);

/* The pending bytes belong to a heap that has ended: they enter the thread's own bytes, and no mark. For the thread
   whose bytes these are. */
void heapster__pending_drop(struct heapster__pending *pending);

/* Changes the mark at once, for a thread that keeps no pending bytes. */
void heapster__high_water_move(struct heapster__high_water *mark, int64_t change);

/* The highest that was flushed since the interval began. */
int64_t heapster__high_water_peak(const struct heapster__high_water *mark);

/* Begins a new interval, at the current use. Callers hold the lock. */
struct heapster__peak_interval {
  int64_t start;
  int64_t earlier_peak; /* of the interval that ended */
};
struct heapster__peak_interval heapster__high_water_begin_interval(struct heapster__high_water *mark);

/* The mark of a heap that has ended, for the next one: no use, and no peak. Callers hold the lock. */
void heapster__high_water_restart(struct heapster__high_water *mark);

/* The highest number of pending bytes since the last flush. */
int64_t heapster__pending_peak(const struct heapster__pending *pending);

/* `heap` becomes the thread's active heap, or is no longer. */
void heapster__active_begin(struct heapster__pending *heap, struct heapster__pending *total);
void heapster__active_end(const struct heapster__pending *heap, struct heapster__pending *total);

/* The highest value of the total's pending bytes since `heap` became active. */
int64_t heapster__active_peak(const struct heapster__pending *heap, const struct heapster__pending *total);

/* From any thread. */
HEAPSTER__INLINE int64_t heapster__pending_bytes(const struct heapster__pending *pending) {
  return HEAPSTER__PENDING_HALF - heapster__load_relaxed(&pending->left);
}

#endif
