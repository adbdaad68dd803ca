/* What scripts do with a Histogram, a Frame, Frames and a Status. */
#include "common/values.h"

#include "common/value.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct heapster_histogram *heapster__histogram_subtract(const struct heapster_histogram *after,
                                                        const struct heapster_histogram *before) {
  struct heapster_histogram *const diff = heapster__value_copy(after, sizeof *after);
  for (unsigned i = 0; diff && i < HEAPSTER_BUCKETS; i++) {
    const uint64_t less = before->buckets[i];
    diff->buckets[i] = diff->buckets[i] > less ? diff->buckets[i] - less : 0;
  }
  return diff;
}

struct heapster_text heapster__histogram_text(const struct heapster_histogram *histogram) {
  struct heapster_text text = {0};
  return heapster__text_finish_for_people(&text, heapster_histogram_text(histogram, heapster__text_sink(&text)));
}

__attribute__((format(printf, 2, 3))) static void append(struct heapster_text *text, const char *format, ...) {
  char words[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(words, sizeof words, format, arguments);
  va_end(arguments);
  heapster__text_append(text, words);
}

struct heapster_text heapster__frame_text(const struct heapster_frame *frame) {
  struct heapster_text text = {0};
  append(&text,
         "alloc_count=%" PRIu64 " realloc_growth_count=%" PRIu64 " total_alloc_sum=%" PRIu64 " use_peak=%" PRIu64,
         frame->alloc_count, frame->realloc_growth_count, frame->total_alloc_sum, frame->use_peak);
  return text;
}

struct heapster_text heapster__frames_text(const struct heapster_frames *frames) {
  struct heapster_text text = {0};
  return heapster__text_finish_for_people(&text, heapster_frames_text(frames, heapster__text_sink(&text)));
}

static void append_hook(struct heapster_text *text, const char *name, const char *mode, const char *problem) {
  append(text, "%s: %s%s%s\n", name, mode, problem ? ", " : "", problem ? problem : "");
}

static void append_unless_0(struct heapster_text *text, const char *name, uint64_t count) {
  if (count > 0) append(text, "%s: %" PRIu64 "\n", name, count);
}

struct heapster_text heapster__status_text(const struct heapster_status *status) {
  struct heapster_text text = {0};
  char own[HEAPSTER_SIZE_TEXT];
  heapster_size_text(status->own_bytes, own);
  append(&text, "heapster: %s, %s counters\n", status->version, status->counters);
  append_hook(&text, "malloc", status->malloc_way, status->malloc_problem);
  append_hook(&text, "python", status->python_way, status->python_problem);
  append_hook(&text, "lua", status->lua_way, status->lua_problem);
  append_unless_0(&text, "bytes of Lua states from before the hook", status->lua_preexisting);
  append(&text, "threads: %" PRIu32 " alive, %" PRIu32 " seen\n", status->threads_alive, status->threads_seen);
  append(&text, "open windows: %" PRIu32 "\n", status->windows_open);
  append(&text, "own memory: %s\n", own);
  append_unless_0(&text, "uncounted requests", status->uncounted_count);
  append_unless_0(&text, "frees of unknown size", status->lost_size_count);
  append_unless_0(&text, "blocks that crossed heaps", status->crossed_count);
  append_unless_0(&text, "blocks perhaps freed while a hook was off", status->doubtful_count);
  append_unless_0(&text, "bytes of these blocks", status->doubtful_bytes);
  return heapster__text_finish_for_people(&text, HEAPSTER_OK);
}
