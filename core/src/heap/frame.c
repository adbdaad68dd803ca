/* Frames: the frame clock, and a ring of the last frames for each heap and for the total. */
#include <heapster/frame.h>

#include "heap/frame.h"

#include "base/lock.h"
#include "heap/peak.h"
#include "heap/snapshot.h"
#include "value/sized.h"

#include <string.h>

/* The last frames; frame n is at (n - 1) % HEAPSTER_FRAMES. A frame without requests has no error, so an empty one
   leaves `errors` as it is. */
struct ring {
  struct {
    uint64_t alloc_count;
    uint64_t realloc_growth_count;
    uint64_t total_alloc_sum;
    uint64_t use_peak;
  } frames[HEAPSTER_FRAMES];
  uint64_t errors[HEAPSTER_FRAMES];
};
_Static_assert(sizeof(struct ring) <= HEAPSTER__PIECE, "a ring is one piece of memory");

/* One heap, or the total (number 0). A heap is followed from the first mark that finds it. */
struct track {
  struct ring *ring;                       /* NULL: there was no memory */
  uint64_t first;                          /* the number of its first frame; 0: it is not followed yet */
  uint64_t changes;                        /* its change counter at the last mark */
  struct heapster__requests counted;       /* up to the last mark */
  struct heapster__peak_observer observer; /* since the last mark */
  /* Of the thread that marked last, unless it was alone; since its last mark. */
  struct heapster__thread_observer thread_observer;
  struct heapster__requests thread_counted;
  uint64_t foreign_changes; /* the change counter of all other threads, at the last mark */
};

/* What one frame of a heap was, and of the total: of all threads, and of others than the marking one. */
struct span {
  struct heapster__requests all;
  struct heapster__requests foreign;
  uint64_t foreign_count; /* 0: no other thread acted; else a bound of their operations */
};

/* Callers of all functions that use it hold the lock. */
static struct {
  struct track tracks[HEAPSTER__HEAP_NUMBERS];
  bool is_running;
  uint64_t count;                  /* frames that have ended */
  unsigned opened_heaps;           /* at the last mark: all of these are followed; 0: a heap has ended since */
  struct heapster__thread *marker; /* the thread that marked last, if its own bytes are observed; else NULL */
  uint32_t marker_generation;
  bool was_alone; /* at the last mark, no other thread than the marking one had ever counted anything */
  bool is_alone;  /* nor has one by now */
  struct ring *spares[HEAPSTER__HEAP_NUMBERS]; /* of heaps that have ended */
  bool has_left;                               /* a heap that counted something since the last mark has ended: */
  struct span left;
} frames;

static void follow(struct track *track, unsigned number) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  track->ring = frames.spares[number] ? frames.spares[number] : heapster__piece_take(sizeof *track->ring);
  frames.spares[number] = NULL;
  track->first = frames.count + 1;
  if (track->ring) heapster__observe_peak(&track->observer, number);
}

/* Observes the calling thread's own bytes of the heap in the frame that begins. */
static void observe_marker(struct track *track, unsigned number, const uint64_t *changes) {
  if (!frames.marker) return;
  if (number) {
    track->thread_counted = heapster__requests_of_thread(frames.marker, number);
    track->foreign_changes = changes[number] - heapster__thread_changes(frames.marker, number);
  }
  heapster__observe_thread(&track->thread_observer, number);
}

static uint64_t larger(uint64_t a, uint64_t b) { return a > b ? a : b; }

static int64_t change_of(const struct heapster__requests *requests) {
  return (int64_t)(requests->total_alloc_sum - requests->total_dealloc_sum);
}

/* `observed` is how far the heap rose by its high-water mark. */
static __attribute__((noinline)) struct heapster__peak peak_among_threads(struct track *track, unsigned number,
                                                                          const struct span *span, int64_t observed) {
  const bool is_observed = track->thread_observer.thread;
  const int64_t of_thread = heapster__stop_observing_thread(&track->thread_observer, number);
  return heapster__peak_of(
      &(struct heapster__rise){
          .observed = observed,
          .of_thread = of_thread,
          .is_thread_observed = is_observed,
          .requested = span->all.total_alloc_sum,
          .change = change_of(&span->all),
          .foreign_count = span->foreign_count,
          .foreign_bytes = larger(span->foreign.total_alloc_sum, span->foreign.total_dealloc_sum),
      },
      number);
}

/* Begins a new peak interval and returns the peak of the frame. */
static struct heapster__peak take_peak(struct track *track, unsigned number, const struct span *span) {
  const int64_t next = heapster__peak_interval_begin(number);
  const int64_t observed = track->observer.peak - track->observer.start;
  track->observer.start = track->observer.peak = next;
  if (!frames.is_alone) return peak_among_threads(track, number, span, observed);
  return (struct heapster__peak){heapster__limit_rise(observed, span->all.total_alloc_sum, change_of(&span->all)), 0};
}

static void write_frame(struct track *track, unsigned number, const struct span *span) {
  const size_t index = frames.count % HEAPSTER_FRAMES;
  const struct heapster__peak peak = take_peak(track, number, span);
  track->ring->frames[index].alloc_count = span->all.alloc_count;
  track->ring->frames[index].realloc_growth_count = span->all.realloc_growth_count;
  track->ring->frames[index].total_alloc_sum = span->all.total_alloc_sum;
  track->ring->frames[index].use_peak = peak.rise;
  track->ring->errors[index] = peak.error;
}

static void write_empty_frame(struct track *track, size_t index) {
  if (track->ring) memset(&track->ring->frames[index], 0, sizeof track->ring->frames[index]);
}

static struct heapster__requests subtract(struct heapster__requests after, struct heapster__requests before) {
  return (struct heapster__requests){
      after.alloc_count - before.alloc_count, after.realloc_growth_count - before.realloc_growth_count,
      after.total_alloc_sum - before.total_alloc_sum, after.total_dealloc_sum - before.total_dealloc_sum};
}

static void add(struct heapster__requests *sum, const struct heapster__requests *requests) {
  sum->alloc_count += requests->alloc_count;
  sum->realloc_growth_count += requests->realloc_growth_count;
  sum->total_alloc_sum += requests->total_alloc_sum;
  sum->total_dealloc_sum += requests->total_dealloc_sum;
}

/* Which part of the frame was not the marking thread's. Where a thread was alone at the last mark its own bytes were
   not observed, and need not be: no other thread has ever counted for the heap, or it shows here. */
static void read_foreign(const struct track *track, unsigned number, struct span *span) {
  struct heapster__thread *own = frames.was_alone ? heapster__thread_at(0) : frames.marker;
  const bool is_observed = track->thread_observer.thread;
  span->foreign = span->all;
  span->foreign_count = UINT64_MAX;
  if (!own || (!is_observed && !frames.was_alone)) return;
  const uint64_t before = is_observed ? track->foreign_changes : 0;
  span->foreign_count = heapster__heap_changes(number) - heapster__thread_changes(own, number) - before;
  if (is_observed)
    span->foreign = subtract(span->all, subtract(heapster__requests_of_thread(own, number), track->thread_counted));
}

/* Reads what the heap counted since the last mark, and adds it to `total`; `foreign` only where there were other
   threads. */
HEAPSTER__INLINE struct span take_span(struct track *track, unsigned number, struct span *total) {
  struct span span;
  span.foreign_count = 0;
  const struct heapster__requests now = heapster__requests_of(number);
  span.all = subtract(now, track->counted);
  track->counted = now;
  add(&total->all, &span.all);
  if (!frames.is_alone) {
    read_foreign(track, number, &span);
    add(&total->foreign, &span.foreign);
    total->foreign_count = larger(total->foreign_count, span.foreign_count);
  }
  return span;
}

/* Writes that as the heap's frame. */
static void end_frame(struct track *track, unsigned number, struct span *total) {
  const struct span span = take_span(track, number, total);
  if (track->ring) write_frame(track, number, &span);
}

static void note_alone(void) { frames.is_alone = frames.was_alone && heapster__is_alone(heapster__this_thread()); }

void heapster__frames_leave(unsigned number) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  struct track *const track = &frames.tracks[number];
  const uint64_t changes = heapster__heap_changes(number);
  if (!frames.is_running) return;
  note_alone();
  if (track->changes != changes) {
    take_span(track, number, &frames.left);
    frames.has_left = true;
    frames.opened_heaps = 0;
  }
  track->changes = changes;
  heapster__stop_observing_thread(&track->thread_observer, number);
  if (track->ring) heapster__stop_observing(&track->observer, number);
  frames.spares[number] = track->ring;
  track->ring = NULL;
  track->first = 0;
}

/* The calling thread marks: whether it is the one that the tracks observe. If not, no track observes any more, and what
   is left may be all another thread's. */
static void change_marker(unsigned last) {
  struct heapster__thread *thread = heapster__this_thread();
  const bool is_same =
      thread && thread == frames.marker && frames.marker_generation == heapster__load_relaxed(&thread->generation);
  if (is_same) return;
  frames.left.foreign = frames.left.all;
  if (frames.has_left) frames.left.foreign_count = UINT64_MAX;
  for (unsigned number = 0; frames.marker && number <= last; number++)
    heapster__stop_observing_thread(&frames.tracks[number].thread_observer, number);
  frames.marker = NULL;
}

/* Another thread came while the frame was read as that of a thread alone. */
static void doubt_frame(unsigned last) {
  const size_t index = frames.count % HEAPSTER_FRAMES;
  for (unsigned number = 0; number <= last; number++) {
    struct ring *ring = frames.tracks[number].ring;
    if (ring) ring->errors[index] = ring->frames[index].total_alloc_sum;
  }
}

/* In the frame that begins the calling thread is observed, unless it is alone. */
static void observe_from_here(const uint64_t *changes, unsigned last) {
  struct heapster__thread *thread = heapster__this_thread();
  const bool is_new = !frames.marker;
  frames.was_alone = heapster__is_alone(thread);
  if (!thread || frames.was_alone) return;
  frames.marker = thread;
  frames.marker_generation = heapster__load_relaxed(&thread->generation);
  for (unsigned number = 0; number <= last; number++) {
    struct track *track = &frames.tracks[number];
    if (track->ring && (is_new || !track->thread_observer.thread)) observe_marker(track, number, changes);
  }
}

/* Heaps that were created in this frame get all that they counted, and use_max as the peak. */
static void follow_new_heaps(unsigned last) {
  frames.opened_heaps = heapster__opened_heaps();
  for (unsigned number = 1; number <= last; number++) {
    struct track *track = &frames.tracks[number];
    if (track->first || !heapster__heap_at(number)) continue;
    follow(track, number);
    track->observer.start = 0;
    track->observer.peak = (int64_t)heapster__use_max_so_far(number);
  }
}

/* Follows new heaps. Whether heaps that have ended counted anything in this frame. */
static __attribute__((noinline)) bool meet_new_heaps(unsigned last) {
  follow_new_heaps(last);
  if (frames.has_left) note_alone();
  return frames.has_left;
}

/* Adds what they counted. */
static __attribute__((noinline)) struct span add_left(struct span total) {
  add(&total.all, &frames.left.all);
  add(&total.foreign, &frames.left.foreign);
  total.foreign_count = larger(total.foreign_count, frames.left.foreign_count);
  frames.has_left = false;
  frames.left = (struct span){.foreign_count = 0};
  return total;
}

/* Ends the frame of every heap, then of the total. Of a heap where nothing happened only the change counter is read. */
static void end_frames(const uint64_t *changes, unsigned last) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  const size_t index = frames.count % HEAPSTER_FRAMES;
  struct span total = {.foreign_count = 0};
  bool has_changes = false;
  if (!frames.was_alone) change_marker(last);
  if (frames.opened_heaps != heapster__opened_heaps()) has_changes = meet_new_heaps(last);
  for (unsigned number = 1; number <= last; number++) {
    struct track *track = &frames.tracks[number];
    if (heapster__likely(track->changes == changes[number])) {
      write_empty_frame(track, index);
      continue;
    }
    if (!has_changes) note_alone();
    track->changes = changes[number];
    end_frame(track, number, &total);
    has_changes = true;
  }
  if (heapster__unlikely(frames.has_left)) total = add_left(total);
  if (has_changes)
    write_frame(&frames.tracks[HEAPSTER__TOTAL], HEAPSTER__TOTAL, &total);
  else
    write_empty_frame(&frames.tracks[HEAPSTER__TOTAL], index);
  const bool was_read_as_alone = has_changes && frames.is_alone;
  if (has_changes || !frames.was_alone) observe_from_here(changes, last);
  if (was_read_as_alone && !frames.was_alone) doubt_frame(last);
  frames.count++;
}

static enum heapster_error begin_frames(const uint64_t *changes, unsigned last) {
  follow(&frames.tracks[HEAPSTER__TOTAL], HEAPSTER__TOTAL);
  if (!frames.tracks[HEAPSTER__TOTAL].ring) return HEAPSTER_NO_MEMORY;
  frames.opened_heaps = heapster__opened_heaps();
  for (unsigned number = 1; number <= last; number++) {
    struct track *track = &frames.tracks[number];
    if (heapster__heap_at(number)) follow(track, number);
    track->changes = changes[number];
    track->counted = heapster__requests_of(number);
  }
  frames.is_running = true;
  observe_from_here(changes, last);
  return HEAPSTER_OK;
}

enum heapster_error heapster_frame_mark(void) {
  uint64_t changes[HEAPSTER__HEAP_NUMBERS];
  enum heapster_error error = HEAPSTER_OK;
  heapster__rescan_throttled();
  if (!heapster__this_thread()) heapster__thread_claim(); /* not under the lock: that may request memory */
  heapster__lock();
  const unsigned last = heapster__last_heap();
  heapster__all_changes(changes, last);
  if (frames.is_running)
    end_frames(changes, last);
  else
    error = begin_frames(changes, last);
  heapster__unlock();
  return error;
}

static uint64_t requests_of(const struct heapster_frame *frame) {
  return frame->alloc_count + frame->realloc_growth_count;
}

static bool is_worse(const struct heapster_frame *frame, const struct heapster_frame *than) {
  if (requests_of(frame) != requests_of(than)) return requests_of(frame) > requests_of(than);
  return frame->total_alloc_sum >= than->total_alloc_sum;
}

/* Fills mean and worst, and counts the allocation-free frames, of those in `kept`. */
static void summarize_frames(struct heapster_frames *read) {
  const uint64_t first = read->frame_count - read->kept_count + 1;
  struct heapster_frame sum = {0};
  for (uint64_t i = 0; i < read->kept_count; i++) {
    const struct heapster_frame *const frame = &read->kept[i];
    sum.alloc_count += frame->alloc_count;
    sum.realloc_growth_count += frame->realloc_growth_count;
    sum.total_alloc_sum += frame->total_alloc_sum;
    sum.use_peak += frame->use_peak;
    sum.use_peak_error += frame->use_peak_error;
    read->quiet_count += !requests_of(frame);
    if (!is_worse(frame, &read->worst)) continue;
    read->worst = *frame;
    read->worst_index = first + i;
  }
  const uint64_t count = read->kept_count;
  read->mean = (struct heapster_frame){sum.alloc_count / count, sum.realloc_growth_count / count,
                                       sum.total_alloc_sum / count, sum.use_peak / count, sum.use_peak_error / count};
}

static struct heapster_frame frame_at(const struct ring *ring, uint64_t count) {
  const size_t i = count % HEAPSTER_FRAMES;
  return (struct heapster_frame){ring->frames[i].alloc_count, ring->frames[i].realloc_growth_count,
                                 ring->frames[i].total_alloc_sum, ring->frames[i].use_peak,
                                 ring->frames[i].total_alloc_sum ? ring->errors[i] : 0};
}

static void read_frames(const struct heapster_heap *heap, struct heapster_frames *read) {
  memset(read, 0, sizeof *read);
  read->struct_size = sizeof *read;
  read->frame_size = sizeof(struct heapster_frame);
  heapster__lock();
  const struct track *const track = &frames.tracks[heap ? heap->number : HEAPSTER__TOTAL];
  read->frame_count = frames.count;
  if (track->ring && track->first <= frames.count) {
    const uint64_t count = frames.count - track->first + 1;
    read->kept_count = count < HEAPSTER_FRAMES ? count : HEAPSTER_FRAMES;
    for (uint64_t i = 0; i < read->kept_count; i++)
      read->kept[i] = frame_at(track->ring, frames.count - read->kept_count + i);
  }
  heapster__unlock();
  if (!read->kept_count) return;
  read->last = read->kept[read->kept_count - 1];
  summarize_frames(read);
}

void heapster_frames_read_sized(const struct heapster_heap *heap, struct heapster_frames *theirs, size_t struct_size,
                                size_t frame_size) {
  struct heapster_frames room;
  if (!theirs || struct_size < heapster__frames_size(frame_size)) return;
  const bool is_ours = struct_size >= sizeof room && frame_size == sizeof(struct heapster_frame);
  read_frames(heap, is_ours ? theirs : &room);
  if (is_ours) return;
  memset(theirs, 0, struct_size);
  theirs->struct_size = (uint32_t)heapster__frames_size(frame_size);
  theirs->frame_size = (uint32_t)frame_size;
  heapster__frames_copy(&theirs->frame_count, frame_size, &room.frame_count, sizeof(struct heapster_frame));
}
