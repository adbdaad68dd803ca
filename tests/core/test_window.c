/* Windows: what they count, how they nest and how they end. */
#include "cmocka_test.h"

#include <pthread.h>
#include <string.h>

#include "figures.h"
#include "heap/heap.h"
#include "heap/window.h"
#include "window_support.h"

static struct heapster_heap *heap;
static struct heapster_heap *other;

static void assert_closed(struct heapster_window window) {
  struct heapster_stats stats;
  memset(&stats, 0x5A, sizeof stats);
  const struct heapster_stats untouched = stats;
  assert_int_equal(heapster_window_end(window, &stats), HEAPSTER_WINDOW_CLOSED);
  assert_memory_equal(&stats, &untouched, sizeof stats);
}

static void a_window_around_nothing_is_all_zeros(void **state) {
  (void)state;
  for (unsigned i = 0; i < SCOPE_COUNT; ++i) {
    struct heapster_stats nothing = {.kind = HEAPSTER_WINDOW, .scope = SCOPES[i]};
    struct heapster_stats stats = end(begin(NULL, SCOPES[i]));
    assert_true(heapster_stats_is_equal(&stats, &nothing));
    stats = end(begin(heap, SCOPES[i]));
    assert_true(heapster_stats_is_equal(&stats, &nothing));
  }
}

static void a_window_counts_what_happens_inside_it(void **state) {
  (void)state;
  for (unsigned i = 0; i < SCOPE_COUNT; ++i) {
    turn_over(heap, 5000);
    const struct heapster_window window = begin(heap, SCOPES[i]);
    void *block = heapster_heap_malloc(heap, 100);
    turn_over(heap, 700);
    turn_over(other, 9000);
    const struct heapster_stats stats = end(window);
    assert_int_equal(stats.alloc_count, 2);
    assert_int_equal(stats.alloc_sum, 800);
    assert_int_equal(stats.dealloc_sum, 700);
    assert_int_equal(stats.live_change, 1);
    assert_int_equal(stats.use_change, 100);
    assert_int_equal(stats.use_curr, 100);
    assert_int_equal(stats.use_peak, 800);
    assert_int_equal(stats.foreign_count, 0);
    heapster_heap_free(heap, block);
  }
}

static void a_windows_peak_does_not_depend_on_earlier_peaks(void **state) {
  (void)state;
  for (unsigned i = 0; i < SCOPE_COUNT; ++i) {
    turn_over(heap, 1000000);
    struct heapster_window window = begin(heap, SCOPES[i]);
    turn_over(heap, 300);
    struct heapster_stats stats = end(window);
    assert_int_equal(stats.use_peak, 300);
    assert_int_equal(stats.use_max, 0);
    heapster_reset();
    window = begin(heap, SCOPES[i]);
    turn_over(heap, 400);
    stats = end(window);
    assert_int_equal(stats.use_peak, 400);
    assert_int_equal(stats.use_max, SCOPES[i] == HEAPSTER_PROCESS ? 400 : 0);
  }
}

static void a_peak_is_above_the_use_at_the_begin(void **state) {
  (void)state;
  for (unsigned i = 0; i < SCOPE_COUNT; ++i) {
    void *block = heapster_heap_malloc(heap, 10000);
    const struct heapster_window window = begin(heap, SCOPES[i]);
    heapster_heap_free(heap, block);
    turn_over(heap, 10300);
    const struct heapster_stats stats = end(window);
    assert_int_equal(stats.use_peak, 300);
    assert_int_equal(stats.use_change, -10000);
  }
}

static void nested_windows_have_their_own_peaks(void **state) {
  (void)state;
  for (unsigned i = 0; i < SCOPE_COUNT; ++i) {
    const struct heapster_window outer = begin(heap, SCOPES[i]);
    turn_over(heap, 900);
    const struct heapster_window inner = begin(heap, SCOPES[i]);
    turn_over(heap, 200);
    const struct heapster_stats inside = end(inner);
    turn_over(heap, 50);
    const struct heapster_stats around = end(outer);
    assert_int_equal(inside.use_peak, 200);
    assert_int_equal(inside.alloc_count, 1);
    assert_int_equal(around.use_peak, 900);
    assert_int_equal(around.alloc_count, 3);
  }
}

static void windows_overlap_without_disturbing_each_other(void **state) {
  (void)state;
  for (unsigned i = 0; i < SCOPE_COUNT; ++i) {
    const struct heapster_window first = begin(heap, SCOPES[i]);
    turn_over(heap, 100);
    const struct heapster_window total = begin(NULL, SCOPES[i]);
    const struct heapster_window second = begin(heap, SCOPES[i]);
    turn_over(heap, 200);
    assert_int_equal(end(first).use_peak, 200);
    turn_over(heap, 300);
    turn_over(other, 400);
    const struct heapster_stats late = end(second);
    assert_int_equal(late.use_peak, 300);
    assert_int_equal(late.alloc_count, 2);
    assert_int_equal(end(total).use_peak, 400);
  }
}

static void a_reset_inside_does_not_disturb_a_window(void **state) {
  (void)state;
  for (unsigned i = 0; i < SCOPE_COUNT; ++i) {
    const struct heapster_window window = begin(heap, SCOPES[i]);
    turn_over(heap, 800);
    heapster_reset();
    void *block = heapster_heap_malloc(heap, 60);
    const struct heapster_stats stats = end(window);
    assert_int_equal(stats.alloc_count, 2);
    assert_int_equal(stats.alloc_sum, 860);
    assert_int_equal(stats.dealloc_sum, 800);
    assert_int_equal(stats.use_change, 60);
    assert_int_equal(stats.use_peak, 800);
    heapster_heap_free(heap, block);
  }
}

static void a_window_does_not_change_use_max(void **state) {
  (void)state;
  struct heapster_stats stats;
  heapster_reset();
  turn_over(heap, 2000);
  const struct heapster_window window = begin(heap, HEAPSTER_PROCESS);
  turn_over(heap, 2500);
  assert_int_equal(end(window).use_max, 500);
  turn_over(heap, 10);
  heapster_stats_read(heap, &stats);
  assert_int_equal(stats.use_max, 2500);
}

static void a_window_ends_once_even_if_its_entry_is_open_again(void **state) {
  (void)state;
  const struct heapster_window window = begin(NULL, HEAPSTER_PROCESS);
  end(window);
  assert_closed(window);
  const struct heapster_window again = begin(NULL, HEAPSTER_PROCESS);
  assert_int_equal(again.index, window.index);
  assert_int_not_equal(again.generation, window.generation);
  assert_closed(window);
  end(again);
}

static void what_was_never_a_window_is_closed(void **state) {
  (void)state;
  const struct heapster_window window = begin(NULL, HEAPSTER_PROCESS);
  assert_closed((struct heapster_window){0, 0});
  assert_closed((struct heapster_window){window.index, window.generation + 1});
  assert_closed((struct heapster_window){HEAPSTER_WINDOWS, 1});
  assert_closed((struct heapster_window){UINT32_MAX, UINT32_MAX});
  assert_closed((struct heapster_window){HEAPSTER_WINDOWS - 1, 0});
  end(window);
}

static void there_are_4096_windows_and_no_more(void **state) {
  (void)state;
  struct heapster_window windows[HEAPSTER_WINDOWS];
  struct heapster_window refused = {1, 1};
  for (unsigned i = 0; i < HEAPSTER_WINDOWS; ++i) windows[i] = begin(heap, SCOPES[i % SCOPE_COUNT]);
  assert_int_equal(heapster__windows_open(), HEAPSTER_WINDOWS);
  assert_int_equal(heapster_window_begin(NULL, HEAPSTER_PROCESS, &refused), HEAPSTER_TOO_MANY_WINDOWS);
  assert_int_equal(refused.index, 0);
  assert_int_equal(refused.generation, 0);
  turn_over(heap, 30);
  for (unsigned i = 0; i < HEAPSTER_WINDOWS; ++i) assert_int_equal(end(windows[i]).use_peak, 30);
  assert_int_equal(heapster__windows_open(), 0);
}

static void a_window_can_end_without_figures(void **state) {
  (void)state;
  const struct heapster_window window = begin(NULL, HEAPSTER_PROCESS);
  assert_int_equal(heapster_window_end(window, NULL), HEAPSTER_OK);
  assert_closed(window);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_window_around_nothing_is_all_zeros),
      cmocka_unit_test(a_window_counts_what_happens_inside_it),
      cmocka_unit_test(a_windows_peak_does_not_depend_on_earlier_peaks),
      cmocka_unit_test(a_peak_is_above_the_use_at_the_begin),
      cmocka_unit_test(nested_windows_have_their_own_peaks),
      cmocka_unit_test(windows_overlap_without_disturbing_each_other),
      cmocka_unit_test(a_reset_inside_does_not_disturb_a_window),
      cmocka_unit_test(a_window_does_not_change_use_max),
      cmocka_unit_test(a_window_ends_once_even_if_its_entry_is_open_again),
      cmocka_unit_test(what_was_never_a_window_is_closed),
      cmocka_unit_test(there_are_4096_windows_and_no_more),
      cmocka_unit_test(a_window_can_end_without_figures),
  };
  if (heapster_heap_create("window", NULL, &heap) || heapster_heap_create("other", NULL, &other)) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
