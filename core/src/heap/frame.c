/* Frames: the frame clock, and a ring of the last frames for each heap and for the total. */
#include <heapster/frame.h>

#include "base/lock.h"
#include "heap/peak.h"
#include "heap/snapshot.h"
#include "value/sized.h"

#include <string.h>

/* One heap, or the total (number 0). A heap is followed from the first mark that finds it. */
struct track {
  struct heapster_frame *ring;             /* frame n is at (n - 1) % HEAPSTER_FRAMES; NULL: there was no memory */
  uint64_t first;                          /* the number of its first frame; 0: it is not followed yet */
  uint64_t changes;                        /* its change counter at the last mark */
  struct heapster__requests counted;       /* up to the last mark */
  struct heapster__peak_observer observer; /* since the last mark */
};
_Static_assert(HEAPSTER_FRAMES * sizeof(struct heapster_frame) <= HEAPSTER__PIECE, "a ring is one piece of memory");

/* Callers of all functions that use it hold the lock. */
static struct {
  struct track tracks[HEAPSTER__HEAP_NUMBERS];
  bool is_running;
  uint64_t count; /* frames that have ended */
} frames;

static void follow(struct track *track, unsigned number) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  track->ring = heapster__piece_take(HEAPSTER_FRAMES * sizeof *track->ring);
  track->first = frames.count + 1;
  if (track->ring) heapster__observe_peak(&track->observer, number);
}

/* Begins a new peak interval and returns how far the use rose in the frame. */
static uint64_t take_peak(struct track *track, unsigned number, const struct heapster__requests *requests) {
  const int64_t next = heapster__peak_interval_begin(number);
  const int64_t change = (int64_t)(requests->total_alloc_sum - requests->total_dealloc_sum);
  const uint64_t peak = heapster__observed_rise(&track->observer, requests->total_alloc_sum, change);
  track->observer.start = track->observer.peak = next;
  return peak;
}

static void write_frame(struct track *track, unsigned number, const struct heapster__requests *requests) {
  track->ring[frames.count % HEAPSTER_FRAMES] =
      (struct heapster_frame){requests->alloc_count, requests->realloc_growth_count, requests->total_alloc_sum,
                              take_peak(track, number, requests)};
}

static void write_empty_frame(struct track *track) {
  if (track->ring) memset(&track->ring[frames.count % HEAPSTER_FRAMES], 0, sizeof *track->ring);
}

/* Writes what the heap counted since the last mark, and adds it to `total`. */
static void end_frame(struct track *track, unsigned number, struct heapster__requests *total) {
  const struct heapster__requests now = heapster__requests_of(number);
  const struct heapster__requests requests = {
      now.alloc_count - track->counted.alloc_count, now.realloc_growth_count - track->counted.realloc_growth_count,
      now.total_alloc_sum - track->counted.total_alloc_sum, now.total_dealloc_sum - track->counted.total_dealloc_sum};
  track->counted = now;
  total->alloc_count += requests.alloc_count;
  total->realloc_growth_count += requests.realloc_growth_count;
  total->total_alloc_sum += requests.total_alloc_sum;
  total->total_dealloc_sum += requests.total_dealloc_sum;
  if (track->ring) write_frame(track, number, &requests);
}

/* Ends the frame of every heap, then of the total. Of a heap where nothing happened only the change counter is read. */
static void end_frames(const uint64_t *changes, unsigned last) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  struct heapster__requests total = {0};
  bool has_changes = false;
  for (unsigned number = 1; number <= last; number++) {
    struct track *track = &frames.tracks[number];
    if (!track->first && heapster__heap_at(number)) {
      follow(track, number); /* created in this frame: it gets all that the heap counted, and use_max as the peak */
      track->observer.start = 0;
      track->observer.peak = (int64_t)heapster__use_max_so_far(number);
    }
    if (track->changes == changes[number]) {
      write_empty_frame(track);
      continue;
    }
    track->changes = changes[number];
    end_frame(track, number, &total);
    has_changes = true;
  }
  if (has_changes)
    write_frame(&frames.tracks[HEAPSTER__TOTAL], HEAPSTER__TOTAL, &total);
  else
    write_empty_frame(&frames.tracks[HEAPSTER__TOTAL]);
  frames.count++;
}

static enum heapster_error begin_frames(const uint64_t *changes, unsigned last) {
  follow(&frames.tracks[HEAPSTER__TOTAL], HEAPSTER__TOTAL);
  if (!frames.tracks[HEAPSTER__TOTAL].ring) return HEAPSTER_NO_MEMORY;
  for (unsigned number = 1; number <= last; number++) {
    struct track *track = &frames.tracks[number];
    if (!heapster__heap_at(number)) continue;
    follow(track, number);
    track->changes = changes[number];
    track->counted = heapster__requests_of(number);
  }
  frames.is_running = true;
  return HEAPSTER_OK;
}

enum heapster_error heapster_frame_mark(void) {
  uint64_t changes[HEAPSTER__HEAP_NUMBERS];
  enum heapster_error error = HEAPSTER_OK;
  heapster__rescan_throttled();
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
    read->quiet_count += !requests_of(frame);
    if (!is_worse(frame, &read->worst)) continue;
    read->worst = *frame;
    read->worst_index = first + i;
  }
  const uint64_t count = read->kept_count;
  read->mean = (struct heapster_frame){sum.alloc_count / count, sum.realloc_growth_count / count,
                                       sum.total_alloc_sum / count, sum.use_peak / count};
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
      read->kept[i] = track->ring[(frames.count - read->kept_count + i) % HEAPSTER_FRAMES];
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
