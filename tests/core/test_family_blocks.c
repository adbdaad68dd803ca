/* The malloc hook and blocks of other origin: older ones, those of other operators, a named heap's, nested ones. */
#include "cmocka_test.h"

#include <string.h>

#include "hooked_family.h"

static void bootstrap_blocks_are_not_counted_and_resizing_copies_them(void **state) {
  (void)state;
  heapster__counted_free(bootstrap_block);
  char *block = heapster__counted_realloc(bootstrap_block, 100);
  assert_string_equal(block, "from before");
  char *piece = heapster__counted_realloc(bootstrap_block, 4);
  assert_memory_equal(piece, "from", 4);
  heapster__counted_free(block);
  heapster__counted_free(piece);
  assert_int_equal(arena.log.free_calls, 2);
  const struct heapster_stats stats = end_window();
  assert_int_equal(stats.alloc_sum, 104);
  assert_int_equal(stats.unseen_alloc_count, 0);
}

static void blocks_from_before_the_hook_are_reported(void **state) {
  (void)state;
  void *freed = family_malloc(50);
  void *resized = family_malloc(60);
  heapster__counted_free(freed);
  heapster__counted_free(heapster__counted_realloc(resized, 70));
  const struct heapster_stats stats = end_window();
  assert_int_equal(stats.unseen_alloc_count, 2);
  assert_int_equal(stats.alloc_sum, 70);
  assert_int_equal(stats.dealloc_sum, 70);
}

static void a_named_heap_calls_the_next_allocator(void **state) {
  (void)state;
  struct heapster_heap *named = heapster_heap_find("named");
  struct heapster_stats before;
  struct heapster_stats after;
  heapster_stats_read(named, &before);
  heapster__counted_free(heapster_heap_malloc(named, 70)); /* the public free records it for the named heap */
  heapster_stats_read(named, &after);
  assert_int_equal(after.alloc_sum - before.alloc_sum, 70);
  assert_int_equal(after.dealloc_sum - before.dealloc_sum, 70);
  assert_int_equal(arena.log.malloc_calls, 1);
  const struct heapster_stats stats = end_window();
  assert_int_equal(stats.alloc_count + stats.dealloc_count + stats.unseen_alloc_count, 0);
}

#ifndef HEAPSTER_SHARED_COUNTERS

/* An operator new of the allocator's own that calls the public malloc, as jemalloc's does once it has run the handler.
 */
static void *find_memory(size_t size, const void *found) {
  return found ? heapster__counted_malloc(size + 7) : heapster__counted_malloc(SIZE_MAX / 2);
}

static void a_new_that_is_passed_on_is_one_refusal_and_one_request(void **state) {
  (void)state;
  void *block = heapster__pass_new_on(find_memory, 50, "found");
  assert_null(heapster__pass_new_on(find_memory, 60, NULL));
  heapster__counted_free(block);
  const struct heapster_stats stats = end_window();
  assert_int_equal(stats.alloc_fail_count, 2);
  assert_int_equal(stats.alloc_count, 1);
  assert_int_equal(stats.alloc_sum, 50);
  assert_int_equal(stats.dealloc_sum, 50);
  assert_int_equal(stats.unseen_alloc_count, 0);
}

/* As musl's calloc, memalign and posix_memalign do. */
static void *calloc_by_public_malloc(size_t count, size_t size) {
  void *block = heapster__counted_malloc(count * size);
  return block ? memset(block, 0, count * size) : NULL;
}

static void *aligned_by_public_malloc(size_t alignment, size_t size) {
  (void)alignment;
  return heapster__counted_malloc(size);
}

static void a_family_that_calls_the_public_malloc_is_counted_once(void **state) {
  (void)state;
  struct heapster__malloc_hook comes_back = hook;
  comes_back.comes_back = true;
  comes_back.next.calloc = calloc_by_public_malloc;
  comes_back.next.aligned_alloc = aligned_by_public_malloc;
  assert_true(heapster__malloc_start(&comes_back));
  void *block = heapster__counted_calloc(3, 50);
  void *aligned = heapster__counted_aligned_alloc(16, 70);
  struct heapster_heap *named = heapster_heap_find("named");
  void *of_named = heapster_heap_calloc(named, 1, 500);
  assert_true(heapster__malloc_start(&hook));
  heapster__counted_free(block);
  heapster__counted_free(aligned);
  heapster_heap_free(named, of_named);
  const struct heapster_stats stats = end_window();
  assert_int_equal(stats.alloc_count, 2);
  assert_int_equal(stats.alloc_sum, 220);
  assert_int_equal(stats.dealloc_sum, 220);
}

#endif

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_window, close_window)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(bootstrap_blocks_are_not_counted_and_resizing_copies_them),
      TEST(blocks_from_before_the_hook_are_reported),
      TEST(a_named_heap_calls_the_next_allocator),
#ifndef HEAPSTER_SHARED_COUNTERS
      TEST(a_new_that_is_passed_on_is_one_refusal_and_one_request),
      TEST(a_family_that_calls_the_public_malloc_is_counted_once),
#endif
  };
  struct heapster_heap *named = NULL;
  if (!heapster__malloc_start(&hook) || heapster_heap_create("named", NULL, &named)) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
