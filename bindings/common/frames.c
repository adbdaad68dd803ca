/* Frames as scripts see them. */
#include "common/script.h"
#include "common/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct heapster_new_frames heapster__script_frames(const struct heapster_heap *heap) {
  struct heapster_frames *const frames = heapster__value_memory(sizeof *frames);
  if (!frames) return (struct heapster_new_frames){NULL, HEAPSTER_NO_MEMORY};
  heapster_frames_read(heap, frames);
  return (struct heapster_new_frames){frames, HEAPSTER_OK};
}

struct heapster_frame *heapster__frame_copy(const struct heapster_frame *frame) {
  struct heapster_frame *const copy = heapster__value_memory(sizeof *copy);
  if (copy) *copy = *frame;
  return copy;
}

bool heapster__frame_is_equal(const struct heapster_frame *a, const struct heapster_frame *b) {
  return memcmp(a, b, sizeof *a) == 0;
}

struct heapster_text heapster__frame_text(const struct heapster_frame *frame) {
  char words[160];
  snprintf(words, sizeof words,
           "alloc_count=%" PRIu64 " realloc_growth_count=%" PRIu64 " total_alloc_sum=%" PRIu64 " use_peak=%" PRIu64,
           frame->alloc_count, frame->realloc_growth_count, frame->total_alloc_sum, frame->use_peak);
  struct heapster_text text = {0};
  const struct heapster_sink sink = heapster__text_sink(&text);
  const bool is_written = sink.write(sink.context, words, strlen(words));
  heapster__text_close(&text, is_written ? HEAPSTER_OK : HEAPSTER_NO_MEMORY);
  return text;
}

/* Without the newline at its end, which print adds. */
struct heapster_text heapster__frames_text(const struct heapster_frames *frames) {
  struct heapster_text text = {0};
  heapster__text_close(&text, heapster_frames_text(frames, heapster__text_sink(&text)));
  if (text.length > 0) text.length--;
  return text;
}
