/* What scripts see beyond the structs of the public headers. */
#include "common/script.h"

#include "common/held.h"
#include "common/stats.h"
#include "common/value.h"

struct heapster_new_stats heapster__script_stats(const struct heapster_heap *heap) {
  struct heapster_stats *const stats = heapster__stats_alloc();
  if (stats) heapster_stats_read(heap, stats);
  return (struct heapster_new_stats){stats, stats ? HEAPSTER_OK : HEAPSTER_NO_MEMORY};
}

struct heapster_new_stats heapster__held_stats(const struct heapster__held_heap *held) {
  const struct heapster_heap *const heap = heapster__held_heap(held);
  return heap ? heapster__script_stats(heap) : (struct heapster_new_stats){NULL, HEAPSTER_HEAP_ENDED};
}

struct heapster_histogram *heapster__script_live_histogram(const struct heapster_heap *heap) {
  struct heapster_histogram *const histogram = heapster__value_alloc(sizeof *histogram);
  if (histogram) heapster_live_histogram(heap, histogram);
  return histogram;
}

struct heapster_frames *heapster__script_frames(const struct heapster_heap *heap) {
  struct heapster_frames *const frames = heapster__value_alloc(sizeof *frames);
  if (frames) heapster_frames_read(heap, frames);
  return frames;
}

struct heapster_status *heapster__script_status(void) {
  struct heapster_status *const status = heapster__value_alloc(sizeof *status);
  if (status) heapster_status_read(status);
  return status;
}

struct heapster_heap *heapster__script_heap(const struct heapster_heap *named_heap) {
  return (struct heapster_heap *)(uintptr_t)named_heap; /* scripts do not change it */
}

struct heapster_text heapster__script_report(void) {
  struct heapster_text text = {0};
  return heapster__text_finish_for_people(&text, heapster_report(heapster__text_sink(&text)));
}

struct heapster_text heapster__script_json(void) {
  struct heapster_text text = {0};
  return heapster__text_finish(&text, heapster_json(heapster__text_sink(&text)));
}

struct heapster_text heapster__script_prometheus(void) {
  struct heapster_text text = {0};
  return heapster__text_finish(&text, heapster_prometheus(heapster__text_sink(&text)));
}

struct heapster_new_stats heapster__stats_subtract(const struct heapster_stats *after,
                                                   const struct heapster_stats *before) {
  struct heapster_stats *const diff = heapster__stats_alloc();
  const enum heapster_error error = diff ? heapster_stats_diff(diff, after, before) : HEAPSTER_NO_MEMORY;
  if (!error) return (struct heapster_new_stats){diff, HEAPSTER_OK};
  heapster__stats_free(diff);
  return (struct heapster_new_stats){NULL, error};
}

struct heapster_real heapster__histogram_quantile(const struct heapster_histogram *histogram, double q) {
  struct heapster_real size = {false, 0};
  size.is_defined = heapster_histogram_quantile(histogram, q, &size.value);
  return size;
}
