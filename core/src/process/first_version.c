/* The functions whose structs have grown since the first version, or may: for programs that were built with its
   headers, and for other languages, which call the library without a header. Their structs keep the first version's
   length. */
#define HEAPSTER_EXPORTS
#include <heapster/heapster.h>

#include "value/sized.h"

enum heapster_error heapster_stats_diff(struct heapster_stats *diff, const struct heapster_stats *after,
                                        const struct heapster_stats *before) {
  return heapster_stats_diff_sized(diff, HEAPSTER__FIRST_STATS, after, before);
}

void heapster_stats_read(const struct heapster_heap *heap, struct heapster_stats *stats) {
  heapster_stats_read_sized(heap, stats, HEAPSTER__FIRST_STATS);
}

size_t heapster_stats_read_all(struct heapster_stats *total, struct heapster_heap_stats *heaps, size_t capacity) {
  return heapster_stats_read_all_sized(total, HEAPSTER__FIRST_STATS, heaps,
                                       offsetof(struct heapster_heap_stats, stats) + HEAPSTER__FIRST_STATS, capacity);
}

void heapster_status_read(struct heapster_status *status) {
  heapster_status_read_sized(status, HEAPSTER__FIRST_STATUS);
}

enum heapster_error heapster_heap_create(const char *name, const struct heapster_allocator *backing,
                                         struct heapster_heap **heap) {
  return heapster_heap_create_sized(name, backing, HEAPSTER__FIRST_ALLOCATOR, heap);
}

enum heapster_error heapster_window_end(struct heapster_window window, struct heapster_stats *stats) {
  return heapster_window_end_sized(window, stats, HEAPSTER__FIRST_STATS, NULL, 0);
}

enum heapster_error heapster_window_end_with_thread(struct heapster_window window, struct heapster_stats *stats,
                                                    struct heapster_stats *thread) {
  return heapster_window_end_sized(window, stats, HEAPSTER__FIRST_STATS, thread, HEAPSTER__FIRST_STATS);
}

enum heapster_error heapster_limit_make(const char *name, int64_t min, int64_t max, struct heapster_limit *limit) {
  return heapster_limit_make_sized(name, min, max, limit, HEAPSTER__FIRST_LIMIT);
}

size_t heapster_limit_check(const struct heapster_stats *stats, const struct heapster_limit *limits, size_t count,
                            const struct heapster_sink *sink) {
  return heapster_limit_check_sized(stats, limits, HEAPSTER__FIRST_LIMIT, count, sink);
}

/* The first struct heapster_frames begins with frame_count. */
void heapster_frames_read(const struct heapster_heap *heap, struct heapster_frames *frames) {
  struct heapster_frames read;
  if (!frames) return;
  heapster_frames_read_sized(heap, &read, sizeof read, sizeof(struct heapster_frame));
  heapster__frames_copy((uint64_t *)(void *)frames, HEAPSTER__FIRST_FRAME, &read.frame_count, read.frame_size);
}

enum heapster_error heapster_frames_text(const struct heapster_frames *frames, struct heapster_sink sink) {
  struct heapster_frames read = {.struct_size = sizeof read, .frame_size = sizeof(struct heapster_frame)};
  if (!frames) return HEAPSTER_BAD_ARGUMENT;
  heapster__frames_copy(&read.frame_count, read.frame_size, (const uint64_t *)(const void *)frames,
                        HEAPSTER__FIRST_FRAME);
  return heapster_frames_text_sized(&read, sink);
}
