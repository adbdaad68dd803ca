/* High-water marks: the highest use that many threads reach together, without a shared cell on the hot path. */
#include "count/high_water.h"

#include "base/lock.h"

enum { INTERVAL_SHIFT = 48 };
static const uint64_t BYTES = ((uint64_t)1 << INTERVAL_SHIFT) - 1;

static uint64_t interval_of(uint64_t peak) { return peak >> INTERVAL_SHIFT; }

static int64_t bytes_of(uint64_t peak) { return (int64_t)(peak & BYTES); }

static uint64_t peak_of(uint64_t interval, int64_t bytes) {
  return interval << INTERVAL_SHIFT | ((uint64_t)(bytes < 0 ? 0 : bytes) & BYTES);
}

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/* Raises the peak to `value`, which was reached in the interval of `seen`; if that is over, to the current use. The
   orders pair with those of heapster__high_water_begin_interval: a thread that sees the new interval also sees all that
   was flushed before it. */
static void raise(struct heapster__high_water *mark, uint64_t seen, int64_t value) {
  uint64_t now = heapster__load_acquire(&mark->peak);
  for (;;) {
    if (interval_of(now) != interval_of(seen)) {
      seen = now;
      value = heapster__load_acquire(&mark->current);
    }
    if (value <= bytes_of(now)) return;
    if (heapster__swap_acq_rel(&mark->peak, &now, peak_of(interval_of(seen), value))) return;
  }
}

/* A use that falls raises the peak before it falls, a use that grows after it grew: so an interval that begins in
   between misses nothing that belongs to it. */
static void flush(struct heapster__high_water *mark, int64_t bytes, int64_t highest) {
  uint64_t seen = heapster__load_acquire(&mark->peak);
  if (bytes < 0) {
    raise(mark, seen, heapster__load_acquire(&mark->current) + highest);
    heapster__add_acq_rel(&mark->current, bytes);
    return;
  }
  int64_t before = heapster__add_acq_rel(&mark->current, bytes);
  raise(mark, seen, before + larger(highest, bytes));
}

void heapster__pending_init(struct heapster__pending *pending) {
  heapster__store_relaxed(&pending->left, HEAPSTER__PENDING_HALF);
  heapster__store_relaxed(&pending->lowest_left, HEAPSTER__PENDING_HALF);
}

/* Since the heap became active. `left` is read first: a thread that frees changes it last. */
static int64_t latest_peak(const struct heapster__pending *pending) {
  const int64_t left = heapster__load_acquire(&pending->left);
  return HEAPSTER__PENDING_HALF - smaller(left, heapster__load_relaxed(&pending->lowest_left));
}

int64_t heapster__pending_peak(const struct heapster__pending *pending) {
  return larger(heapster__load_relaxed(&pending->earlier_peak), latest_peak(pending));
}

/* The thread's own bytes take `bytes` in, whose highest value was `highest`. */
static void note_flushed(struct heapster__pending *pending, int64_t bytes, int64_t highest) {
  const int64_t peak = heapster__load_relaxed(&pending->flushed) + highest;
  heapster__store_relaxed(&pending->peak, larger(heapster__load_relaxed(&pending->peak), peak));
  heapster__move_owned(&pending->flushed, bytes);
}

/* The pending bytes just taken from a thread. */
struct taken {
  int64_t bytes;
  int64_t highest;
};

/* What a signal handler adds in between stays pending. */
HEAPSTER__INLINE struct taken take_pending(struct heapster__pending *pending) {
  const struct taken taken = {heapster__pending_bytes(pending), heapster__pending_peak(pending)};
  if (!taken.bytes && !taken.highest) return taken;
  heapster__move_owned(&pending->left, taken.bytes);
  heapster__store_relaxed(&pending->lowest_left, HEAPSTER__PENDING_HALF);
  heapster__store_relaxed(&pending->earlier_peak, 0);
  note_flushed(pending, taken.bytes, taken.highest);
  return taken;
}

void heapster__pending_flush(struct heapster__pending *pending, struct heapster__high_water *mark) {
  const struct taken taken = take_pending(pending);
  if (taken.bytes || taken.highest) flush(mark, taken.bytes, taken.highest);
}

void heapster__pending_drop(struct heapster__pending *pending) { take_pending(pending); }

bool heapster__pending_is_alone(const struct heapster__pending *heap, const struct heapster__pending *total) {
  return !heapster__load_relaxed(&heap->earlier_peak) && !heapster__load_relaxed(&total->earlier_peak) &&
         heapster__load_relaxed(&total->left) == HEAPSTER__PENDING_HALF;
}

void heapster__pending_flush_both(struct heapster__pending *heap, struct heapster__high_water *heap_mark,
                                  struct heapster__pending *total, struct heapster__high_water *total_mark) {
  const int64_t highest = larger(latest_peak(heap), 0);
  const int64_t bytes = heapster__pending_bytes(heap);
  if (!bytes && !highest) return;
  heapster__move_owned(&heap->left, bytes);
  heapster__store_relaxed(&heap->lowest_left, HEAPSTER__PENDING_HALF);
  note_flushed(heap, bytes, highest);
  note_flushed(total, bytes, highest);
  flush(heap_mark, bytes, highest);
  flush(total_mark, bytes, highest);
}

void heapster__active_begin(struct heapster__pending *heap, struct heapster__pending *total) {
  heapster__store_relaxed(&heap->earlier_peak, heapster__pending_peak(heap));
  heapster__store_relaxed(&heap->lowest_left, heapster__load_relaxed(&heap->left));
  heapster__move_owned(&total->left, heapster__pending_bytes(heap));
}

int64_t heapster__active_peak(const struct heapster__pending *heap, const struct heapster__pending *total) {
  return heapster__pending_bytes(total) + latest_peak(heap);
}

void heapster__active_end(const struct heapster__pending *heap, struct heapster__pending *total) {
  int64_t highest = heapster__active_peak(heap, total);
  heapster__store_relaxed(&total->earlier_peak, larger(heapster__load_relaxed(&total->earlier_peak), highest));
  heapster__move_owned(&total->left, -heapster__pending_bytes(heap));
}

void heapster__high_water_move(struct heapster__high_water *mark, int64_t change) { flush(mark, change, 0); }

int64_t heapster__high_water_peak(const struct heapster__high_water *mark) {
  return bytes_of(heapster__load_acquire(&mark->peak));
}

struct heapster__peak_interval heapster__high_water_begin_interval(struct heapster__high_water *mark) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  int64_t start = larger(0, heapster__load_acquire(&mark->current));
  uint64_t interval = interval_of(heapster__load_acquire(&mark->peak)) + 1;
  uint64_t old = heapster__exchange_acq_rel(&mark->peak, peak_of(interval, start));
  return (struct heapster__peak_interval){start, bytes_of(old)};
}

/* A thread that is just raising the peak sees that the interval changed, and raises it to the use by then. */
void heapster__high_water_restart(struct heapster__high_water *mark) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  heapster__store_release(&mark->current, 0);
  heapster__high_water_begin_interval(mark);
}
