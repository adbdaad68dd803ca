/* High-water marks: pending bytes, peaks and their intervals. */
#include "cmocka_test.h"

#include <signal.h>

#include "count/fast.h"
#include "support.h"
#include "trap.h"
#include "under_lock.h"

static struct heapster__high_water mark;
static struct heapster__pending pending;

static int set_up(void **state) {
  (void)state;
  mark = (struct heapster__high_water){0};
  pending = (struct heapster__pending){0};
  heapster__pending_init(&pending);
  return 0;
}

static int64_t peak_of_mark(void) { return heapster__high_water_peak(&mark); }

static void flush(void) { heapster__pending_flush(&pending, &mark); }

static void a_flush_moves_the_pending_bytes_and_their_peak_into_the_mark(void **state) {
  (void)state;
  heapster__pending_grow(&pending, 100);
  heapster__pending_shrink(&pending, 60);
  assert_int_equal(heapster__pending_bytes(&pending), 40);
  assert_int_equal(heapster__load_acquire(&mark.current), 0);
  flush();
  assert_int_equal(heapster__load_acquire(&mark.current), 40);
  assert_int_equal(peak_of_mark(), 100);
}

static void flushed_bytes_are_not_flushed_again(void **state) {
  (void)state;
  heapster__pending_grow(&pending, 100);
  flush();
  flush();
  assert_int_equal(heapster__load_acquire(&mark.current), 100);
  assert_int_equal(heapster__pending_bytes(&pending), 0);
  assert_int_equal(heapster__pending_peak(&pending), 0);
}

static void the_pending_peak_is_known_before_the_use_falls(void **state) {
  (void)state;
  heapster__pending_grow(&pending, 100);
  assert_int_equal(heapster__pending_peak(&pending), 100);
  heapster__pending_shrink(&pending, 60);
  heapster__pending_grow(&pending, 30);
  assert_int_equal(heapster__pending_peak(&pending), 100);
}

static void a_flush_after_a_fall_has_the_peak_before_it(void **state) {
  (void)state;
  heapster__high_water_move(&mark, 1000);
  heapster__pending_grow(&pending, 50);
  heapster__pending_shrink(&pending, 500);
  flush();
  assert_int_equal(heapster__load_acquire(&mark.current), 550);
  assert_int_equal(peak_of_mark(), 1050);
}

static void the_peak_does_not_fall_with_the_use(void **state) {
  (void)state;
  heapster__high_water_move(&mark, 300);
  heapster__high_water_move(&mark, -200);
  heapster__high_water_move(&mark, 100);
  assert_int_equal(heapster__load_acquire(&mark.current), 200);
  assert_int_equal(peak_of_mark(), 300);
}

static void pending_bytes_of_several_threads_add_up(void **state) {
  (void)state;
  struct heapster__pending another = {0};
  heapster__pending_init(&another);
  heapster__pending_grow(&pending, 70);
  heapster__pending_grow(&another, 30);
  flush();
  heapster__pending_flush(&another, &mark);
  assert_int_equal(heapster__load_acquire(&mark.current), 100);
  assert_int_equal(peak_of_mark(), 100);
}

static void an_interval_starts_at_the_flushed_use_and_returns_the_earlier_peak(void **state) {
  (void)state;
  heapster__high_water_move(&mark, 300);
  heapster__high_water_move(&mark, -200);
  const struct heapster__peak_interval interval = begin_interval(&mark);
  assert_field(interval, start, 100);
  assert_field(interval, earlier_peak, 300);
  assert_int_equal(peak_of_mark(), 100);
  heapster__high_water_move(&mark, 50);
  assert_field(begin_interval(&mark), earlier_peak, 150);
}

static void use_below_0_counts_as_0(void **state) {
  (void)state;
  heapster__high_water_move(&mark, -500);
  const struct heapster__peak_interval interval = begin_interval(&mark);
  assert_field(interval, start, 0);
  assert_field(interval, earlier_peak, 0);
  assert_int_equal(peak_of_mark(), 0);
  heapster__high_water_move(&mark, 600);
  assert_int_equal(peak_of_mark(), 100);
}

static void peaks_hold_after_the_interval_number_wraps(void **state) {
  (void)state;
  const int64_t large = (int64_t)1 << 47;
  heapster__high_water_move(&mark, large);
  for (unsigned i = 0; i < (1 << 16) + 3; ++i) {
    const struct heapster__peak_interval interval = begin_interval(&mark);
    assert_field(interval, start, large);
    assert_field(interval, earlier_peak, large);
  }
}

static void pending_bytes_keep_the_peak_of_their_own_thread(void **state) {
  (void)state;
  heapster__pending_grow(&pending, 100);
  flush();
  heapster__pending_shrink(&pending, 80);
  heapster__pending_grow(&pending, 10);
  flush();
  assert_field(pending, flushed, 30);
  assert_field(pending, peak, 100);
  pending.peak = pending.flushed;
  heapster__pending_grow(&pending, 20);
  heapster__pending_shrink(&pending, 40);
  flush();
  assert_field(pending, flushed, 10);
  assert_field(pending, peak, 50);
}

static void a_flush_is_due_beyond_half_the_span_above_and_below_0(void **state) {
  (void)state;
  assert_false(heapster__pending_grow(&pending, HEAPSTER__PENDING_HALF));
  assert_true(heapster__pending_grow(&pending, 1));
  assert_false(heapster__pending_shrink(&pending, HEAPSTER__PENDING_SPAN + 1));
  assert_true(heapster__pending_shrink(&pending, 1));
  assert_true(heapster__pending_grow(&pending, (uint64_t)1 << 40));
}

static struct heapster__pending other;
static struct heapster__pending total;

static void activate_pending(void) {
  other = total = (struct heapster__pending){0};
  heapster__pending_init(&other);
  heapster__pending_init(&total);
  heapster__active_begin(&pending, &total);
}

static void flush_total(const struct heapster__pending *last) {
  heapster__active_end(last, &total);
  heapster__pending_flush(&total, &mark);
}

static void the_total_moves_as_the_active_heap_does(void **state) {
  (void)state;
  activate_pending();
  heapster__pending_grow(&pending, 100);
  assert_int_equal(heapster__active_peak(&pending, &total), 100);
  heapster__pending_shrink(&pending, 60);
  assert_int_equal(heapster__active_peak(&pending, &total), 100);
  flush_total(&pending);
  assert_int_equal(heapster__load_acquire(&mark.current), 40);
  assert_int_equal(peak_of_mark(), 100);
}

/* 100 of the first heap, then 70 of the second on top of the first's 40; the earlier peak of the first is not added
   again. */
static void the_total_of_two_heaps_in_turn_peaks_at_what_they_reached_together(void **state) {
  (void)state;
  activate_pending();
  heapster__pending_grow(&pending, 100);
  heapster__pending_shrink(&pending, 60);
  heapster__active_end(&pending, &total);
  heapster__active_begin(&other, &total);
  heapster__pending_grow(&other, 70);
  heapster__active_end(&other, &total);
  heapster__active_begin(&pending, &total);
  heapster__pending_shrink(&pending, 30);
  flush_total(&pending);
  assert_int_equal(heapster__load_acquire(&mark.current), 80);
  assert_int_equal(peak_of_mark(), 110);
  assert_int_equal(heapster__pending_peak(&pending), 100);
  assert_int_equal(heapster__pending_peak(&other), 70);
}

static volatile sig_atomic_t steps;
static volatile sig_atomic_t begin_at;
static struct heapster__peak_interval interval_begun;

static void begin_interval_in_handler(int number) {
  (void)number;
  if (!IS_UNDER_TSAN && ++steps == begin_at) interval_begun = begin_interval(&mark);
}

/* Flushes, and begins an interval after the n-th instruction of that. False: the flush ended before. */
static bool begin_interval_during_flush(sig_atomic_t step) {
  steps = 0;
  begin_at = step;
  trap_every_instruction();
  flush();
  trap_no_more();
  return steps >= begin_at;
}

static void prepare_flush(uint64_t grown, uint64_t shrunk) {
  set_up(NULL);
  heapster__high_water_move(&mark, 1000);
  heapster__pending_grow(&pending, grown);
  heapster__pending_shrink(&pending, shrunk);
}

/* Once the flushed bytes are in the interval's start, their peak is over and must not count in that interval. */
static void a_flush_into_a_later_interval_leaves_its_peak_out(void **state) {
  (void)state;
  prepare_flush(5000, 4000);
  for (sig_atomic_t step = 1; begin_interval_during_flush(step); prepare_flush(5000, 4000), ++step) {
    assert_int_equal(heapster__load_acquire(&mark.current), 2000);
    if (interval_begun.start == 2000) assert_int_equal(peak_of_mark(), 2000);
    assert_true(peak_of_mark() >= 2000);
  }
}

/* If the interval starts after the fall, the peak is in the one before it. */
static void a_fall_flushed_into_a_later_interval_peaks_in_the_earlier_one(void **state) {
  (void)state;
  prepare_flush(50, 900);
  for (sig_atomic_t step = 1; begin_interval_during_flush(step); prepare_flush(50, 900), ++step) {
    assert_int_equal(heapster__load_acquire(&mark.current), 150);
    assert_true(interval_begun.start == 1000 || interval_begun.start == 150);
    if (interval_begun.start == 150) {
      assert_field(interval_begun, earlier_peak, 1050);
      assert_int_equal(peak_of_mark(), 150);
    }
  }
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_flush_moves_the_pending_bytes_and_their_peak_into_the_mark),
      TEST(flushed_bytes_are_not_flushed_again),
      TEST(a_flush_after_a_fall_has_the_peak_before_it),
      TEST(the_peak_does_not_fall_with_the_use),
      TEST(pending_bytes_of_several_threads_add_up),
      TEST(an_interval_starts_at_the_flushed_use_and_returns_the_earlier_peak),
      TEST(use_below_0_counts_as_0),
      TEST(peaks_hold_after_the_interval_number_wraps),
      TEST(pending_bytes_keep_the_peak_of_their_own_thread),
      TEST(the_pending_peak_is_known_before_the_use_falls),
      TEST(a_flush_is_due_beyond_half_the_span_above_and_below_0),
      TEST(the_total_moves_as_the_active_heap_does),
      TEST(the_total_of_two_heaps_in_turn_peaks_at_what_they_reached_together),
      TEST(a_flush_into_a_later_interval_leaves_its_peak_out),
      TEST(a_fall_flushed_into_a_later_interval_peaks_in_the_earlier_one),
  };
  signal(SIGTRAP, begin_interval_in_handler);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
