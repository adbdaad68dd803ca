/* Power-of-two buckets: where a size goes, the quantile, the text. */
#include "cmocka_test.h"

#include "text_sink.h"
#include "value/histogram.h"

static void sizes_0_and_1_are_in_bucket_0(void **state) {
  (void)state;
  assert_int_equal(heapster_histogram_bucket(0), 0);
  assert_int_equal(heapster_histogram_bucket(1), 0);
  assert_int_equal(heapster_histogram_bucket(2), 1);
}

static void each_power_of_two_begins_a_bucket(void **state) {
  (void)state;
  for (unsigned k = 1; k < HEAPSTER_BUCKETS; k++) {
    const uint64_t low = UINT64_C(1) << k;
    assert_int_equal(heapster_histogram_bucket(low), k);
    assert_int_equal(heapster_histogram_bucket(low - 1), k - 1);
    assert_int_equal(heapster_histogram_bucket(low + (low - 1)), k);
  }
}

static void total_is_the_sum_of_all_buckets(void **state) {
  (void)state;
  struct heapster_histogram histogram = {{0}};
  assert_true(heapster_histogram_is_empty(&histogram));
  assert_int_equal(heapster_histogram_total(&histogram), 0);
  histogram.buckets[0] = 3;
  histogram.buckets[63] = 4;
  assert_false(heapster_histogram_is_empty(&histogram));
  assert_int_equal(heapster_histogram_total(&histogram), 7);
}

static void only_the_last_bucket_filled_is_not_empty(void **state) {
  (void)state;
  const struct heapster_histogram histogram = {.buckets[63] = 1};
  assert_false(heapster_histogram_is_empty(&histogram));
}

static void difference_is_at_least_0_in_each_bucket(void **state) {
  (void)state;
  const struct heapster_histogram after = {.buckets[2] = 5, .buckets[3] = 1};
  struct heapster_histogram before = {.buckets[2] = 2, .buckets[3] = 4};
  heapster__histogram_diff(&before, &after, &before);
  assert_int_equal(before.buckets[2], 3);
  assert_int_equal(before.buckets[3], 0);
}

static void sum_of_a_histogram_with_itself_is_its_double(void **state) {
  (void)state;
  struct heapster_histogram histogram = {.buckets[1] = 5, .buckets[63] = 1};
  heapster__histogram_add(&histogram, &histogram);
  assert_int_equal(histogram.buckets[1], 10);
  assert_int_equal(histogram.buckets[63], 2);
}

static void quantile_interpolates_within_its_bucket(void **state) {
  (void)state;
  const struct heapster_histogram histogram = {.buckets[4] = 10, .buckets[6] = 10};
  double size = 0.0;
  assert_true(heapster_histogram_quantile(&histogram, 0.25, &size));
  assert_true(size == 24.0);
  assert_true(heapster_histogram_quantile(&histogram, 0.75, &size));
  assert_true(size == 96.0);
}

static void quantiles_0_and_1_are_the_ends_of_the_filled_buckets(void **state) {
  (void)state;
  const struct heapster_histogram histogram = {.buckets[4] = 10, .buckets[63] = 1};
  double size = 0.0;
  assert_true(heapster_histogram_quantile(&histogram, 0.0, &size));
  assert_true(size == 16.0);
  assert_true(heapster_histogram_quantile(&histogram, 1.0, &size));
  assert_true(size == 18446744073709551616.0);
}

static void bucket_0_spans_0_to_2_in_a_quantile(void **state) {
  (void)state;
  const struct heapster_histogram histogram = {.buckets[0] = 4};
  double size = 9.0;
  assert_true(heapster_histogram_quantile(&histogram, 0.0, &size));
  assert_true(size == 0.0);
  assert_true(heapster_histogram_quantile(&histogram, 0.5, &size));
  assert_true(size == 1.0);
}

static void there_is_no_quantile_of_nothing_or_outside_0_to_1(void **state) {
  (void)state;
  const struct heapster_histogram empty = {{0}};
  const struct heapster_histogram filled = {.buckets[4] = 1};
  const volatile double zero = 0.0;
  double size = 7.0;
  assert_false(heapster_histogram_quantile(&empty, 0.5, &size));
  assert_false(heapster_histogram_quantile(&filled, -0.001, &size));
  assert_false(heapster_histogram_quantile(&filled, 1.001, &size));
  assert_false(heapster_histogram_quantile(&filled, zero / zero, &size));
  assert_true(size == 7.0);
}

static void text_has_a_line_from_the_first_to_the_last_filled_bucket(void **state) {
  (void)state;
  const struct heapster_histogram histogram = {.buckets[5] = 1, .buckets[7] = 2000};
  struct text_sink *const sink = text_sink_new();
  assert_int_equal(heapster_histogram_text(&histogram, text_sink_of(sink)), HEAPSTER_OK);
  assert_string_equal(sink->text, "[     32 B ..      64 B):            1  █\n"
                                  "[     64 B ..     128 B):            0  \n"
                                  "[    128 B ..     256 B):        2,000  ████████████████████████████████████████\n");
}

static void text_of_nothing_is_nothing(void **state) {
  (void)state;
  const struct heapster_histogram empty = {{0}};
  struct text_sink *const sink = text_sink_new();
  assert_int_equal(heapster_histogram_text(&empty, text_sink_of(sink)), HEAPSTER_OK);
  assert_int_equal(sink->calls, 0);
}

static void last_bucket_ends_at_inf(void **state) {
  (void)state;
  const struct heapster_histogram histogram = {.buckets[63] = UINT64_MAX};
  struct text_sink *const sink = text_sink_new();
  heapster_histogram_text(&histogram, text_sink_of(sink));
  assert_string_equal(sink->text, "[    8 EiB ..       inf): "
                                  "18,446,744,073,709,551,615  ████████████████████████████████████████\n");
}

static void the_counts_stay_one_column_whatever_their_width(void **state) {
  (void)state;
  const struct heapster_histogram histogram = {.buckets[5] = 999999999, .buckets[6] = UINT64_C(10000000000)};
  struct text_sink *const sink = text_sink_new();
  heapster_histogram_text(&histogram, text_sink_of(sink));
  assert_string_equal(sink->text,
                      "[     32 B ..      64 B):    999,999,999  ███\n"
                      "[     64 B ..     128 B): 10,000,000,000  ████████████████████████████████████████\n");
}

static void a_count_of_12_characters_keeps_the_column_of_the_sample(void **state) {
  (void)state;
  const struct heapster_histogram histogram = {.buckets[5] = 999999999};
  struct text_sink *const sink = text_sink_new();
  heapster_histogram_text(&histogram, text_sink_of(sink));
  assert_non_null(strstr(sink->text, "):  999,999,999  █"));
}

static void bars_are_rounded_down(void **state) {
  (void)state;
  const struct heapster_histogram histogram = {.buckets[1] = 100, .buckets[2] = 7};
  struct text_sink *const sink = text_sink_new();
  heapster_histogram_text(&histogram, text_sink_of(sink));
  assert_non_null(strstr(sink->text, "            7  ██\n"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sizes_0_and_1_are_in_bucket_0),
      cmocka_unit_test(each_power_of_two_begins_a_bucket),
      cmocka_unit_test(total_is_the_sum_of_all_buckets),
      cmocka_unit_test(only_the_last_bucket_filled_is_not_empty),
      cmocka_unit_test(difference_is_at_least_0_in_each_bucket),
      cmocka_unit_test(sum_of_a_histogram_with_itself_is_its_double),
      cmocka_unit_test(quantile_interpolates_within_its_bucket),
      cmocka_unit_test(quantiles_0_and_1_are_the_ends_of_the_filled_buckets),
      cmocka_unit_test(bucket_0_spans_0_to_2_in_a_quantile),
      cmocka_unit_test(there_is_no_quantile_of_nothing_or_outside_0_to_1),
      cmocka_unit_test(text_has_a_line_from_the_first_to_the_last_filled_bucket),
      cmocka_unit_test(text_of_nothing_is_nothing),
      cmocka_unit_test(last_bucket_ends_at_inf),
      cmocka_unit_test(the_counts_stay_one_column_whatever_their_width),
      cmocka_unit_test(a_count_of_12_characters_keeps_the_column_of_the_sample),
      cmocka_unit_test(bars_are_rounded_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
