/* Peaks: drifts, ledgers and their epochs. */
#include "cmocka_test.h"

#include <signal.h>

#include "count/high_water.h"
#include "support.h"
#include "trap.h"

static struct heapster__high_water_mark mark;
static struct heapster__pending pending;

static int opened(void **state) {
  (void)state;
  mark = (struct heapster__high_water_mark){0};
  pending = (struct heapster__pending){0};
  heapster__pending_init(&pending);
  return 0;
}

static int64_t record(void) { return heapster__high_water_raise(&mark, 0, 0); }

static void tell(void) { heapster__pending_flush(&pending, &mark); }

static void a_drift_is_told_with_the_highest_value_it_had(void **state) {
  (void)state;
  heapster__pending_grow(&pending, 100);
  heapster__pending_shrink(&pending, 60);
  assert_int_equal(heapster__pending_bytes(&pending), 40);
  assert_int_equal(heapster__load_acquire(&mark.current), 0);
  tell();
  assert_int_equal(heapster__load_acquire(&mark.current), 40);
  assert_int_equal(record(), 100);
}

static void what_was_told_is_not_told_again(void **state) {
  (void)state;
  heapster__pending_grow(&pending, 100);
  tell();
  tell();
  assert_int_equal(heapster__load_acquire(&mark.current), 100);
  assert_int_equal(heapster__pending_bytes(&pending), 0);
  assert_int_equal(heapster__pending_peak(&pending), 0);
}

static void the_highest_value_is_known_before_the_use_falls(void **state) {
  (void)state;
  heapster__pending_grow(&pending, 100);
  assert_int_equal(heapster__pending_peak(&pending), 100);
  heapster__pending_shrink(&pending, 60);
  heapster__pending_grow(&pending, 30);
  assert_int_equal(heapster__pending_peak(&pending), 100);
}

static void a_drift_that_falls_tells_what_it_reached_before(void **state) {
  (void)state;
  heapster__high_water_move(&mark, 1000);
  heapster__pending_grow(&pending, 50);
  heapster__pending_shrink(&pending, 500);
  tell();
  assert_int_equal(heapster__load_acquire(&mark.current), 550);
  assert_int_equal(record(), 1050);
}

static void the_record_does_not_fall_with_the_use(void **state) {
  (void)state;
  heapster__high_water_move(&mark, 300);
  heapster__high_water_move(&mark, -200);
  heapster__high_water_move(&mark, 100);
  assert_int_equal(heapster__load_acquire(&mark.current), 200);
  assert_int_equal(record(), 300);
}

static void drifts_of_several_threads_add_up(void **state) {
  (void)state;
  struct heapster__pending another = {0};
  heapster__pending_init(&another);
  heapster__pending_grow(&pending, 70);
  heapster__pending_grow(&another, 30);
  tell();
  heapster__pending_flush(&another, &mark);
  assert_int_equal(heapster__load_acquire(&mark.current), 100);
  assert_int_equal(record(), 100);
}

static void a_reader_raises_the_record_by_what_is_untold_and_to_the_use(void **state) {
  (void)state;
  heapster__high_water_move(&mark, 100);
  assert_int_equal(heapster__high_water_raise(&mark, 50, 0), 150);
  assert_int_equal(heapster__high_water_raise(&mark, 0, 170), 170);
  assert_int_equal(heapster__high_water_raise(&mark, 10, 20), 170);
}

static void an_epoch_begins_at_what_is_told_and_takes_the_old_record_away(void **state) {
  (void)state;
  heapster__high_water_move(&mark, 300);
  heapster__high_water_move(&mark, -200);
  const struct heapster__peak_interval epoch = heapster__high_water_begin_interval(&mark);
  assert_int_equal(epoch.start, 100);
  assert_int_equal(epoch.earlier_peak, 300);
  assert_int_equal(record(), 100);
  heapster__high_water_move(&mark, 50);
  assert_int_equal(heapster__high_water_begin_interval(&mark).earlier_peak, 150);
}

static void use_below_0_counts_as_none(void **state) {
  (void)state;
  heapster__high_water_move(&mark, -500);
  const struct heapster__peak_interval epoch = heapster__high_water_begin_interval(&mark);
  assert_int_equal(epoch.start, 0);
  assert_int_equal(epoch.earlier_peak, 0);
  assert_int_equal(record(), 0);
  heapster__high_water_move(&mark, 600);
  assert_int_equal(record(), 100);
}

static void records_hold_after_all_epochs_were_used_once(void **state) {
  (void)state;
  const int64_t large = (int64_t)1 << 47;
  heapster__high_water_move(&mark, large);
  for (unsigned i = 0; i < (1 << 16) + 3; ++i) {
    const struct heapster__peak_interval epoch = heapster__high_water_begin_interval(&mark);
    assert_int_equal(epoch.start, large);
    assert_int_equal(epoch.earlier_peak, large);
  }
}

static void a_drift_keeps_the_record_of_its_own_thread(void **state) {
  (void)state;
  heapster__pending_grow(&pending, 100);
  tell();
  heapster__pending_shrink(&pending, 80);
  heapster__pending_grow(&pending, 10);
  tell();
  assert_int_equal(pending.flushed, 30);
  assert_int_equal(pending.peak, 100);
  pending.peak = pending.flushed;
  heapster__pending_grow(&pending, 20);
  heapster__pending_shrink(&pending, 40);
  tell();
  assert_int_equal(pending.flushed, 10);
  assert_int_equal(pending.peak, 50);
}

static void it_is_time_to_tell_beyond_half_a_drift_on_either_side_of_nothing(void **state) {
  (void)state;
  assert_false(heapster__pending_grow(&pending, HEAPSTER__PENDING_HALF));
  assert_true(heapster__pending_grow(&pending, 1));
  assert_false(heapster__pending_shrink(&pending, HEAPSTER__PENDING_SPAN + 1));
  assert_true(heapster__pending_shrink(&pending, 1));
  assert_true(heapster__pending_grow(&pending, (uint64_t)1 << 40));
}

static struct heapster__pending other;
static struct heapster__pending total;

static void prepare_runs(void) {
  other = total = (struct heapster__pending){0};
  heapster__pending_init(&other);
  heapster__pending_init(&total);
  heapster__active_begin(&pending, &total);
}

static void end_runs(const struct heapster__pending *last) {
  heapster__active_end(last, &total);
  heapster__pending_flush(&total, &mark);
}

static void in_a_run_the_total_moves_as_its_heap_does(void **state) {
  (void)state;
  prepare_runs();
  heapster__pending_grow(&pending, 100);
  assert_int_equal(heapster__active_peak(&pending, &total), 100);
  heapster__pending_shrink(&pending, 60);
  assert_int_equal(heapster__active_peak(&pending, &total), 100);
  end_runs(&pending);
  assert_int_equal(heapster__load_acquire(&mark.current), 40);
  assert_int_equal(record(), 100);
}

/* 100 and no more of the first, 70 more of the second on its 40; what the first reached before is not added again. */
static void the_total_of_two_runs_is_what_they_reached_together(void **state) {
  (void)state;
  prepare_runs();
  heapster__pending_grow(&pending, 100);
  heapster__pending_shrink(&pending, 60);
  heapster__active_end(&pending, &total);
  heapster__active_begin(&other, &total);
  heapster__pending_grow(&other, 70);
  heapster__active_end(&other, &total);
  heapster__active_begin(&pending, &total);
  heapster__pending_shrink(&pending, 30);
  end_runs(&pending);
  assert_int_equal(heapster__load_acquire(&mark.current), 80);
  assert_int_equal(record(), 110);
  assert_int_equal(heapster__pending_peak(&pending), 100);
  assert_int_equal(heapster__pending_peak(&other), 70);
}

static volatile sig_atomic_t steps;
static volatile sig_atomic_t begin_at;
static struct heapster__peak_interval begun;

static void begin_an_epoch(int number) {
  (void)number;
  if (!IS_UNDER_TSAN && ++steps == begin_at) begun = heapster__high_water_begin_interval(&mark);
}

/* Tells, and begins an epoch after the n-th instruction of that. False: it was through before. */
static bool is_begun_while_telling(sig_atomic_t step) {
  steps = 0;
  begin_at = step;
  trap_every_instruction();
  tell();
  trap_no_more();
  return steps >= begin_at;
}

static void prepare(uint64_t grown, uint64_t shrunk) {
  opened(NULL);
  heapster__high_water_move(&mark, 1000);
  heapster__pending_grow(&pending, grown);
  heapster__pending_shrink(&pending, shrunk);
}

/* Once what it tells is in the epoch's start, a drift says no more in that epoch: its highest value is over. */
static void a_drift_told_into_a_later_epoch_leaves_its_highest_value_behind(void **state) {
  (void)state;
  prepare(5000, 4000);
  for (sig_atomic_t step = 1; is_begun_while_telling(step); prepare(5000, 4000), ++step) {
    assert_int_equal(heapster__load_acquire(&mark.current), 2000);
    if (begun.start == 2000) assert_int_equal(record(), 2000);
    assert_true(record() >= 2000);
  }
}

/* An epoch that starts below has the highest value before it. */
static void a_fall_told_into_a_later_epoch_shows_in_the_old_one(void **state) {
  (void)state;
  prepare(50, 900);
  for (sig_atomic_t step = 1; is_begun_while_telling(step); prepare(50, 900), ++step) {
    assert_int_equal(heapster__load_acquire(&mark.current), 150);
    assert_true(begun.start == 1000 || begun.start == 150);
    if (begun.start == 150) {
      assert_int_equal(begun.earlier_peak, 1050);
      assert_int_equal(record(), 150);
    }
  }
}

#define TEST(name) cmocka_unit_test_setup(name, opened)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_drift_is_told_with_the_highest_value_it_had),
      TEST(what_was_told_is_not_told_again),
      TEST(a_drift_that_falls_tells_what_it_reached_before),
      TEST(the_record_does_not_fall_with_the_use),
      TEST(drifts_of_several_threads_add_up),
      TEST(a_reader_raises_the_record_by_what_is_untold_and_to_the_use),
      TEST(an_epoch_begins_at_what_is_told_and_takes_the_old_record_away),
      TEST(use_below_0_counts_as_none),
      TEST(records_hold_after_all_epochs_were_used_once),
      TEST(a_drift_keeps_the_record_of_its_own_thread),
      TEST(the_highest_value_is_known_before_the_use_falls),
      TEST(it_is_time_to_tell_beyond_half_a_drift_on_either_side_of_nothing),
      TEST(in_a_run_the_total_moves_as_its_heap_does),
      TEST(the_total_of_two_runs_is_what_they_reached_together),
      TEST(a_drift_told_into_a_later_epoch_leaves_its_highest_value_behind),
      TEST(a_fall_told_into_a_later_epoch_shows_in_the_old_one),
  };
  signal(SIGTRAP, begin_an_epoch);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
