/* The size of a block, and a resize that keeps an alignment. */
#include "cmocka_test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "commanded.h"
#include "heap/heap.h"

static struct commanded arena;
static struct heapster_heap *whole;
static struct heapster_heap *bare; /* malloc and free only */
static struct heapster_heap *of_system;

static int begin(void **state) {
  (void)state;
  commanded_forget(&arena);
  heapster_reset();
  errno = 4711;
  return 0;
}

static int check_arena(void **state) {
  (void)state;
  return arena.log.live_count == 0 && commanded_is_sound(&arena) ? 0 : -1;
}

static struct heapster_stats stats_of(const struct heapster_heap *heap) {
  struct heapster_stats stats;
  heapster_stats_read(heap, &stats);
  return stats;
}

static bool is_aligned(const void *block, size_t alignment) { return (uintptr_t)block % alignment == 0; }

static void the_size_is_the_requested_one(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 15, 16, 17, 252, 253, 4096, 100000};
  enum { HEAPS = 3 };
  struct heapster_heap *const heaps[HEAPS] = {whole, bare, of_system};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    for (size_t j = 0; j < HEAPS; j++) {
      void *block = heapster_heap_malloc(heaps[j], sizes[i]);
      assert_int_equal(heapster_heap_size(heaps[j], block), sizes[i]);
      assert_int_equal(heapster_heap_size(heaps[j], block), sizes[i]); /* reading it takes nothing out */
      block = heapster_heap_realloc(heaps[j], block, sizes[i] + 3);
      assert_int_equal(heapster_heap_size(heaps[j], block), sizes[i] + 3);
      heapster_heap_free(heaps[j], block);
    }
  }
  assert_int_equal(stats_of(of_system).live_count, 0);
  assert_int_equal(stats_of(of_system).unseen_free_count, 0);
}

static void a_block_of_another_heap_over_the_same_allocator_has_a_size(void **state) {
  (void)state;
  struct heapster_heap *other;
  assert_int_equal(heapster_heap_create("other", NULL, &other), HEAPSTER_OK);
  void *block = heapster_heap_malloc(of_system, 300);
  assert_int_equal(heapster_heap_size(other, block), 300);
  assert_int_equal(heapster_heap_size(NULL, block), 300);
  heapster_heap_free(other, block);
}

static void what_is_not_counted_has_no_size(void **state) {
  (void)state;
  char local = 0;
  void *foreign = malloc(100);
  assert_int_equal(heapster_heap_size(of_system, foreign), 0);
  assert_int_equal(heapster_heap_size(of_system, &local), 0);
  assert_int_equal(heapster_heap_size(of_system, NULL), 0);
  assert_int_equal(heapster_heap_size(whole, NULL), 0);
  free(foreign);
}

static void an_aligned_resize_keeps_contents_and_alignment_and_is_one_resize(void **state) {
  (void)state;
  enum { HEAPS = 2 };
  struct heapster_heap *const heaps[HEAPS] = {whole, of_system};
  for (size_t i = 0; i < HEAPS; i++) {
    char *block = heapster_heap_aligned_alloc(heaps[i], 256, 1000);
    for (int j = 0; j < 1000; j++) block[j] = (char)j;
    block = heapster_heap_aligned_realloc(heaps[i], block, 256, 3000);
    assert_true(is_aligned(block, 256));
    for (int j = 0; j < 1000; j++) assert_int_equal(block[j], (char)j);
    block = heapster_heap_aligned_realloc(heaps[i], block, 4096, 500);
    assert_true(is_aligned(block, 4096));
    for (int j = 0; j < 500; j++) assert_int_equal(block[j], (char)j);
    const struct heapster_stats stats = stats_of(heaps[i]);
    assert_int_equal(stats.alloc_count, 1);
    assert_int_equal(stats.realloc_growth_sum, 2000);
    assert_int_equal(stats.realloc_shrink_sum, 2500);
    assert_int_equal(stats.realloc_move_count, 2);
    assert_int_equal(stats.realloc_move_sum, 1000 + 500);
    assert_int_equal(stats.dealloc_count, 0);
    assert_int_equal(stats.use_curr, 500);
    heapster_heap_free(heaps[i], block);
  }
  assert_int_equal(errno, 4711);
}

static void a_size_that_stays_moves_nothing(void **state) {
  (void)state;
  void *block = heapster_heap_aligned_alloc(whole, 64, 100);
  assert_ptr_equal(heapster_heap_aligned_realloc(whole, block, 64, 100), block);
  assert_int_equal(stats_of(whole).realloc_same_count, 1);
  assert_int_equal(stats_of(whole).realloc_move_count, 0);
  heapster_heap_free(whole, block);
}

static void a_common_alignment_is_a_common_resize(void **state) {
  (void)state;
  void *block = heapster_heap_malloc(whole, 100);
  block = heapster_heap_aligned_realloc(whole, block, 16, 200);
  assert_int_equal(arena.log.realloc_calls, 1);
  assert_int_equal(stats_of(whole).realloc_growth_count, 1);
  heapster_heap_free(whole, block);
}

static void a_resize_of_null_is_an_aligned_alloc(void **state) {
  (void)state;
  void *block = heapster_heap_aligned_realloc(whole, NULL, 128, 10);
  assert_true(is_aligned(block, 128));
  assert_int_equal(stats_of(whole).alloc_count, 1);
  heapster_heap_free(whole, block);
}

static void a_refused_aligned_resize_leaves_the_block(void **state) {
  (void)state;
  char *block = heapster_heap_aligned_alloc(whole, 64, 100);
  block[99] = 'x';
  arena.refuse_after = 1;
  assert_null(heapster_heap_aligned_realloc(whole, block, 64, 1000));
  assert_int_equal(errno, ENOMEM);
  errno = 4711;
  assert_int_equal(block[99], 'x');
  assert_int_equal(heapster_heap_size(whole, block), 100);
  assert_int_equal(stats_of(whole).realloc_fail_count, 1);
  assert_int_equal(stats_of(whole).live_count, 1);
  heapster_heap_free(whole, block);
}

static void a_bad_alignment_and_an_unknown_size_are_refused(void **state) {
  (void)state;
  void *block = heapster_heap_aligned_alloc(of_system, 64, 100);
  assert_null(heapster_heap_aligned_realloc(of_system, block, 48, 200));
  assert_int_equal(errno, EINVAL);
  assert_int_equal(heapster_heap_size(of_system, block), 100);
  heapster_heap_free(of_system, block);
  void *foreign = malloc(100);
  errno = 0;
  assert_null(heapster_heap_aligned_realloc(of_system, foreign, 64, 200));
  assert_int_equal(errno, EINVAL);
  free(foreign);
}

static void a_backing_without_aligned_alloc_refuses(void **state) {
  (void)state;
  void *block = heapster_heap_malloc(bare, 100);
  assert_null(heapster_heap_aligned_realloc(bare, block, 64, 200));
  assert_int_equal(errno, ENOMEM);
  assert_int_equal(heapster_heap_size(bare, block), 100);
  heapster_heap_free(bare, block);
}

int main(void) {
  if (!commanded_open(&arena)) return 1;
  const struct heapster_allocator all = commanded_allocator(&arena, COMMANDED_WHOLE);
  const struct heapster_allocator few = commanded_allocator(&arena, COMMANDED_BARE);
  if (heapster_heap_create("whole", &all, &whole) || heapster_heap_create("bare", &few, &bare) ||
      heapster_heap_create("of_system", NULL, &of_system))
    return 1;
#define CHECKED(test) cmocka_unit_test_setup_teardown(test, begin, check_arena)
  const struct CMUnitTest tests[] = {
      CHECKED(the_size_is_the_requested_one),
      CHECKED(a_block_of_another_heap_over_the_same_allocator_has_a_size),
      CHECKED(what_is_not_counted_has_no_size),
      CHECKED(an_aligned_resize_keeps_contents_and_alignment_and_is_one_resize),
      CHECKED(a_size_that_stays_moves_nothing),
      CHECKED(a_common_alignment_is_a_common_resize),
      CHECKED(a_resize_of_null_is_an_aligned_alloc),
      CHECKED(a_refused_aligned_resize_leaves_the_block),
      CHECKED(a_bad_alignment_and_an_unknown_size_are_refused),
      CHECKED(a_backing_without_aligned_alloc_refuses),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
