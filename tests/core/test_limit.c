/* Limits, and the text of a verdict. */
#include "cmocka_test.h"

#include <heapster/limit.h>

#include "text_sink.h"

static void limits_are_on_fields_that_a_window_has(void **state) {
  (void)state;
  struct heapster_limit limit = {NULL, 1, 2};
  assert_int_equal(heapster_limit_make("alocs", 0, 9, &limit), HEAPSTER_UNKNOWN_FIELD);
  assert_int_equal(heapster_limit_make("use_curr", 0, 9, &limit), HEAPSTER_FIELD_NOT_IN_WINDOW);
  assert_int_equal(heapster_limit_make("use_max", 0, 9, &limit), HEAPSTER_FIELD_NOT_IN_WINDOW);
  assert_int_equal(heapster_limit_make("live_count", 0, 9, &limit), HEAPSTER_FIELD_NOT_IN_WINDOW);
  assert_null(limit.field);
  assert_int_equal(heapster_limit_make("alloc_avg", 0, 9, &limit), HEAPSTER_OK);
  assert_string_equal(limit.field->name, "alloc_avg");
  assert_int_equal(limit.max, 9);
}

static const char *explain(const char *name) {
  struct text_sink *const sink = text_sink_new();
  assert_int_equal(heapster_limit_explain(name, text_sink_of(sink)), HEAPSTER_OK);
  return sink->text;
}

static void explanation_of_an_absolute_field_names_the_one_to_use(void **state) {
  (void)state;
  assert_string_equal(explain("use_curr"), "use_curr has no meaning in a window; use use_change");
  assert_string_equal(explain("live_count"), "live_count has no meaning in a window; use live_change");
}

static void explanation_of_an_unknown_field_lists_all(void **state) {
  (void)state;
  const char *const text = explain("alocs");
  const char *const start = "unknown field \"alocs\"; fields: alloc_count, alloc_sum, alloc_avg, ";
  assert_memory_equal(text, start, strlen(start));
  assert_non_null(strstr(text, ", foreign_count"));
  assert_null(strstr(text, "use_curr"));
  assert_null(strchr(text, '\n'));
}

static void explanation_of_a_mistyped_field_names_the_nearest(void **state) {
  (void)state;
  assert_non_null(strstr(explain("aloc_cuont"), "\"aloc_cuont\"; did you mean alloc_count? fields: "));
  assert_non_null(strstr(explain("use_peek"), "did you mean use_peak?"));
  assert_null(strstr(explain(""), "did you mean"));
}

static void explanation_stays_one_line_whatever_the_name(void **state) {
  (void)state;
  assert_non_null(strstr(explain("a\nb\x1b[31m"), "unknown field \"a?b?[31m\""));
}

/* A window that made 1,210 requests in 5 buckets and shrank below its start. */
static const struct heapster_stats window = {
    .kind = HEAPSTER_WINDOW,
    .alloc_count = 1210,
    .alloc_sum = 121000,
    .use_peak = 2 << 20,
    .use_change = -1536,
    .realloc_growth_count = 2,
    .alloc_histogram.buckets = {[3] = 5, [4] = 100, [5] = 4, [6] = 1100, [7] = 1},
    .realloc_growth_histogram.buckets = {[10] = 2},
};

/* Checks that `broken` limits are broken; returns the text. */
static const char *check_limit(const struct heapster_stats *stats, const char *name, int64_t min, int64_t max,
                               size_t broken) {
  struct text_sink *const sink = text_sink_new();
  const struct heapster_sink out = text_sink_of(sink);
  struct heapster_limit limit;
  assert_int_equal(heapster_limit_make(name, min, max, &limit), HEAPSTER_OK);
  assert_int_equal(heapster_limit_check(stats, &limit, 1, &out), broken);
  return sink->text;
}

static void both_ends_of_a_limit_are_allowed(void **state) {
  (void)state;
  assert_string_equal(check_limit(&window, "alloc_count", 1210, 1210, 0), "");
  check_limit(&window, "alloc_count", INT64_MIN, 1209, 1);
  check_limit(&window, "alloc_count", 1211, INT64_MAX, 1);
}

static void surplus_is_attributed_to_the_fullest_buckets(void **state) {
  (void)state;
  assert_string_equal(check_limit(&window, "alloc_count", INT64_MIN, 110, 1),
                      "alloc_count: 1,210 is 1,100 above the limit of 110 (+1,100 requests in [64 B .. 128 B))\n");
  assert_string_equal(check_limit(&window, "alloc_count", INT64_MIN, 9, 1),
                      "alloc_count: 1,210 is 1,201 above the limit of 9 (+1,100 requests in [64 B .. 128 B), "
                      "+100 in [16 B .. 32 B), +1 in [8 B .. 16 B))\n");
}

static void three_buckets_at_most_are_named(void **state) {
  (void)state;
  assert_string_equal(check_limit(&window, "alloc_count", INT64_MIN, 0, 1),
                      "alloc_count: 1,210 is 1,210 above the limit of 0 (+1,100 requests in [64 B .. 128 B), "
                      "+100 in [16 B .. 32 B), +5 in [8 B .. 16 B) and others)\n");
}

static void surplus_of_resizes_is_in_their_own_histogram(void **state) {
  (void)state;
  assert_string_equal(check_limit(&window, "realloc_growth_count", INT64_MIN, 1, 1),
                      "realloc_growth_count: 2 is 1 above the limit of 1 (+1 resize in [1 KiB .. 2 KiB))\n");
}

static void bytes_are_written_as_sizes(void **state) {
  (void)state;
  assert_string_equal(check_limit(&window, "use_peak", INT64_MIN, 1 << 20, 1),
                      "use_peak: 2 MiB is 1 MiB above the limit of 1 MiB\n");
  assert_string_equal(check_limit(&window, "alloc_avg", INT64_MIN, 99, 1),
                      "alloc_avg: 100 B is 1 B above the limit of 99 B\n");
}

static void too_little_is_below_the_limit(void **state) {
  (void)state;
  assert_string_equal(check_limit(&window, "use_change", 0, INT64_MAX, 1),
                      "use_change: -1.50 KiB is 1.50 KiB below the limit of 0 B\n");
  assert_string_equal(check_limit(&window, "alloc_count", 2000, INT64_MAX, 1),
                      "alloc_count: 1,210 is 790 below the limit of 2,000\n");
}

static void average_of_nothing_breaks_no_limit(void **state) {
  (void)state;
  assert_string_equal(check_limit(&window, "dealloc_avg", 5, 6, 0), "");
}

static void each_broken_limit_has_its_line(void **state) {
  (void)state;
  struct heapster_limit limits[3];
  struct text_sink *const sink = text_sink_new();
  const struct heapster_sink out = text_sink_of(sink);
  heapster_limit_make("dealloc_count", 1, 2, &limits[0]);
  heapster_limit_make("alloc_fail_count", 0, 0, &limits[1]);
  heapster_limit_make("use_peak", 0, 0, &limits[2]);
  assert_int_equal(heapster_limit_check(&window, limits, 3, &out), 2);
  assert_string_equal(sink->text, "dealloc_count: 0 is 1 below the limit of 1\n"
                                  "use_peak: 2 MiB is 2 MiB above the limit of 0 B\n");
}

static void operations_of_other_threads_come_last_if_a_limit_broke(void **state) {
  (void)state;
  struct heapster_stats polluted = window;
  polluted.foreign_count = 1234;
  assert_string_equal(check_limit(&polluted, "use_peak", 0, 0, 1), "use_peak: 2 MiB is 2 MiB above the limit of 0 B\n"
                                                                   "1,234 operations meanwhile were other threads'\n");
  assert_string_equal(check_limit(&polluted, "dealloc_count", 0, 0, 0), "");
}

static void a_peak_within_its_error_of_a_limit_breaks_none_and_has_a_line(void **state) {
  (void)state;
  struct heapster_stats polluted = window;
  polluted.struct_size = sizeof polluted;
  polluted.foreign_count = 3;
  polluted.use_peak_error = 64 << 10;
  assert_string_equal(
      check_limit(&polluted, "use_peak", 0, (2 << 20) - (64 << 10), 0),
      "use_peak: 2 MiB is 64 KiB above the limit of 1.94 MiB, which is not judged: with other threads at "
      "work it may be off by 64 KiB\n");
  assert_string_equal(check_limit(&polluted, "use_peak", (2 << 20) + 1, INT64_MAX, 0),
                      "use_peak: 2 MiB is 1 B below the limit of 2.00 MiB, which is not judged: with other threads at "
                      "work it may be off by 64 KiB\n");
  check_limit(&polluted, "use_peak", 0, (2 << 20) - (64 << 10) - 1, 1);
  check_limit(&polluted, "alloc_sum", 0, 121000 - 1, 1); /* of no other field */
}

static void sink_that_refuses_or_is_missing_does_not_change_the_result(void **state) {
  (void)state;
  struct heapster_limit limit;
  struct text_sink *const sink = text_sink_new();
  const struct heapster_sink out = text_sink_of(sink);
  sink->refused_call = 2;
  heapster_limit_make("alloc_count", 0, 0, &limit);
  assert_int_equal(heapster_limit_check(&window, &limit, 1, &out), 1);
  assert_int_equal(sink->calls, 2);
  assert_int_equal(heapster_limit_check(&window, &limit, 1, NULL), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(limits_are_on_fields_that_a_window_has),
      cmocka_unit_test(explanation_of_an_absolute_field_names_the_one_to_use),
      cmocka_unit_test(explanation_of_an_unknown_field_lists_all),
      cmocka_unit_test(explanation_of_a_mistyped_field_names_the_nearest),
      cmocka_unit_test(explanation_stays_one_line_whatever_the_name),
      cmocka_unit_test(both_ends_of_a_limit_are_allowed),
      cmocka_unit_test(surplus_is_attributed_to_the_fullest_buckets),
      cmocka_unit_test(three_buckets_at_most_are_named),
      cmocka_unit_test(surplus_of_resizes_is_in_their_own_histogram),
      cmocka_unit_test(bytes_are_written_as_sizes),
      cmocka_unit_test(too_little_is_below_the_limit),
      cmocka_unit_test(average_of_nothing_breaks_no_limit),
      cmocka_unit_test(each_broken_limit_has_its_line),
      cmocka_unit_test(operations_of_other_threads_come_last_if_a_limit_broke),
      cmocka_unit_test(a_peak_within_its_error_of_a_limit_breaks_none_and_has_a_line),
      cmocka_unit_test(sink_that_refuses_or_is_missing_does_not_change_the_result),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
