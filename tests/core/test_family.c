/* The malloc family, counted, over an allocator that can be commanded. */
#include "cmocka_test.h"

#include <errno.h>
#include <string.h>

#include "hooked_family.h"

static void sizes_below_17_are_padded_to_17_and_counted_as_requested(void **state) {
  (void)state;
  for (size_t size = 0; size <= 17; ++size) {
    heapster__counted_free(heapster__counted_malloc(size));
    assert_int_equal(arena.log.last_size, 17);
  }
  const struct heapster_stats stats = end_window();
  assert_int_equal(stats.alloc_count, 18);
  assert_int_equal(stats.alloc_sum, 153);
  assert_int_equal(stats.dealloc_sum, 153);
  assert_int_equal(errno, 4711);
}

static void a_small_calloc_is_passed_on_as_1_of_17(void **state) {
  (void)state;
  heapster__counted_free(heapster__counted_calloc(3, 5));
  assert_int_equal(last_count, 1);
  assert_int_equal(last_size, 17);
  heapster__counted_free(heapster__counted_calloc(0, 100));
  assert_int_equal(last_count, 1);
  assert_int_equal(last_size, 17);
  heapster__counted_free(heapster__counted_calloc(3, 50));
  assert_int_equal(last_count, 3);
  assert_int_equal(last_size, 50);
  assert_int_equal(end_window().alloc_sum, 165);
}

static void a_calloc_that_overflows_is_refused_by_the_next_allocator(void **state) {
  (void)state;
  assert_null(heapster__counted_calloc((size_t)1 << 32, ((size_t)1 << 32) + 1));
  assert_null(heapster__counted_calloc((size_t)1 << 32, (size_t)1 << 32)); /* the product is 0 */
  assert_int_equal(last_count, (size_t)1 << 32);
  assert_int_equal(errno, ENOMEM);
  assert_int_equal(end_window().alloc_fail_count, 2);
}

static void refusals_are_counted_and_keep_the_next_allocators_errno(void **state) {
  (void)state;
  void *block = heapster__counted_malloc(20);
  arena.refuses_all = true;
  assert_null(heapster__counted_malloc(5));
  assert_int_equal(errno, ENOMEM);
  errno = 0;
  assert_null(heapster__counted_realloc(block, 5000));
  assert_int_equal(errno, ENOMEM);
  heapster__counted_free(block);
  const struct heapster_stats stats = end_window();
  assert_int_equal(stats.alloc_fail_count, 1);
  assert_int_equal(stats.realloc_fail_count, 1);
  assert_int_equal(stats.dealloc_sum, 20);
}

static void realloc_of_null_is_an_alloc_and_free_of_null_is_nothing(void **state) {
  (void)state;
  heapster__counted_free(NULL);
  heapster__counted_free(heapster__counted_realloc(NULL, 30));
  heapster__counted_free(heapster__counted_realloc(NULL, 0));
  const struct heapster_stats stats = end_window();
  assert_int_equal(stats.alloc_count, 2);
  assert_int_equal(stats.dealloc_count, 2);
  assert_int_equal(stats.unseen_alloc_count, 0);
  assert_int_equal(arena.log.free_calls, 2);
}

static void resizes_are_counted_and_small_ones_are_padded_to_17(void **state) {
  (void)state;
  void *block = heapster__counted_realloc(heapster__counted_malloc(100), 3);
  assert_int_equal(arena.log.last_size, 17);
  heapster__counted_free(heapster__counted_realloc(block, 7));
  const struct heapster_stats stats = end_window();
  assert_int_equal(stats.realloc_shrink_sum, 97);
  assert_int_equal(stats.realloc_growth_sum, 4);
  assert_int_equal(stats.dealloc_sum, 7);
}

static void resizing_to_0_is_a_free_if_the_next_realloc_frees(void **state) {
  (void)state;
  realloc_to_zero = FREES;
  assert_null(heapster__counted_realloc(heapster__counted_malloc(100), 0));
  assert_int_equal(errno, 4711);
  const struct heapster_stats stats = end_window();
  assert_int_equal(stats.dealloc_sum, 100);
  assert_int_equal(stats.realloc_shrink_count + stats.realloc_fail_count, 0);
  assert_int_equal(stats.live_change, 0);
}

static void resizing_to_0_is_a_resize_padded_to_17_if_the_next_realloc_returns_a_block(void **state) {
  (void)state;
  realloc_to_zero = KEEPS;
  void *block = heapster__counted_realloc(heapster__counted_malloc(100), 0);
  assert_non_null(block);
  assert_int_equal(arena.log.smallest_size, 0);
  assert_int_equal(commanded_size(&arena, block), 17);
  assert_int_equal(errno, 4711);
  heapster__counted_free(block);
  const struct heapster_stats stats = end_window();
  assert_int_equal(stats.realloc_shrink_sum, 100);
  assert_int_equal(stats.dealloc_count, 1);
  assert_int_equal(stats.dealloc_sum, 0);
}

static void resizing_to_0_keeps_errno_if_the_block_cannot_be_widened(void **state) {
  (void)state;
  realloc_to_zero = KEEPS;
  void *block = heapster__counted_malloc(100);
  arena.refuse_after = 2;
  block = heapster__counted_realloc(block, 0);
  assert_non_null(block);
  assert_int_equal(errno, 4711);
  heapster__counted_free(block);
}

static void resizing_to_0_keeps_the_block_if_the_next_realloc_refuses(void **state) {
  (void)state;
  realloc_to_zero = REFUSES;
  void *block = heapster__counted_malloc(100);
  assert_null(heapster__counted_realloc(block, 0));
  assert_int_equal(errno, ENOMEM);
  heapster__counted_free(block);
  const struct heapster_stats stats = end_window();
  assert_int_equal(stats.realloc_fail_count, 1);
  assert_int_equal(stats.dealloc_sum, 100);
}

static void a_reallocarray_that_overflows_is_a_failure_of_the_blocks_heap(void **state) {
  (void)state;
  struct heapster_heap *other = NULL;
  struct heapster_stats stats;
  assert_int_equal(heapster_heap_create("other", NULL, &other), HEAPSTER_OK);
  void *block = heapster_heap_malloc(other, 40);
  assert_null(heapster__counted_reallocarray(block, SIZE_MAX / 2, 3));
  heapster_stats_read(other, &stats);
  assert_int_equal(stats.realloc_fail_count, 1);
  assert_int_equal(stats.live_count, 1);
  heapster_heap_free(other, block);
  assert_int_equal(end_window().realloc_fail_count, 0);
}

static void a_reallocarray_that_overflows_is_refused_and_keeps_the_block(void **state) {
  (void)state;
  void *block = heapster__counted_reallocarray(NULL, 5, 10);
  block = heapster__counted_reallocarray(block, 6, 10);
  assert_null(heapster__counted_reallocarray(block, SIZE_MAX / 2, 3));
  assert_int_equal(errno, ENOMEM);
  assert_null(heapster__counted_reallocarray(NULL, SIZE_MAX / 2, 3));
  heapster__counted_free(block);
  const struct heapster_stats stats = end_window();
  assert_int_equal(stats.realloc_growth_sum, 10);
  assert_int_equal(stats.realloc_fail_count, 1);
  assert_int_equal(stats.alloc_fail_count, 1);
  assert_int_equal(stats.dealloc_sum, 60);
}

static void posix_memalign_returns_errors_and_leaves_block_and_errno_alone(void **state) {
  (void)state;
  void *block = bootstrap_block;
  assert_int_equal(heapster__counted_posix_memalign(&block, 3, 100), EINVAL);
  arena.refuse_after = 1;
  assert_int_equal(heapster__counted_posix_memalign(&block, 64, 100), ENOMEM);
  assert_ptr_equal(block, bootstrap_block);
  assert_int_equal(heapster__counted_posix_memalign(&block, 64, 3), 0);
  assert_int_equal(last_size, 17);
  assert_int_equal(errno, 4711);
  heapster__counted_free(block);
  const struct heapster_stats stats = end_window();
  assert_int_equal(stats.alloc_fail_count, 2);
  assert_int_equal(stats.alloc_sum, 3);
}

static void aligned_requests_are_counted_as_requested(void **state) {
  (void)state;
  heapster__counted_free(heapster__counted_aligned_alloc(64, 5));
  assert_int_equal(last_count, 64);
  assert_int_equal(last_size, 17);
  heapster__counted_free(heapster__counted_memalign(128, 100));
  assert_int_equal(last_count, 128);
  assert_int_equal(last_size, 100);
  heapster__counted_free(heapster__counted_valloc(200));
  heapster__counted_free(heapster__counted_pvalloc(300));
  const struct heapster_stats stats = end_window();
  assert_int_equal(stats.alloc_count, 4);
  assert_int_equal(stats.alloc_sum, 605);
  assert_int_equal(stats.dealloc_sum, 605);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_window, close_window)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(sizes_below_17_are_padded_to_17_and_counted_as_requested),
      TEST(a_small_calloc_is_passed_on_as_1_of_17),
      TEST(a_calloc_that_overflows_is_refused_by_the_next_allocator),
      TEST(refusals_are_counted_and_keep_the_next_allocators_errno),
      TEST(realloc_of_null_is_an_alloc_and_free_of_null_is_nothing),
      TEST(resizes_are_counted_and_small_ones_are_padded_to_17),
      TEST(resizing_to_0_is_a_free_if_the_next_realloc_frees),
      TEST(resizing_to_0_is_a_resize_padded_to_17_if_the_next_realloc_returns_a_block),
      TEST(resizing_to_0_keeps_errno_if_the_block_cannot_be_widened),
      TEST(resizing_to_0_keeps_the_block_if_the_next_realloc_refuses),
      TEST(a_reallocarray_that_overflows_is_refused_and_keeps_the_block),
      TEST(a_reallocarray_that_overflows_is_a_failure_of_the_blocks_heap),
      TEST(posix_memalign_returns_errors_and_leaves_block_and_errno_alone),
      TEST(aligned_requests_are_counted_as_requested),
  };
  if (!heapster__malloc_start(&hook)) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
