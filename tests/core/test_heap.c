/* The registry of heaps: names, numbers, order, backings. */
#include "cmocka_test.h"

#include <stdio.h>
#include <string.h>

#include "commanded.h"
#include "heap/heap.h"

static struct heapster_heap some_heap; /* a failure must replace it by NULL */

static enum heapster_error create(const char *name, struct heapster_heap **heap) {
  return heapster_heap_create(name, NULL, heap);
}

static void assert_refused(enum heapster_error error, const char *name) {
  struct heapster_heap *heap = &some_heap;
  assert_int_equal(create(name, &heap), error);
  assert_null(heap);
}

/* Must run first: the other tests create heaps. */
static void at_first_there_is_no_heap(void **state) {
  (void)state;
  assert_null(heapster_heap_next(NULL));
  assert_null(heapster_heap_find("malloc"));
  assert_int_equal(heapster__last_heap(), 0);
}

static void a_heap_is_found_by_its_name(void **state) {
  (void)state;
  struct heapster_heap *heap = NULL;
  assert_int_equal(create("textures", &heap), HEAPSTER_OK);
  assert_ptr_equal(heapster_heap_find("textures"), heap);
  assert_null(heapster_heap_find("texture"));
  assert_null(heapster_heap_find("Textures"));
  assert_null(heapster_heap_find(""));
  assert_string_equal(heapster_heap_name(heap), "textures");
  assert_ptr_equal(heapster__heap_at(heap->number), heap);
}

static void the_name_is_copied(void **state) {
  (void)state;
  char name[] = "copied";
  struct heapster_heap *heap = NULL;
  assert_int_equal(create(name, &heap), HEAPSTER_OK);
  name[0] = 'X';
  assert_string_equal(heapster_heap_name(heap), "copied");
}

static void a_name_has_1_to_47_characters(void **state) {
  (void)state;
  struct heapster_heap *heap = NULL;
  char name[HEAPSTER_HEAP_NAME + 1] = "";
  assert_refused(HEAPSTER_BAD_NAME, "");
  assert_refused(HEAPSTER_BAD_NAME, NULL);
  memset(name, 'n', HEAPSTER_HEAP_NAME);
  assert_refused(HEAPSTER_BAD_NAME, name);
  name[HEAPSTER_HEAP_NAME - 1] = '\0';
  assert_int_equal(create(name, &heap), HEAPSTER_OK);
  assert_string_equal(heapster_heap_name(heap), name);
  assert_int_equal(create("1", &heap), HEAPSTER_OK);
}

static void a_name_has_letters_digits_and_four_marks(void **state) {
  (void)state;
  struct heapster_heap *heap = NULL;
  assert_int_equal(create("azAZ09_.:-", &heap), HEAPSTER_OK);
  for (unsigned character = 1; character < 256; ++character) {
    char name[] = {'x', (char)character, 'x', (char)character, '\0'};
    const bool is_good = character < 128 && strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                   "0123456789_.:-",
                                                   (int)character);
    if (!is_good) assert_refused(HEAPSTER_BAD_NAME, name);
  }
}

static void the_names_of_hooks_are_reserved(void **state) {
  (void)state;
  struct heapster_heap *heap = NULL;
  assert_refused(HEAPSTER_NAME_TAKEN, "malloc");
  assert_refused(HEAPSTER_NAME_TAKEN, "python");
  assert_refused(HEAPSTER_NAME_TAKEN, "lua");
  assert_refused(HEAPSTER_NAME_TAKEN, "lua:ui");
  assert_int_equal(create("lua_ui", &heap), HEAPSTER_OK);
  assert_int_equal(create("mallocs", &heap), HEAPSTER_OK);
}

static void a_name_is_taken_once(void **state) {
  (void)state;
  struct heapster_heap *heap = NULL;
  assert_int_equal(create("once", &heap), HEAPSTER_OK);
  assert_refused(HEAPSTER_NAME_TAKEN, "once");
}

static void heaps_follow_each_other_in_the_order_of_creation(void **state) {
  (void)state;
  struct heapster_heap *first = NULL;
  struct heapster_heap *second = NULL;
  struct heapster_heap *third = NULL;
  create("zebra", &first);
  create("ape", &second);
  create("monkey", &third);
  assert_ptr_equal(heapster_heap_next(first), second);
  assert_ptr_equal(heapster_heap_next(second), third);
  assert_null(heapster_heap_next(third));
}

static void heaps_over_the_system_share_its_map(void **state) {
  (void)state;
  struct heapster_heap *by_null = NULL;
  struct heapster_heap *by_name = NULL;
  create("by-null", &by_null);
  assert_int_equal(heapster_heap_create("by-name", heapster_allocator_system(), &by_name), HEAPSTER_OK);
  assert_ptr_equal(by_null->map, &heapster__main_map);
  assert_ptr_equal(by_name->map, &heapster__main_map);
  assert_ptr_equal(by_null->backing, heapster_allocator_system());
  assert_ptr_equal(by_name->backing, heapster_allocator_system());
}

static void a_copy_of_the_systems_allocator_is_the_systems(void **state) {
  (void)state;
  const struct heapster_allocator copy = *heapster_allocator_system();
  struct heapster_heap *heap = NULL;
  assert_int_equal(heapster_heap_create("by-copy", &copy, &heap), HEAPSTER_OK);
  assert_ptr_equal(heap->map, &heapster__main_map);
  assert_ptr_equal(heap->backing, heapster_allocator_system());
}

static struct heapster_heap *create_over(const char *name, struct heapster_allocator backing) {
  struct heapster_heap *heap = NULL;
  assert_int_equal(heapster_heap_create(name, &backing, &heap), HEAPSTER_OK);
  return heap;
}

static void heaps_over_an_equal_allocator_share_a_map(void **state) {
  (void)state;
  static struct commanded arena;
  static struct commanded other;
  const struct heapster_allocator backing = commanded_allocator(&arena, COMMANDED_WHOLE);
  const struct heapster_heap *heap = create_over("whole", backing);
  assert_ptr_equal(create_over("equal", backing)->map, heap->map);
  assert_ptr_not_equal(create_over("other-context", commanded_allocator(&other, COMMANDED_WHOLE))->map, heap->map);
  assert_ptr_not_equal(create_over("other-functions", commanded_allocator(&arena, COMMANDED_BARE))->map, heap->map);
}

static void a_hosts_backing_is_copied_and_has_its_own_map(void **state) {
  (void)state;
  static struct commanded arena;
  struct heapster_allocator backing = commanded_allocator(&arena, COMMANDED_WHOLE);
  struct heapster_heap *one = NULL;
  assert_true(commanded_open(&arena));
  assert_int_equal(heapster_heap_create("one-backing", &backing, &one), HEAPSTER_OK);
  memset(&backing, 0, sizeof backing);
  assert_ptr_not_equal(one->map, &heapster__main_map);
  heapster_heap_free(one, heapster_heap_malloc(one, 20));
  assert_int_equal(arena.log.malloc_calls, 1);
  assert_int_equal(arena.log.free_calls, 1);
  commanded_close(&arena);
}

static void the_heap_of_a_hook_opens_once(void **state) {
  (void)state;
  struct heapster_heap *heap = heapster__heap_open(HEAPSTER__PYTHON, "python");
  assert_non_null(heap);
  assert_ptr_equal(heapster__heap_open(HEAPSTER__PYTHON, "python"), heap);
  assert_ptr_equal(heapster_heap_find("python"), heap);
  assert_int_equal(heap->number, HEAPSTER__PYTHON);
  assert_null(heapster_heap_find("malloc"));
}

/* Must run last: it creates as many heaps as there can be. Two numbers are reserved for hooks. */
static void there_are_254_heaps_and_no_more(void **state) {
  (void)state;
  struct heapster_heap *heap = NULL;
  unsigned count = 0;
  for (unsigned i = 0; heapster__last_heap() < HEAPSTER_HEAPS; ++i) {
    char name[HEAPSTER_HEAP_NAME];
    snprintf(name, sizeof name, "heap.%u", i);
    assert_int_equal(create(name, &heap), HEAPSTER_OK);
    assert_int_equal(heap->number, heapster__last_heap());
  }
  assert_refused(HEAPSTER_TOO_MANY_HEAPS, "one-too-many");
  assert_null(heapster_heap_find("one-too-many"));
  assert_non_null(heapster__heap_open(HEAPSTER__MALLOC, "malloc"));
  for (heap = NULL; (heap = heapster_heap_next(heap));) ++count;
  assert_int_equal(count, HEAPSTER_HEAPS);
  heap = heapster__heap_at(HEAPSTER_HEAPS);
  heapster_heap_free(heap, heapster_heap_malloc(heap, 300));
  struct heapster_stats stats;
  heapster_stats_read(heap, &stats);
  assert_int_equal(stats.dealloc_sum, 300);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(at_first_there_is_no_heap),
      cmocka_unit_test(a_heap_is_found_by_its_name),
      cmocka_unit_test(the_name_is_copied),
      cmocka_unit_test(a_name_has_1_to_47_characters),
      cmocka_unit_test(a_name_has_letters_digits_and_four_marks),
      cmocka_unit_test(the_names_of_hooks_are_reserved),
      cmocka_unit_test(a_name_is_taken_once),
      cmocka_unit_test(heaps_follow_each_other_in_the_order_of_creation),
      cmocka_unit_test(heaps_over_the_system_share_its_map),
      cmocka_unit_test(a_copy_of_the_systems_allocator_is_the_systems),
      cmocka_unit_test(heaps_over_an_equal_allocator_share_a_map),
      cmocka_unit_test(a_hosts_backing_is_copied_and_has_its_own_map),
      cmocka_unit_test(the_heap_of_a_hook_opens_once),
      cmocka_unit_test(there_are_254_heaps_and_no_more),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
