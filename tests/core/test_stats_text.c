/* Stats as text for people. */
#include "cmocka_test.h"

#include <stdio.h>
#include <string.h>

#include <heapster/stats.h>

#include "text_sink.h"

/* The figures of report-sample.txt, with sums that give its averages. */
static const struct heapster_stats sample = {
    .kind = HEAPSTER_SNAPSHOT,
    .alloc_count = 10949628,
    .alloc_sum = UINT64_C(10949628) * 2509,
    .dealloc_count = 10949372,
    .dealloc_sum = UINT64_C(10949372) * 4188,
    .realloc_growth_count = 365968,
    .realloc_growth_sum = UINT64_C(365968) * 50299,
    .realloc_move_count = 351933,
    .realloc_move_sum = UINT64_C(351933) * 7383,
    .live_count = 256,
    .use_curr = 266639,
    .use_max = 26225000,
    .alloc_histogram.buckets = {[2] = 2,
                                [3] = 642064,
                                [4] = 155,
                                [5] = 1639279,
                                [6] = 1926643,
                                [7] = 1123746,
                                [8] = 1284154,
                                [9] = 2246658,
                                [10] = 1283935,
                                [11] = 160612,
                                [12] = 411,
                                [13] = 320985,
                                [14] = 1,
                                [15] = 1,
                                [16] = 320982},
    .realloc_growth_histogram.buckets = {[0] = 16, [5] = 25477, [6] = 14976, [7] = 4411, [8] = 106, [15] = 320982},
};

static const char *text_of(const struct heapster_stats *stats) {
  struct text_sink *const sink = text_sink_new();
  assert_int_equal(heapster_stats_text(stats, text_sink_of(sink)), HEAPSTER_OK);
  return sink->text;
}

/* Reads a file of this folder. */
static void read_beside(const char *name, char *text, size_t capacity) {
  char path[4096];
  const char *const slash = strrchr(__FILE__, '/');
  const int folder = slash ? (int)(slash - __FILE__) + 1 : 0;
  snprintf(path, sizeof path, "%.*s%s", folder, __FILE__, name);
  FILE *const file = fopen(path, "rb");
  assert_non_null(file);
  text[fread(text, 1, capacity - 1, file)] = '\0';
  fclose(file);
}

static void sample_is_reproduced_byte_for_byte(void **state) {
  (void)state;
  char expected[8192];
  read_beside("report-sample.txt", expected, sizeof expected);
  assert_string_equal(text_of(&sample), expected);
}

static void rare_figures_follow_their_group_if_not_zero(void **state) {
  (void)state;
  struct heapster_stats stats = sample;
  stats.alloc_fail_count = 1;
  stats.unseen_alloc_count = 2;
  stats.unseen_free_count = 3;
  stats.realloc_growth_in_place_count = 14035;
  stats.realloc_shrink_in_place_count = 5;
  stats.realloc_same_count = 6;
  stats.realloc_fail_count = 7;
  const char *const text = text_of(&stats);
  assert_non_null(strstr(text, "alloc_avg: 2.45 KiB\nalloc_fail_count: 1\nunseen_alloc_count: 2\n\ndealloc_count: "));
  assert_non_null(strstr(text, "dealloc_avg: 4.09 KiB\nunseen_free_count: 3\n\nrealloc_growth_count: "));
  assert_non_null(strstr(text, "realloc_growth_avg: 49.12 KiB\nrealloc_growth_in_place_count: 14,035\n\n"));
  assert_non_null(strstr(text, "realloc_shrink_count: 0\nrealloc_shrink_in_place_count: 5\n\nrealloc_move_count: "));
  assert_non_null(
      strstr(text, "realloc_move_avg: 7.21 KiB\nrealloc_same_count: 6\nrealloc_fail_count: 7\n\nuse_curr: "));
}

static void window_adds_its_own_figures(void **state) {
  (void)state;
  struct heapster_stats stats = sample;
  stats.kind = HEAPSTER_WINDOW;
  stats.live_change = -1234;
  stats.use_change = -1536;
  stats.use_peak = 4096;
  stats.foreign_count = 9;
  const char *const text = text_of(&stats);
  assert_non_null(strstr(text, "use_curr (now): 260.39 KiB\nuse_max (rise of the record): 25.01 MiB\n"
                               "live_change: -1,234\nuse_change: -1.50 KiB\nuse_peak: 4 KiB\n"
                               "foreign_count: 9\n\nalloc_histogram:"));
  assert_null(strstr(text, "live_count"));
  assert_null(strstr(text, "_sum"));
}

static void window_around_nothing_says_which_figures_are_absolute(void **state) {
  (void)state;
  const struct heapster_stats stats = {.kind = HEAPSTER_WINDOW};
  assert_string_equal(text_of(&stats), "alloc_count: 0\n\ndealloc_count: 0\n\nrealloc_growth_count: 0\n\n"
                                       "realloc_shrink_count: 0\n\nrealloc_move_count: 0\n\n"
                                       "use_curr (now): 0 B\nuse_max (rise of the record): 0 B\n\n"
                                       "alloc_histogram: (empty)\n\nrealloc_growth_histogram: (empty)\n\n"
                                       "realloc_shrink_histogram: (empty)\n");
}

static void nothing_is_written_after_a_refusal(void **state) {
  (void)state;
  struct text_sink *const sink = text_sink_new();
  sink->refused_call = 3;
  assert_int_equal(heapster_stats_text(&sample, text_sink_of(sink)), HEAPSTER_WRITE_FAILED);
  assert_int_equal(sink->calls, 3);
  assert_int_equal(heapster_stats_json(&sample, (struct heapster_sink){NULL, NULL}), HEAPSTER_WRITE_FAILED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sample_is_reproduced_byte_for_byte),
      cmocka_unit_test(rare_figures_follow_their_group_if_not_zero),
      cmocka_unit_test(window_adds_its_own_figures),
      cmocka_unit_test(window_around_nothing_says_which_figures_are_absolute),
      cmocka_unit_test(nothing_is_written_after_a_refusal),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
