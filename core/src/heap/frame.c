/* Frames: the frame clock, and a ring of the last frames for each heap and for the total. */
#include <heapster/frame.h>

#include "base/lock.h"
#include "heap/peak.h"
#include "heap/snapshot.h"
#include "value/sized.h"

#include <string.h>

/* One heap, or the total (number 0). A heap is followed from the first mark that meets it. */
struct track {
  bool is_met;
  struct heapster_frame *ring;          /* frame n is at (n - 1) % HEAPSTER_FRAMES; NULL: there was no memory */
  uint64_t first;                       /* the number of its first frame */
  uint64_t changes;                     /* at the last mark */
  struct heapster__requests at;         /* counted by then */
  struct heapster__peak_observer watch; /* from then on */
};
_Static_assert(HEAPSTER_FRAMES * sizeof(struct heapster_frame) <= HEAPSTER__PIECE, "a ring is one piece of memory");

/* Every access holds the lock. */
static struct {
  struct track tracks[HEAPSTER__HEAP_NUMBERS];
  bool is_running;
  uint64_t count; /* frames that have ended */
} frames;

static void meet(struct track *track, unsigned number) {
  track->is_met = true;
  track->ring = heapster__piece_take(HEAPSTER_FRAMES * sizeof *track->ring);
  track->first = frames.count + 1;
  if (track->ring) heapster__observe_peak(&track->watch, number);
}

/* A heap that was made in this frame: the frame has all that it ever counted, and its use_max is the peak. */
static void meet_late(struct track *track, unsigned number) {
  meet(track, number);
  track->watch.start = 0;
  track->watch.peak = (int64_t)heapster__use_max_so_far(number);
}

/* Ends one stretch of the record and begins the next; answers the rise of the first. */
static uint64_t peak_of(struct track *track, unsigned number, const struct heapster__requests *made) {
  const int64_t next = heapster__peak_interval_begin(number);
  const int64_t change = (int64_t)(made->total_alloc_sum - made->total_dealloc_sum);
  const uint64_t peak = heapster__observed_rise(&track->watch, made->total_alloc_sum, change);
  track->watch.start = track->watch.peak = next;
  return peak;
}

static void write_frame(struct track *track, unsigned number, const struct heapster__requests *made) {
  track->ring[frames.count % HEAPSTER_FRAMES] = (struct heapster_frame){
      made->alloc_count, made->realloc_growth_count, made->total_alloc_sum, peak_of(track, number, made)};
}

static void write_quiet(struct track *track) {
  if (track->ring) memset(&track->ring[frames.count % HEAPSTER_FRAMES], 0, sizeof *track->ring);
}

/* What the heap counted since the last mark, added to `total`. */
static void end_frame(struct track *track, unsigned number, struct heapster__requests *total) {
  const struct heapster__requests now = heapster__requests_of(number);
  const struct heapster__requests made = {
      now.alloc_count - track->at.alloc_count, now.realloc_growth_count - track->at.realloc_growth_count,
      now.total_alloc_sum - track->at.total_alloc_sum, now.total_dealloc_sum - track->at.total_dealloc_sum};
  track->at = now;
  total->alloc_count += made.alloc_count;
  total->realloc_growth_count += made.realloc_growth_count;
  total->total_alloc_sum += made.total_alloc_sum;
  total->total_dealloc_sum += made.total_dealloc_sum;
  if (track->ring) write_frame(track, number, &made);
}

/* Of every heap, then of the total. Where nothing happened, nothing is looked at but the changes. */
static void next_frame(const uint64_t *changes, unsigned last) {
  struct heapster__requests total = {0};
  bool is_any = false;
  for (unsigned number = 1; number <= last; number++) {
    struct track *track = &frames.tracks[number];
    if (!track->is_met && heapster__heap_at(number)) meet_late(track, number);
    if (track->changes == changes[number]) {
      write_quiet(track);
      continue;
    }
    track->changes = changes[number];
    end_frame(track, number, &total);
    is_any = true;
  }
  if (is_any)
    write_frame(&frames.tracks[HEAPSTER__TOTAL], HEAPSTER__TOTAL, &total);
  else
    write_quiet(&frames.tracks[HEAPSTER__TOTAL]);
  frames.count++;
}

static enum heapster_error first_mark(const uint64_t *changes, unsigned last) {
  meet(&frames.tracks[HEAPSTER__TOTAL], HEAPSTER__TOTAL);
  if (!frames.tracks[HEAPSTER__TOTAL].ring) return HEAPSTER_NO_MEMORY;
  for (unsigned number = 1; number <= last; number++) {
    struct track *track = &frames.tracks[number];
    if (!heapster__heap_at(number)) continue;
    meet(track, number);
    track->changes = changes[number];
    track->at = heapster__requests_of(number);
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
    next_frame(changes, last);
  else
    error = first_mark(changes, last);
  heapster__unlock();
  return error;
}

static bool is_quiet(const struct heapster_frame *frame) {
  return frame->alloc_count == 0 && frame->realloc_growth_count == 0;
}

static bool is_worse(const struct heapster_frame *frame, const struct heapster_frame *than) {
  const uint64_t requests = frame->alloc_count + frame->realloc_growth_count;
  const uint64_t others = than->alloc_count + than->realloc_growth_count;
  return requests > others || (requests == others && frame->total_alloc_sum >= than->total_alloc_sum);
}

/* The mean, the worst and how many were quiet, of what is in `kept`. */
static void judge(struct heapster_frames *read) {
  const uint64_t first = read->frame_count - read->kept_count + 1;
  struct heapster_frame sum = {0};
  for (uint64_t i = 0; i < read->kept_count; i++) {
    const struct heapster_frame *const frame = &read->kept[i];
    sum.alloc_count += frame->alloc_count;
    sum.realloc_growth_count += frame->realloc_growth_count;
    sum.total_alloc_sum += frame->total_alloc_sum;
    sum.use_peak += frame->use_peak;
    read->quiet_count += is_quiet(frame);
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
  if (read->kept_count == 0) return;
  read->last = read->kept[read->kept_count - 1];
  judge(read);
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
