/* Peaks: drifts, ledgers and their epochs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>

#include "count/high_water.h"
#include "support.h"
#include "trap.h"

static struct heapster__ledger ledger;
static struct heapster__drift drift;

static int opened(void **state) {
  (void)state;
  ledger = (struct heapster__ledger){0};
  drift = (struct heapster__drift){0};
  heapster__drift_start(&drift);
  return 0;
}

static int64_t record(void) { return heapster__ledger_record(&ledger, 0, 0); }

static void tell(void) { heapster__drift_tell(&drift, &ledger); }

static void a_drift_is_told_with_the_highest_value_it_had(void **state) {
  (void)state;
  heapster__drift_grow(&drift, 100);
  heapster__drift_shrink(&drift, 60);
  assert_int_equal(heapster__drift_net(&drift), 40);
  assert_int_equal(heapster__ledger_told(&ledger), 0);
  tell();
  assert_int_equal(heapster__ledger_told(&ledger), 40);
  assert_int_equal(record(), 100);
}

static void what_was_told_is_not_told_again(void **state) {
  (void)state;
  heapster__drift_grow(&drift, 100);
  tell();
  tell();
  assert_int_equal(heapster__ledger_told(&ledger), 100);
  assert_int_equal(heapster__drift_net(&drift), 0);
  assert_int_equal(heapster__drift_highest(&drift), 0);
}

static void the_highest_value_is_known_before_the_use_falls(void **state) {
  (void)state;
  heapster__drift_grow(&drift, 100);
  assert_int_equal(heapster__drift_highest(&drift), 100);
  heapster__drift_shrink(&drift, 60);
  heapster__drift_grow(&drift, 30);
  assert_int_equal(heapster__drift_highest(&drift), 100);
}

static void a_drift_that_falls_tells_what_it_reached_before(void **state) {
  (void)state;
  heapster__ledger_move(&ledger, 1000);
  heapster__drift_grow(&drift, 50);
  heapster__drift_shrink(&drift, 500);
  tell();
  assert_int_equal(heapster__ledger_told(&ledger), 550);
  assert_int_equal(record(), 1050);
}

static void the_record_does_not_fall_with_the_use(void **state) {
  (void)state;
  heapster__ledger_move(&ledger, 300);
  heapster__ledger_move(&ledger, -200);
  heapster__ledger_move(&ledger, 100);
  assert_int_equal(heapster__ledger_told(&ledger), 200);
  assert_int_equal(record(), 300);
}

static void drifts_of_several_threads_add_up(void **state) {
  (void)state;
  struct heapster__drift another = {0};
  heapster__drift_start(&another);
  heapster__drift_grow(&drift, 70);
  heapster__drift_grow(&another, 30);
  tell();
  heapster__drift_tell(&another, &ledger);
  assert_int_equal(heapster__ledger_told(&ledger), 100);
  assert_int_equal(record(), 100);
}

static void a_reader_raises_the_record_by_what_is_untold_and_to_the_use(void **state) {
  (void)state;
  heapster__ledger_move(&ledger, 100);
  assert_int_equal(heapster__ledger_record(&ledger, 50, 0), 150);
  assert_int_equal(heapster__ledger_record(&ledger, 0, 170), 170);
  assert_int_equal(heapster__ledger_record(&ledger, 10, 20), 170);
}

static void an_epoch_begins_at_what_is_told_and_takes_the_old_record_away(void **state) {
  (void)state;
  heapster__ledger_move(&ledger, 300);
  heapster__ledger_move(&ledger, -200);
  const struct heapster__epoch epoch = heapster__ledger_begin(&ledger);
  assert_int_equal(epoch.start, 100);
  assert_int_equal(epoch.old_record, 300);
  assert_int_equal(record(), 100);
  heapster__ledger_move(&ledger, 50);
  assert_int_equal(heapster__ledger_begin(&ledger).old_record, 150);
}

static void use_below_0_counts_as_none(void **state) {
  (void)state;
  heapster__ledger_move(&ledger, -500);
  const struct heapster__epoch epoch = heapster__ledger_begin(&ledger);
  assert_int_equal(epoch.start, 0);
  assert_int_equal(epoch.old_record, 0);
  assert_int_equal(record(), 0);
  heapster__ledger_move(&ledger, 600);
  assert_int_equal(record(), 100);
}

static void records_hold_after_all_epochs_were_used_once(void **state) {
  (void)state;
  const int64_t large = (int64_t)1 << 47;
  heapster__ledger_move(&ledger, large);
  for (unsigned i = 0; i < (1 << 16) + 3; ++i) {
    const struct heapster__epoch epoch = heapster__ledger_begin(&ledger);
    assert_int_equal(epoch.start, large);
    assert_int_equal(epoch.old_record, large);
  }
}

static void a_drift_keeps_the_record_of_its_own_thread(void **state) {
  (void)state;
  heapster__drift_grow(&drift, 100);
  tell();
  heapster__drift_shrink(&drift, 80);
  heapster__drift_grow(&drift, 10);
  tell();
  assert_int_equal(drift.told, 30);
  assert_int_equal(drift.record, 100);
  drift.record = drift.told;
  heapster__drift_grow(&drift, 20);
  heapster__drift_shrink(&drift, 40);
  tell();
  assert_int_equal(drift.told, 10);
  assert_int_equal(drift.record, 50);
}

static void it_is_time_to_tell_beyond_half_a_drift_on_either_side_of_nothing(void **state) {
  (void)state;
  assert_false(heapster__drift_grow(&drift, HEAPSTER__DRIFT_HALF));
  assert_true(heapster__drift_grow(&drift, 1));
  assert_false(heapster__drift_shrink(&drift, HEAPSTER__DRIFT + 1));
  assert_true(heapster__drift_shrink(&drift, 1));
  assert_true(heapster__drift_grow(&drift, (uint64_t)1 << 40));
}

static struct heapster__drift other;
static struct heapster__drift total;

static void prepare_runs(void) {
  other = total = (struct heapster__drift){0};
  heapster__drift_start(&other);
  heapster__drift_start(&total);
  heapster__run_begin(&drift, &total);
}

static void end_runs(const struct heapster__drift *last) {
  heapster__run_end(last, &total);
  heapster__drift_tell(&total, &ledger);
}

static void in_a_run_the_total_moves_as_its_heap_does(void **state) {
  (void)state;
  prepare_runs();
  heapster__drift_grow(&drift, 100);
  assert_int_equal(heapster__run_highest(&drift, &total), 100);
  heapster__drift_shrink(&drift, 60);
  assert_int_equal(heapster__run_highest(&drift, &total), 100);
  end_runs(&drift);
  assert_int_equal(heapster__ledger_told(&ledger), 40);
  assert_int_equal(record(), 100);
}

/* 100 and no more of the first, 70 more of the second on its 40; what the first reached before is not added again. */
static void the_total_of_two_runs_is_what_they_reached_together(void **state) {
  (void)state;
  prepare_runs();
  heapster__drift_grow(&drift, 100);
  heapster__drift_shrink(&drift, 60);
  heapster__run_end(&drift, &total);
  heapster__run_begin(&other, &total);
  heapster__drift_grow(&other, 70);
  heapster__run_end(&other, &total);
  heapster__run_begin(&drift, &total);
  heapster__drift_shrink(&drift, 30);
  end_runs(&drift);
  assert_int_equal(heapster__ledger_told(&ledger), 80);
  assert_int_equal(record(), 110);
  assert_int_equal(heapster__drift_highest(&drift), 100);
  assert_int_equal(heapster__drift_highest(&other), 70);
}

static volatile sig_atomic_t steps;
static volatile sig_atomic_t begin_at;
static struct heapster__epoch begun;

static void begin_an_epoch(int number) {
  (void)number;
  if (!IS_UNDER_TSAN && ++steps == begin_at) begun = heapster__ledger_begin(&ledger);
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
  heapster__ledger_move(&ledger, 1000);
  heapster__drift_grow(&drift, grown);
  heapster__drift_shrink(&drift, shrunk);
}

/* Once what it tells is in the epoch's start, a drift says no more in that epoch: its highest value is over. */
static void a_drift_told_into_a_later_epoch_leaves_its_highest_value_behind(void **state) {
  (void)state;
  prepare(5000, 4000);
  for (sig_atomic_t step = 1; is_begun_while_telling(step); prepare(5000, 4000), ++step) {
    assert_int_equal(heapster__ledger_told(&ledger), 2000);
    if (begun.start == 2000) assert_int_equal(record(), 2000);
    assert_true(record() >= 2000);
  }
}

/* An epoch that starts below has the highest value before it. */
static void a_fall_told_into_a_later_epoch_shows_in_the_old_one(void **state) {
  (void)state;
  prepare(50, 900);
  for (sig_atomic_t step = 1; is_begun_while_telling(step); prepare(50, 900), ++step) {
    assert_int_equal(heapster__ledger_told(&ledger), 150);
    assert_true(begun.start == 1000 || begun.start == 150);
    if (begun.start == 150) {
      assert_int_equal(begun.old_record, 1050);
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
