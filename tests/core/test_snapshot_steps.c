/* Snapshots, resets and windows in a signal handler after any instruction of each other. */
#include "cmocka_test.h"

#include <heapster/heap.h>
#include <heapster/window.h>
#include <signal.h>
#include <ucontext.h>

#include "support.h"
#include "trap.h"

/* Without a sanitizer, LAST_STEP instructions suffice to read or write a baseline. */
enum { LAST_STEP = 2000, STRIDE = 37, LAST_OF_BEGIN = 600, CLOSE = 4, PEAK = 200000, TRAP_FLAG = 0x100 };

static struct heapster_heap *heap;
static struct heapster_stats stats;
static volatile sig_atomic_t steps;
static volatile sig_atomic_t interrupt_at;
static void (*interruption)(void);

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

/* Runs the interruption once, then clears the trap flag: each further step would cost a signal. */
static void interrupt(int number, siginfo_t *unused, void *context) {
  (void)number;
  (void)unused;
  (void)context;
  if (IS_UNDER_TSAN || ++steps != interrupt_at) return;
#if defined(__x86_64__)
  ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
#endif
  interruption();
}

/* Allocates and frees 5 blocks, then runs `function` and, after its n-th instruction, `meanwhile`. False: it has fewer
   instructions. */
static bool run_interrupted(void (*function)(void), void (*meanwhile)(void), sig_atomic_t step) {
  steps = 0;
  interrupt_at = step;
  interruption = meanwhile;
  heapster_reset();
  turn_over(5);
  trap_every_instruction();
  function();
  trap_no_more();
  return steps >= step;
}

static void assert_before_or_after(void) {
  assert_true(!stats.alloc_count || stats.alloc_count == 5);
  assert_int_equal(stats.alloc_sum, 64 * stats.alloc_count);
  assert_int_equal(stats.dealloc_count, stats.alloc_count);
  assert_int_equal(stats.dealloc_sum, stats.alloc_sum);
}

/* The second reset writes the baseline that the first replaced. */
static void a_snapshot_overtaken_by_resets_counts_from_one_of_them(void **state) {
  (void)state;
  for (sig_atomic_t step = 1; step < LAST_STEP && run_interrupted(read_heap, reset_twice, step); step += STRIDE)
    assert_before_or_after();
}

static void a_snapshot_inside_a_reset_counts_from_before_or_after_it(void **state) {
  (void)state;
  for (sig_atomic_t step = 1; step < LAST_STEP && run_interrupted(heapster_reset, read_heap, step); step += STRIDE)
    assert_before_or_after();
}

static void a_snapshot_overtaken_by_work_and_resets_is_not_below_its_baseline(void **state) {
  (void)state;
  for (sig_atomic_t step = 1; step < LAST_STEP && run_interrupted(read_heap, work_and_reset, step); step += STRIDE) {
    assert_true(stats.alloc_count <= 7 && stats.alloc_sum <= 448);
    assert_true(stats.dealloc_count <= 7 && stats.dealloc_sum <= 448);
  }
}

static void reach_peak(void) { heapster_heap_free(heap, heapster_heap_malloc(heap, PEAK)); }

static void use_window(void) {
  struct heapster_window window;
  heapster_window_begin(heap, HEAPSTER_PROCESS, &window);
  heapster_window_end(window, NULL);
}

static void a_peak_reached_while_a_window_begins_is_not_lost(void **state) {
  (void)state;
  for (sig_atomic_t step = 1; step < LAST_OF_BEGIN && run_interrupted(use_window, reach_peak, step); step += CLOSE) {
    read_heap();
    assert_int_equal(stats.use_max, PEAK);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_snapshot_overtaken_by_resets_counts_from_one_of_them),
      cmocka_unit_test(a_snapshot_inside_a_reset_counts_from_before_or_after_it),
      cmocka_unit_test(a_snapshot_overtaken_by_work_and_resets_is_not_below_its_baseline),
      cmocka_unit_test(a_peak_reached_while_a_window_begins_is_not_lost),
  };
  const struct sigaction action = {.sa_sigaction = interrupt, .sa_flags = SA_SIGINFO};
  if (sigaction(SIGTRAP, &action, NULL) || heapster_heap_create("steps", NULL, &heap)) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
