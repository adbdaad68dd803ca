/* Frames as text for people: a table and a strip of bars. */
#include <heapster/frame.h>

#include "value/sized.h"
#include "value/writer.h"

enum { LABEL_WIDTH = 16, STRIP = 64, LEVELS = 8, BLOCK_BYTES = 3 };

/* A column of the table: a figure of struct heapster_frame. */
static const struct column {
  const char *name;
  enum heapster_unit unit;
  size_t offset;
  size_t width;
} columns[] = {
    {"alloc_count", HEAPSTER_COUNT, offsetof(struct heapster_frame, alloc_count), 13},
    {"realloc_growth_count", HEAPSTER_COUNT, offsetof(struct heapster_frame, realloc_growth_count), 22},
    {"total_alloc_sum", HEAPSTER_BYTES, offsetof(struct heapster_frame, total_alloc_sum), 17},
    {"use_peak", HEAPSTER_BYTES, offsetof(struct heapster_frame, use_peak), 14},
    {"use_peak_error", HEAPSTER_BYTES, offsetof(struct heapster_frame, use_peak_error), 16},
};
enum { ALL_COLUMNS = sizeof columns / sizeof columns[0] };

/* The last column is shown only if one of the rows has something to show there. */
static size_t column_count(const struct heapster_frames *frames) {
  const uint64_t errors = frames->last.use_peak_error | frames->mean.use_peak_error | frames->worst.use_peak_error;
  return errors ? ALL_COLUMNS : ALL_COLUMNS - 1;
}

static void write_head(struct heapster__writer *writer, size_t count) {
  heapster__write_left(writer, "", LABEL_WIDTH);
  for (size_t i = 0; i < count; i++) heapster__write_right(writer, columns[i].name, columns[i].width);
  heapster__write_text(writer, "\n");
}

static void write_row(struct heapster__writer *writer, const char *label, const struct heapster_frame *frame,
                      size_t count) {
  heapster__write_left(writer, label, LABEL_WIDTH);
  for (size_t i = 0; i < count; i++) {
    char text[HEAPSTER__FIGURE_TEXT];
    const int64_t *const figure = (const int64_t *)(const void *)((const char *)frame + columns[i].offset);
    heapster__figure_text(columns[i].unit, *figure, text);
    heapster__write_right(writer, text, columns[i].width);
  }
  heapster__write_text(writer, "\n");
}

static uint64_t requests_of(const struct heapster_frame *frame) {
  return frame->alloc_count + frame->realloc_growth_count;
}

/* The most requests in one of `count` frames from `first` on. */
static uint64_t max_requests_of(const struct heapster_frames *frames, uint64_t first, uint64_t count) {
  uint64_t most = 0;
  for (uint64_t i = first; i < first + count && i < frames->kept_count; i++) {
    const uint64_t requests = requests_of(&frames->kept[i]);
    if (requests > most) most = requests;
  }
  return most;
}

/* A space for no requests, else one of eight heights. Rounded up, so that every request shows. */
static void write_bar(struct heapster__writer *writer, uint64_t requests, uint64_t most) {
  static const char bars[] = "▁▂▃▄▅▆▇█";
  _Static_assert(sizeof bars == LEVELS * BLOCK_BYTES + 1, "eight bars of three bytes each");
  if (!requests) {
    heapster__write_text(writer, " ");
    return;
  }
  while (most > UINT64_MAX / (LEVELS + 1)) most >>= 1, requests >>= 1;
  const uint64_t level = (requests * LEVELS + most - 1) / most;
  heapster__write(writer, &bars[(level ? level - 1 : 0) * BLOCK_BYTES], BLOCK_BYTES);
}

static void write_strip(struct heapster__writer *writer, const struct heapster_frames *frames) {
  const uint64_t step = (frames->kept_count + STRIP - 1) / STRIP;
  const uint64_t most = requests_of(&frames->worst);
  heapster__write_text(writer, "allocs and growths, ");
  heapster__write_count(writer, step);
  heapster__write_text(writer, step == 1 ? " frame a bar:\n|" : " frames a bar, the worst of them:\n|");
  for (uint64_t i = 0; i < frames->kept_count; i += step) write_bar(writer, max_requests_of(frames, i, step), most);
  heapster__write_text(writer, "|\n");
}

static void write_counts(struct heapster__writer *writer, const struct heapster_frames *frames) {
  heapster__write_text(writer, "frames ");
  heapster__write_count(writer, frames->frame_count - frames->kept_count + 1);
  heapster__write_text(writer, " to ");
  heapster__write_count(writer, frames->frame_count);
  heapster__write_text(writer, ": ");
  heapster__write_count(writer, frames->quiet_count);
  heapster__write_text(writer, " of ");
  heapster__write_count(writer, frames->kept_count);
  heapster__write_text(writer, " allocated nothing, the worst is ");
  heapster__write_count(writer, frames->worst_index);
  heapster__write_text(writer, "\n");
}

enum heapster_error heapster_frames_text_sized(const struct heapster_frames *frames, struct heapster_sink sink) {
  struct heapster__writer writer = heapster__writer_make(sink);
  struct heapster_frames room;
  if (!frames) return HEAPSTER_BAD_ARGUMENT;
  frames = heapster__frames_accept(frames, &room);
  if (!frames->kept_count) {
    heapster__write_text(&writer, "no frame has ended yet: a frame is what happens between two marks\n");
  } else {
    write_counts(&writer, frames);
    const size_t count = column_count(frames);
    write_head(&writer, count);
    write_row(&writer, "last", &frames->last, count);
    write_row(&writer, "mean", &frames->mean, count);
    write_row(&writer, "worst", &frames->worst, count);
    write_strip(&writer, frames);
  }
  return heapster__writer_result(&writer);
}
