/* Totals, snapshots and differences. */
#include "cmocka_test.h"

#include <string.h>

#include "value/field.h"
#include "value/stats.h"

/* 3 allocs of 16, 100 and 0 bytes; one free of 100; 16 grew to 48, moved; 48 shrank to 40; resized to 40;
   a request and a resize refused. */
static struct heapster__totals make_totals(void) {
  return (struct heapster__totals){
      .alloc_histogram.buckets = {[0] = 1, [4] = 1, [6] = 1},
      .realloc_growth_histogram.buckets = {[5] = 1},
      .realloc_shrink_histogram.buckets = {[3] = 1},
      .alloc_sum = 116,
      .dealloc_count = 1,
      .dealloc_sum = 100,
      .realloc_growth_sum = 32,
      .realloc_shrink_sum = 8,
      .realloc_shrink_in_place_count = 1,
      .realloc_same_count = 1,
      .realloc_move_count = 1,
      .realloc_move_sum = 16,
      .alloc_fail_count = 1,
      .realloc_fail_count = 1,
      .unseen_alloc_count = 1,
      .unseen_free_count = 1,
  };
}

static const struct heapster__totals nothing;

static struct heapster_stats make_snapshot(void) {
  const struct heapster__totals totals = make_totals();
  struct heapster_stats stats;
  heapster__stats_fill(&stats, &totals, &nothing);
  stats.struct_size = sizeof stats;
  return stats;
}

static void snapshot_has_every_counter_of_its_totals(void **state) {
  (void)state;
  const struct heapster_stats stats = make_snapshot();
  assert_field(stats, kind, HEAPSTER_SNAPSHOT);
  assert_field(stats, scope, HEAPSTER_PROCESS);
  assert_field(stats, alloc_sum, 116);
  assert_field(stats, alloc_fail_count, 1);
  assert_field(stats, dealloc_sum, 100);
  assert_field(stats, realloc_growth_in_place_count, 0);
  assert_field(stats, realloc_shrink_in_place_count, 1);
  assert_field(stats, realloc_move_sum, 16);
  assert_field(stats, unseen_free_count, 1);
  assert_field(stats, alloc_histogram.buckets[6], 1);
}

static void counts_are_the_sums_of_their_histograms(void **state) {
  (void)state;
  const struct heapster_stats stats = make_snapshot();
  assert_field(stats, alloc_count, 3);
  assert_field(stats, realloc_growth_count, 1);
  assert_field(stats, realloc_shrink_count, 1);
}

static void totals_add_what_resizes_added(void **state) {
  (void)state;
  const struct heapster_stats stats = make_snapshot();
  assert_field(stats, total_alloc_sum, 148);
  assert_field(stats, total_dealloc_sum, 108);
  assert_field(stats, use_curr, stats.total_alloc_sum - stats.total_dealloc_sum);
}

static void live_figures_stay_absolute_after_a_reset(void **state) {
  (void)state;
  const struct heapster__totals totals = make_totals();
  struct heapster_stats stats;
  heapster__stats_fill(&stats, &totals, &totals);
  assert_field(stats, alloc_count, 0);
  assert_field(stats, total_alloc_sum, 0);
  assert_field(stats, live_count, 2);
  assert_field(stats, use_curr, 40);
  assert_field(stats, live_change, 0);
  assert_field(stats, use_change, 0);
}

/* The snapshot, made in memory that holds `filler`. */
static struct heapster_stats fill_over(int filler, const struct heapster__totals *since) {
  const struct heapster__totals totals = make_totals();
  struct heapster_stats stats;
  memset(&stats, filler, sizeof stats);
  heapster__stats_fill(&stats, &totals, since ? since : &totals);
  return stats;
}

static void assert_filled(const struct heapster__totals *since) {
  const struct heapster_stats a = fill_over(0xa5, since), b = fill_over(0x5a, since);
  const struct heapster__field *field;
  for (size_t i = 0; (field = heapster__field_at(i)); i++) {
    if (heapster__figure_at(&a, field->offset) != heapster__figure_at(&b, field->offset))
      fail_msg("heapster__stats_fill leaves %s undefined", field->base.name);
  }
  const size_t others = offsetof(struct heapster_stats, alloc_histogram);
  const size_t lua = offsetof(struct heapster_stats, has_lua_kinds);
  const size_t rest = offsetof(struct heapster_stats, lua_kinds);
  assert_true(a.kind == b.kind && a.scope == b.scope && a.has_lua_kinds == b.has_lua_kinds);
  assert_memory_equal((const char *)&a + others, (const char *)&b + others, lua - others);
  assert_memory_equal((const char *)&a + rest, (const char *)&b + rest, sizeof a - rest);
}

static void nothing_of_a_snapshot_is_left_undefined(void **state) {
  (void)state;
  assert_filled(&nothing);
  assert_filled(NULL);
}

/* Two totals do not have a window's own figures, nor a record. */
static bool is_in_totals(const struct heapster__field *field) {
  const bool is_record = field->difference == HEAPSTER__RISE && field->base.instead;
  return field->difference != HEAPSTER__OF_WINDOW && !is_record;
}

static void every_figure_that_totals_have_is_filled(void **state) {
  (void)state;
  struct heapster__totals totals = make_totals();
  totals.realloc_growth_in_place_count = 1; /* now no counter is 0 */
  struct heapster_stats stats;
  heapster__stats_fill(&stats, &totals, &nothing);
  const struct heapster__field *field;
  for (size_t i = 0; (field = heapster__field_at(i)); i++) {
    const bool is_0 = !heapster__figure_at(&stats, field->offset);
    if (is_0 == is_in_totals(field))
      fail_msg("heapster__stats_fill %s %s", is_0 ? "does not fill" : "cannot know", field->base.name);
  }
}

static void thread_that_frees_the_blocks_of_others_has_a_negative_change_and_nothing_alive(void **state) {
  (void)state;
  const struct heapster__totals totals = {.dealloc_count = 3, .dealloc_sum = 300};
  struct heapster_stats stats;
  heapster__stats_fill(&stats, &totals, &nothing);
  assert_field(stats, live_count, 0);
  assert_field(stats, use_curr, 0);
  assert_field(stats, live_change, -3);
  assert_field(stats, use_change, -300);
}

static void every_request_resize_free_and_refusal_is_one_operation(void **state) {
  (void)state;
  const struct heapster__totals totals = make_totals();
  assert_int_equal(heapster__totals_operations(&totals), 3 + 1 + 1 + 1 + 1 + 1 + 1);
}

static void sum_of_totals_has_each_counter_of_both(void **state) {
  (void)state;
  struct heapster__totals sum = make_totals();
  const struct heapster__totals totals = make_totals();
  uint64_t words[sizeof sum / sizeof(uint64_t)];
  uint64_t doubled[sizeof sum / sizeof(uint64_t)];
  heapster__totals_add(&sum, &totals);
  memcpy(words, &totals, sizeof words);
  memcpy(doubled, &sum, sizeof doubled);
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) assert_int_equal(doubled[i], 2 * words[i]);
}

static void diff_of_snapshots_is_what_happened_between(void **state) {
  (void)state;
  const struct heapster_stats before = make_snapshot();
  struct heapster_stats after = make_snapshot();
  struct heapster_stats diff;
  after.alloc_count += 5;
  after.alloc_histogram.buckets[4] += 5;
  after.use_curr -= 10;
  after.live_count += 4;
  after.use_max += 7;
  assert_int_equal(heapster_stats_diff(&diff, &after, &before), HEAPSTER_OK);
  assert_field(diff, kind, HEAPSTER_DIFF);
  assert_field(diff, alloc_count, 5);
  assert_field(diff, alloc_histogram.buckets[4], 5);
  assert_field(diff, use_curr, after.use_curr);
  assert_field(diff, use_change, -10);
  assert_field(diff, live_count, after.live_count);
  assert_field(diff, live_change, 4);
  assert_field(diff, use_max, 7);
}

static void diff_over_a_reset_is_at_least_0(void **state) {
  (void)state;
  struct heapster_stats before = make_snapshot();
  struct heapster_stats diff;
  const struct heapster_stats after = {.kind = HEAPSTER_SNAPSHOT, .use_curr = 40, .live_count = 2};
  before.use_max = 500;
  assert_int_equal(heapster_stats_diff(&diff, &after, &before), HEAPSTER_OK);
  assert_field(diff, alloc_count, 0);
  assert_field(diff, alloc_histogram.buckets[4], 0);
  assert_field(diff, use_max, 0);
  assert_field(diff, use_change, 0);
}

static void diff_of_spans_compares_what_they_did(void **state) {
  (void)state;
  const struct heapster_stats after = {.kind = HEAPSTER_WINDOW,
                                       .scope = HEAPSTER_THREAD,
                                       .live_count = 9,
                                       .live_change = -2,
                                       .use_change = 100,
                                       .use_peak = 50,
                                       .foreign_count = 8};
  const struct heapster_stats before = {.kind = HEAPSTER_DIFF, .live_count = 1, .live_change = 3, .use_change = 40};
  struct heapster_stats diff;
  assert_int_equal(heapster_stats_diff(&diff, &after, &before), HEAPSTER_OK);
  assert_field(diff, kind, HEAPSTER_DIFF);
  assert_field(diff, scope, HEAPSTER_PROCESS);
  assert_field(diff, live_count, 9);
  assert_field(diff, live_change, -5);
  assert_field(diff, use_change, 60);
  assert_field(diff, use_peak, 0);
  assert_field(diff, foreign_count, 0);
}

static void snapshot_and_diff_have_no_difference(void **state) {
  (void)state;
  const struct heapster_stats snapshot = make_snapshot();
  const struct heapster_stats window = {.kind = HEAPSTER_WINDOW};
  struct heapster_stats diff = {.alloc_count = 77};
  assert_int_equal(heapster_stats_diff(&diff, &snapshot, &window), HEAPSTER_MIXED_KINDS);
  assert_int_equal(heapster_stats_diff(&diff, &window, &snapshot), HEAPSTER_MIXED_KINDS);
  assert_field(diff, alloc_count, 77);
}

static void assert_difference(enum heapster_error expected, struct heapster_origin after,
                              struct heapster_origin before) {
  const struct heapster_stats later = {.struct_size = sizeof later, .origin = after};
  const struct heapster_stats earlier = {.struct_size = sizeof earlier, .origin = before};
  struct heapster_stats diff = {.alloc_count = 77};
  assert_int_equal(heapster_stats_diff(&diff, &later, &earlier), expected);
  assert_field(diff, alloc_count, expected ? 77 : 0);
}

static void snapshots_in_the_wrong_order_have_no_difference(void **state) {
  (void)state;
  const struct heapster_origin first = {.process = 5, .order = 1}, second = {.process = 5, .order = 2};
  assert_difference(HEAPSTER_OK, second, first);
  assert_difference(HEAPSTER_OK, first, first);
  assert_difference(HEAPSTER_WRONG_ORDER, first, second);
}

static void snapshots_before_and_after_a_reset_have_no_difference(void **state) {
  (void)state;
  const struct heapster_origin before = {.process = 5, .order = 7};
  const struct heapster_origin after = {.process = 5, .order = 8, .reset_order = 7};
  const struct heapster_origin later = {.process = 5, .order = 9, .reset_order = 7};
  assert_difference(HEAPSTER_RESET_BETWEEN, after, before);
  assert_difference(HEAPSTER_OK, later, after);
}

static void snapshots_of_two_processes_have_a_difference_only_over_a_fork(void **state) {
  (void)state;
  const struct heapster_origin parent = {.process = 5, .order = 3}, too_late = {.process = 5, .order = 4};
  const struct heapster_origin child = {.process = 6, .parent = 5, .fork_order = 3, .order = 4};
  const struct heapster_origin other = {.process = 7, .order = 9};
  assert_difference(HEAPSTER_OK, child, parent);
  assert_difference(HEAPSTER_OTHER_PROCESS, child, too_late);
  assert_difference(HEAPSTER_OTHER_PROCESS, too_late, child);
  assert_difference(HEAPSTER_OTHER_PROCESS, other, parent);
}

static void a_snapshot_of_unknown_origin_has_a_difference_to_any(void **state) {
  (void)state;
  const struct heapster_origin known = {.process = 5, .order = 3, .reset_order = 2}, unknown = {.process = 0};
  assert_difference(HEAPSTER_OK, known, unknown);
  assert_difference(HEAPSTER_OK, unknown, known);
}

static void diff_may_take_the_place_of_either_side(void **state) {
  (void)state;
  const struct heapster_stats empty = {.kind = HEAPSTER_SNAPSHOT};
  struct heapster_stats after = make_snapshot();
  struct heapster_stats before = empty;
  const struct heapster_stats full = after;
  heapster_stats_diff(&before, &full, &before);
  heapster_stats_diff(&after, &after, &empty);
  assert_true(heapster_stats_is_equal(&before, &after));
  assert_field(after, alloc_count, 3);
  assert_field(after, live_change, 2);
}

static void only_what_has_a_meaning_makes_stats_differ(void **state) {
  (void)state;
  const struct heapster_stats a = make_snapshot();
  struct heapster_stats b = a;
  b.use_change = 5;
  b.foreign_count = 5;
  b.use_peak = 5;
  assert_true(heapster_stats_is_equal(&a, &b));
  b.unseen_free_count++;
  assert_false(heapster_stats_is_equal(&a, &b));
  b = a;
  b.realloc_shrink_histogram.buckets[63]++;
  assert_false(heapster_stats_is_equal(&a, &b));
  b = a;
  b.scope = HEAPSTER_THREAD;
  assert_false(heapster_stats_is_equal(&a, &b));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(snapshot_has_every_counter_of_its_totals),
      cmocka_unit_test(counts_are_the_sums_of_their_histograms),
      cmocka_unit_test(totals_add_what_resizes_added),
      cmocka_unit_test(live_figures_stay_absolute_after_a_reset),
      cmocka_unit_test(nothing_of_a_snapshot_is_left_undefined),
      cmocka_unit_test(every_figure_that_totals_have_is_filled),
      cmocka_unit_test(thread_that_frees_the_blocks_of_others_has_a_negative_change_and_nothing_alive),
      cmocka_unit_test(every_request_resize_free_and_refusal_is_one_operation),
      cmocka_unit_test(sum_of_totals_has_each_counter_of_both),
      cmocka_unit_test(diff_of_snapshots_is_what_happened_between),
      cmocka_unit_test(diff_over_a_reset_is_at_least_0),
      cmocka_unit_test(diff_of_spans_compares_what_they_did),
      cmocka_unit_test(snapshot_and_diff_have_no_difference),
      cmocka_unit_test(snapshots_in_the_wrong_order_have_no_difference),
      cmocka_unit_test(snapshots_before_and_after_a_reset_have_no_difference),
      cmocka_unit_test(snapshots_of_two_processes_have_a_difference_only_over_a_fork),
      cmocka_unit_test(a_snapshot_of_unknown_origin_has_a_difference_to_any),
      cmocka_unit_test(diff_may_take_the_place_of_either_side),
      cmocka_unit_test(only_what_has_a_meaning_makes_stats_differ),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
