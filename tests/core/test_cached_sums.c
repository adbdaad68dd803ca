/* Readings: kept while nothing happens, and never from the midst of an act for good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>

#include "heap/cached_sums.h"
#include "support.h"
#include "trap.h"
#include "window_support.h"

enum { MOST_STEPS = 20000, COUNTERS = offsetof(struct heapster__totals, is_large) };

static struct heapster_heap *heap;
static struct heapster_heap *other;
static struct heapster__cached_sums kept;
static void *block;

/* One place, whatever the size: an allocator of few instructions, so that most steps are the core's. */
static _Alignas(16) unsigned char memory[1 << 20];

static void *place(void *context, size_t size) {
  (void)context;
  return size > sizeof memory ? NULL : memory;
}

static void *place_again(void *context, void *old, size_t size) {
  (void)old;
  return place(context, size);
}

static void leave_it(void *context, void *old) {
  (void)context;
  (void)old;
}

static struct heapster_heap *heap_named(const char *name) {
  const struct heapster_allocator backing = {.malloc = place, .realloc = place_again, .free = leave_it};
  struct heapster_heap *made;
  return heapster_heap_create(name, &backing, &made) ? NULL : made;
}

static void refresh(void) { heapster__cached_sums_refresh(&kept, NULL, heap->number); }

static bool is_up_to_date(void) {
  struct heapster__totals now = {0};
  heapster__sum(&now, heap->number);
  return memcmp((const char *)&now, (const char *)&kept.totals, COUNTERS) == 0;
}

static void ask_for_nothing(void) { block = heapster_heap_malloc(heap, 0); }
static void ask_little(void) { block = heapster_heap_malloc(heap, 300); }
static void ask_much(void) { block = heapster_heap_malloc(heap, 1 << 20); }
static void free_it(void) { heapster_heap_free(heap, block); }
static void resize_to(size_t size) { block = heapster_heap_realloc(heap, block, size); }
static void grow(void) { resize_to(400); }
static void stay(void) { resize_to(300); }
static void shrink(void) { resize_to(20); }
static void ask_too_much(void) { assert_null(heapster_heap_malloc(heap, SIZE_MAX)); }
static void grow_too_much(void) { assert_null(heapster_heap_realloc(heap, block, SIZE_MAX)); }

/* What is there before the act, and what is left behind it. */
static const struct act {
  void (*before)(void);
  void (*act)(void);
  bool leaves_block;
} acts[] = {
    {NULL, ask_for_nothing, true},     {NULL, ask_little, true},          {NULL, ask_much, true},
    {ask_for_nothing, free_it, false}, {ask_little, free_it, false},      {ask_much, free_it, false},
    {ask_little, grow, true},          {ask_little, stay, true},          {ask_little, shrink, true},
    {NULL, ask_too_much, false},       {ask_little, grow_too_much, true},
};
enum { ACTS = sizeof acts / sizeof acts[0] };

static void what_happened_is_read(void **state) {
  (void)state;
  for (unsigned i = 0; i < ACTS; ++i) {
    if (acts[i].before) acts[i].before();
    refresh();
    acts[i].act();
    assert_false(is_up_to_date());
    refresh();
    assert_true(is_up_to_date());
    if (acts[i].leaves_block) free_it();
  }
}

static void where_nothing_happened_nothing_is_read(void **state) {
  (void)state;
  refresh();
  kept.totals.alloc_sum += 1; /* stays, as nobody looks */
  refresh();
  assert_false(is_up_to_date());
  kept.is_filled = false;
  refresh();
  assert_true(is_up_to_date());
}

/* A reading after every instruction of an act. */
static struct heapster__cached_sums inside[MOST_STEPS];
static volatile sig_atomic_t steps;

static void step_in(int number) {
  (void)number;
  if (steps == MOST_STEPS) return;
  inside[steps].is_filled = false;
  heapster__cached_sums_refresh(&inside[steps], NULL, heap->number);
  steps++;
}

static void read_inside(const struct act *act) {
  if (act->before) act->before();
  steps = 0;
  trap_every_instruction();
  act->act();
  trap_no_more();
  assert_int_not_equal(steps, MOST_STEPS);
  struct heapster__totals now = {0};
  heapster__sum(&now, heap->number);
  for (sig_atomic_t step = 0; step < steps; ++step) {
    heapster__cached_sums_refresh(&inside[step], NULL, heap->number);
    assert_memory_equal(&inside[step].totals, &now, COUNTERS);
  }
  if (act->leaves_block) free_it();
}

static void a_reading_from_within_an_act_is_not_taken_for_one_after_it(void **state) {
  (void)state;
  if (IS_UNDER_TSAN) skip();  /* it holds locks of its own inside an atomic operation */
  heap = heap_named("steps"); /* its first large alloc makes more of it to read, by one of the last instructions */
  assert_non_null(heap);
  for (unsigned i = 0; i < ACTS; ++i) read_inside(&acts[i]);
}

/* Windows keep readings in their places. */

static void a_window_begins_anew_whatever_its_place_read_before(void **state) {
  (void)state;
  for (unsigned i = 0; i < SCOPE_COUNT; ++i) {
    end(begin(heap, SCOPES[i]));
    turn_over(heap, 0);
    struct heapster_window window = begin(heap, SCOPES[i]);
    turn_over(heap, 0);
    struct heapster_stats stats = end(window);
    assert_int_equal(stats.alloc_count, 1);
    assert_int_equal(stats.dealloc_count, 1);
    window = begin(other, SCOPES[i]);
    turn_over(heap, 10);
    assert_int_equal(end(window).alloc_count, 0);
    window = begin(NULL, SCOPES[i]);
    turn_over(other, 500000);
    stats = end(window);
    assert_int_equal(stats.alloc_count, 1);
    assert_int_equal(stats.alloc_histogram.buckets[18], 1);
  }
}

static void a_window_in_which_nothing_happened_leaves_the_peaks_of_others_alone(void **state) {
  (void)state;
  for (unsigned i = 0; i < SCOPE_COUNT; ++i) {
    const struct heapster_window outer = begin(heap, SCOPES[i]);
    turn_over(heap, 900);
    end(begin(heap, SCOPES[i]));
    const struct heapster_window inner = begin(heap, SCOPES[i]);
    turn_over(heap, 200);
    assert_int_equal(end(inner).use_peak, 200);
    end(begin(heap, SCOPES[i]));
    assert_int_equal(end(outer).use_peak, 900);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_reading_from_within_an_act_is_not_taken_for_one_after_it),
      cmocka_unit_test(what_happened_is_read),
      cmocka_unit_test(where_nothing_happened_nothing_is_read),
      cmocka_unit_test(a_window_begins_anew_whatever_its_place_read_before),
      cmocka_unit_test(a_window_in_which_nothing_happened_leaves_the_peaks_of_others_alone),
  };
  const struct sigaction action = {.sa_handler = step_in};
  heap = heap_named("reading");
  other = heap_named("other");
  if (!heap || !other || sigaction(SIGTRAP, &action, NULL)) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
