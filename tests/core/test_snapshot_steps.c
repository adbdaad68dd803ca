/* Readings and resets that come in between the instructions of each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <heapster/heap.h>
#include <heapster/window.h>
#include <signal.h>
#include <ucontext.h>

#include "support.h"
#include "trap.h"

/* The baseline is read or written within the first instructions; without a sanitizer, these reach beyond. */
enum { LAST_STEP = 2000, STRIDE = 37, LAST_OF_BEGIN = 600, CLOSE = 4, RECORD = 200000, TRAP_FLAG = 0x100 };

static struct heapster_heap *heap;
static struct heapster_stats stats;
static volatile sig_atomic_t steps;
static volatile sig_atomic_t step_in_at;
static void (*step_in)(void);

static void turn_over(unsigned count) {
  for (unsigned i = 0; i < count; ++i) heapster_heap_free(heap, heapster_heap_malloc(heap, 64));
}

static void read_heap(void) { heapster_stats_read(heap, &stats); }

static void reset_twice(void) {
  heapster_reset();
  heapster_reset();
}

static void work_and_reset(void) {
  turn_over(2);
  reset_twice();
}

/* Steps no further once it came in: the rest is not of interest, and every step costs a signal. */
static void come_in(int number, siginfo_t *unused, void *context) {
  (void)number;
  (void)unused;
  (void)context;
  if (IS_UNDER_TSAN || ++steps != step_in_at) return;
#if defined(__x86_64__)
  ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
#endif
  step_in();
}

/* Does both after 5 blocks came and went; the second after the n-th instruction of the first. False: that was through
   before. */
static bool is_stepped_in(void (*done)(void), void (*meanwhile)(void), sig_atomic_t step) {
  steps = 0;
  step_in_at = step;
  step_in = meanwhile;
  heapster_reset();
  turn_over(5);
  trap_every_instruction();
  done();
  trap_no_more();
  return steps >= step;
}

static void assert_before_or_after(void) {
  assert_true(stats.alloc_count == 0 || stats.alloc_count == 5);
  assert_int_equal(stats.alloc_sum, 64 * stats.alloc_count);
  assert_int_equal(stats.dealloc_count, stats.alloc_count);
  assert_int_equal(stats.dealloc_sum, stats.alloc_sum);
}

/* The second reset writes the baseline that the first replaced. */
static void a_reading_that_resets_overtake_counts_from_one_of_them(void **state) {
  (void)state;
  for (sig_atomic_t step = 1; step < LAST_STEP && is_stepped_in(read_heap, reset_twice, step); step += STRIDE)
    assert_before_or_after();
}

static void a_reading_inside_a_reset_counts_from_before_or_after(void **state) {
  (void)state;
  for (sig_atomic_t step = 1; step < LAST_STEP && is_stepped_in(heapster_reset, read_heap, step); step += STRIDE)
    assert_before_or_after();
}

static void a_reading_overtaken_by_work_and_a_reset_is_not_below_its_baseline(void **state) {
  (void)state;
  for (sig_atomic_t step = 1; step < LAST_STEP && is_stepped_in(read_heap, work_and_reset, step); step += STRIDE) {
    assert_true(stats.alloc_count <= 7 && stats.alloc_sum <= 448);
    assert_true(stats.dealloc_count <= 7 && stats.dealloc_sum <= 448);
  }
}

static void reach_a_record(void) { heapster_heap_free(heap, heapster_heap_malloc(heap, RECORD)); }

static void open_a_window(void) {
  struct heapster_window window;
  heapster_window_begin(heap, HEAPSTER_PROCESS, &window);
  heapster_window_end(window, NULL);
}

static void a_record_reached_while_a_window_begins_is_not_lost(void **state) {
  (void)state;
  for (sig_atomic_t step = 1; step < LAST_OF_BEGIN && is_stepped_in(open_a_window, reach_a_record, step);
       step += CLOSE) {
    read_heap();
    assert_int_equal(stats.use_max, RECORD);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_reading_that_resets_overtake_counts_from_one_of_them),
      cmocka_unit_test(a_reading_inside_a_reset_counts_from_before_or_after),
      cmocka_unit_test(a_reading_overtaken_by_work_and_a_reset_is_not_below_its_baseline),
      cmocka_unit_test(a_record_reached_while_a_window_begins_is_not_lost),
  };
  const struct sigaction action = {.sa_sigaction = come_in, .sa_flags = SA_SIGINFO};
  if (sigaction(SIGTRAP, &action, NULL) || heapster_heap_create("steps", NULL, &heap)) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
