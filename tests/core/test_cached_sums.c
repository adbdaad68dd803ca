/* Cached sums: kept while nothing happens; never kept if they were read in the middle of an operation. */
#include "cmocka_test.h"

#include <signal.h>
#include <string.h>

#include "heap/cached_sums.h"
#include "support.h"
#include "trap.h"
#include "window_support.h"

enum { STEP_LIMIT = 20000, COUNTERS = offsetof(struct heapster__totals, is_large) };

static struct heapster_heap *heap;
static struct heapster_heap *other;
static struct heapster__cached_sums kept;
static void *block;

/* One address for every block: the allocator has few instructions, so most steps are the core's. */
static _Alignas(16) unsigned char memory[1 << 20];

static void *allocate(void *context, size_t size) {
  (void)context;
  return size > sizeof memory ? NULL : memory;
}

static void *resize(void *context, void *old, size_t size) {
  (void)old;
  return allocate(context, size);
}

static void discard(void *context, void *old) {
  (void)context;
  (void)old;
}

static struct heapster_heap *create_heap(const char *name) {
  const struct heapster_allocator backing = {.malloc = allocate, .realloc = resize, .free = discard};
  struct heapster_heap *made;
  return heapster_heap_create(name, &backing, &made) ? NULL : made;
}

static void refresh(void) { heapster__cached_sums_refresh(&kept, NULL, heap->number); }

static bool is_up_to_date(void) {
  struct heapster__totals now = {0};
  heapster__sum(&now, NULL, heap->number);
  return !memcmp((const char *)&now, (const char *)&kept.totals, COUNTERS);
}

static void allocate_nothing(void) { block = heapster_heap_malloc(heap, 0); }
static void allocate_little(void) { block = heapster_heap_malloc(heap, 300); }
static void allocate_much(void) { block = heapster_heap_malloc(heap, 1 << 20); }
static void free_block(void) { heapster_heap_free(heap, block); }
static void resize_to(size_t size) { block = heapster_heap_realloc(heap, block, size); }
static void grow(void) { resize_to(400); }
static void stay(void) { resize_to(300); }
static void shrink(void) { resize_to(20); }
static void allocate_too_much(void) { assert_null(heapster_heap_malloc(heap, SIZE_MAX)); }
static void grow_too_much(void) { assert_null(heapster_heap_realloc(heap, block, SIZE_MAX)); }

/* What runs before the operation, and whether it leaves a block. */
static const struct operation {
  void (*before)(void);
  void (*run)(void);
  bool leaves_block;
} operations[] = {
    {NULL, allocate_nothing, true},        {NULL, allocate_little, true},          {NULL, allocate_much, true},
    {allocate_nothing, free_block, false}, {allocate_little, free_block, false},   {allocate_much, free_block, false},
    {allocate_little, grow, true},         {allocate_little, stay, true},          {allocate_little, shrink, true},
    {NULL, allocate_too_much, false},      {allocate_little, grow_too_much, true},
};
enum { OPERATIONS = sizeof operations / sizeof operations[0] };

static void every_operation_is_read(void **state) {
  (void)state;
  for (unsigned i = 0; i < OPERATIONS; ++i) {
    if (operations[i].before) operations[i].before();
    refresh();
    operations[i].run();
    assert_false(is_up_to_date());
    refresh();
    assert_true(is_up_to_date());
    if (operations[i].leaves_block) free_block();
  }
}

static void if_nothing_happened_nothing_is_read(void **state) {
  (void)state;
  refresh();
  kept.totals.alloc_sum += 1; /* stays if the counters are not read */
  refresh();
  assert_false(is_up_to_date());
  kept.is_filled = false;
  refresh();
  assert_true(is_up_to_date());
}

/* Sums cached after every instruction of an operation. */
static struct heapster__cached_sums inside[STEP_LIMIT];
static volatile sig_atomic_t steps;

static void fill_at_step(int number) {
  (void)number;
  if (steps == STEP_LIMIT) return;
  inside[steps].is_filled = false;
  heapster__cached_sums_refresh(&inside[steps], NULL, heap->number);
  steps++;
}

static void fill_inside(const struct operation *operation) {
  if (operation->before) operation->before();
  steps = 0;
  trap_every_instruction();
  operation->run();
  trap_no_more();
  assert_int_not_equal(steps, STEP_LIMIT);
  struct heapster__totals now = {0};
  heapster__sum(&now, NULL, heap->number);
  for (sig_atomic_t step = 0; step < steps; ++step) {
    heapster__cached_sums_refresh(&inside[step], NULL, heap->number);
    assert_memory_equal(&inside[step].totals, &now, COUNTERS);
  }
  if (operation->leaves_block) free_block();
}

static void sums_read_inside_an_operation_are_read_again_after_it(void **state) {
  (void)state;
  if (IS_UNDER_TSAN) skip();   /* it holds its own locks inside an atomic operation */
  heap = create_heap("steps"); /* after its first large alloc more buckets are read */
  assert_non_null(heap);
  for (unsigned i = 0; i < OPERATIONS; ++i) fill_inside(&operations[i]);
}

/* Windows keep cached sums in their entries. */

static void a_window_does_not_begin_with_outdated_sums_of_its_entry(void **state) {
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

static void an_empty_window_leaves_the_peaks_of_others_alone(void **state) {
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
      cmocka_unit_test(sums_read_inside_an_operation_are_read_again_after_it),
      cmocka_unit_test(every_operation_is_read),
      cmocka_unit_test(if_nothing_happened_nothing_is_read),
      cmocka_unit_test(a_window_does_not_begin_with_outdated_sums_of_its_entry),
      cmocka_unit_test(an_empty_window_leaves_the_peaks_of_others_alone),
  };
  const struct sigaction action = {.sa_handler = fill_at_step};
  heap = create_heap("cached");
  other = create_heap("other");
  if (!heap || !other || sigaction(SIGTRAP, &action, NULL)) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
