/* Blocks from a named heap: the contracts of C11's functions over any backing. */
#include "cmocka_test.h"

#include <errno.h>
#include <string.h>

#include "commanded.h"
#include "heap/heap.h"

static struct commanded arena;
static struct heapster_heap *whole;
static struct heapster_heap *bare; /* malloc and free only */
static struct heapster_heap *of_system;

static int opened(void **state) {
  (void)state;
  commanded_forget(&arena);
  heapster_reset();
  errno = 4711;
  return 0;
}

static int is_sound(void **state) {
  (void)state;
  return !arena.log.live_count && commanded_is_sound(&arena) ? 0 : -1;
}

static struct heapster_stats stats_of(const struct heapster_heap *heap) {
  struct heapster_stats stats;
  heapster_stats_read(heap, &stats);
  return stats;
}

static void sizes_below_16_are_padded_and_counted_as_requested(void **state) {
  (void)state;
  for (size_t size = 0; size <= 20; ++size) {
    void *block = heapster_heap_malloc(whole, size);
    assert_int_equal(arena.log.last_size, size < 16 ? 16 : size);
    heapster_heap_free(whole, block);
    heapster_heap_free(whole, heapster_heap_calloc(whole, 1, size));
    assert_int_equal(arena.log.last_size, size < 16 ? 16 : size);
    heapster_heap_free(whole, heapster_heap_aligned_alloc(whole, 64, size));
    assert_int_equal(arena.log.last_size, size < 16 ? 16 : size);
  }
  assert_int_equal(stats_of(whole).alloc_sum, 3 * 210);
  assert_int_equal(stats_of(whole).dealloc_sum, 3 * 210);
}

static void a_block_of_size_0_is_a_block(void **state) {
  (void)state;
  void *block = heapster_heap_malloc(whole, 0);
  assert_int_equal(stats_of(whole).live_count, 1);
  assert_int_equal(stats_of(whole).alloc_histogram.buckets[0], 1);
  heapster_heap_free(whole, block);
  assert_int_equal(stats_of(whole).dealloc_count, 1);
}

static void freeing_null_does_nothing(void **state) {
  (void)state;
  heapster_heap_free(whole, NULL);
  assert_int_equal(arena.log.free_calls, 0);
  assert_int_equal(stats_of(whole).dealloc_count + stats_of(whole).unseen_alloc_count, 0);
}

static void a_served_request_keeps_errno(void **state) {
  (void)state;
  void *block = heapster_heap_malloc(bare, 10);
  block = heapster_heap_realloc(bare, block, 500);
  heapster_heap_free(bare, block);
  heapster_heap_free(bare, heapster_heap_calloc(bare, 1, 5));
  assert_int_equal(errno, 4711);
}

static void assert_refused(void *block) {
  assert_null(block);
  assert_int_equal(errno, ENOMEM);
  errno = 4711;
}

static void a_refused_request_gives_null_and_enomem_and_is_counted(void **state) {
  (void)state;
  void *block = heapster_heap_malloc(whole, 30);
  arena.refuses_all = true;
  assert_refused(heapster_heap_malloc(whole, 10));
  assert_refused(heapster_heap_calloc(whole, 10, 10));
  assert_refused(heapster_heap_aligned_alloc(whole, 64, 10));
  assert_refused(heapster_heap_realloc(whole, NULL, 10));
  assert_refused(heapster_heap_realloc(whole, block, 3000));
  assert_int_equal(stats_of(whole).alloc_fail_count, 4);
  assert_int_equal(stats_of(whole).realloc_fail_count, 1);
  assert_int_equal(stats_of(whole).use_curr, 30);
  heapster_heap_free(whole, block);
  assert_int_equal(stats_of(whole).dealloc_sum, 30);
}

static void calloc_clears_even_over_a_backing_without_calloc(void **state) {
  (void)state;
  struct heapster_heap *heaps[] = {whole, bare};
  for (unsigned i = 0; i < 2; ++i) {
    unsigned char *block = heapster_heap_calloc(heaps[i], 7, 11);
    for (unsigned byte = 0; byte < 77; ++byte) assert_int_equal(block[byte], 0);
    assert_int_equal(stats_of(heaps[i]).alloc_sum, 77);
    heapster_heap_free(heaps[i], block);
  }
  assert_int_equal(arena.log.calloc_calls, 1);
}

static void a_calloc_that_overflows_does_not_reach_the_backing(void **state) {
  (void)state;
  assert_refused(heapster_heap_calloc(whole, SIZE_MAX / 2, 3));
  assert_refused(heapster_heap_calloc(bare, (size_t)1 << 32, (size_t)1 << 32));
  assert_int_equal(arena.log.malloc_calls + arena.log.calloc_calls, 0);
  assert_int_equal(stats_of(whole).alloc_fail_count, 1);
  assert_int_equal(stats_of(bare).alloc_fail_count, 1);
}

static void an_alignment_that_is_no_power_of_2_is_invalid(void **state) {
  (void)state;
  const size_t alignments[] = {0, 3, 48};
  for (unsigned i = 0; i < 3; ++i) {
    errno = 0;
    assert_null(heapster_heap_aligned_alloc(whole, alignments[i], 64));
    assert_int_equal(errno, EINVAL);
  }
  assert_int_equal(arena.log.aligned_alloc_calls, 0);
  assert_int_equal(stats_of(whole).alloc_fail_count, 3);
}

static void blocks_are_aligned_in_every_heap_that_can(void **state) {
  (void)state;
  struct heapster_heap *heaps[] = {whole, of_system};
  for (size_t alignment = 1; alignment <= 4096; alignment *= 2) {
    for (unsigned i = 0; i < 2; ++i) {
      void *block = heapster_heap_aligned_alloc(heaps[i], alignment, 100);
      assert_int_equal((uintptr_t)block % alignment, 0);
      heapster_heap_free(heaps[i], block);
    }
  }
  assert_int_equal(stats_of(of_system).alloc_sum, 1300);
}

static void over_a_backing_that_cannot_align_more_than_16_is_refused(void **state) {
  (void)state;
  void *block = heapster_heap_aligned_alloc(bare, 16, 100);
  assert_non_null(block);
  heapster_heap_free(bare, block);
  assert_refused(heapster_heap_aligned_alloc(bare, 32, 100));
  assert_int_equal(stats_of(bare).alloc_fail_count, 1);
}

static void resizing_null_is_an_alloc(void **state) {
  (void)state;
  void *block = heapster_heap_realloc(whole, NULL, 40);
  assert_int_equal(stats_of(whole).alloc_count, 1);
  assert_int_equal(stats_of(whole).realloc_growth_count, 0);
  heapster_heap_free(whole, block);
}

static void resizing_to_0_keeps_a_block_of_size_0(void **state) {
  (void)state;
  struct heapster_heap *heaps[] = {whole, bare};
  for (unsigned i = 0; i < 2; ++i) {
    void *block = heapster_heap_realloc(heaps[i], heapster_heap_malloc(heaps[i], 100), 0);
    assert_non_null(block);
    assert_int_equal(arena.log.last_size, 16);
    const struct heapster_stats stats = stats_of(heaps[i]);
    assert_int_equal(stats.realloc_shrink_sum, 100);
    assert_int_equal(stats.live_count, 1);
    assert_int_equal(stats.use_curr, 0);
    heapster_heap_free(heaps[i], block);
  }
}

static void a_resize_without_realloc_copies_as_much_as_fits(void **state) {
  (void)state;
  static const char text[] = "what was written stays";
  char *block = heapster_heap_malloc(bare, sizeof text);
  memcpy(block, text, sizeof text);
  block = heapster_heap_realloc(bare, block, 4000);
  assert_string_equal(block, text);
  block = heapster_heap_realloc(bare, block, 4);
  assert_memory_equal(block, text, 4);
  const struct heapster_stats stats = stats_of(bare);
  assert_int_equal(stats.realloc_move_count, 2);
  assert_int_equal(stats.realloc_move_sum, sizeof text + 4);
  assert_int_equal(stats.live_count, 1);
  assert_int_equal(arena.log.free_calls, 2);
  heapster_heap_free(bare, block);
}

static void a_resize_without_realloc_that_is_refused_keeps_the_block(void **state) {
  (void)state;
  char *block = heapster_heap_malloc(bare, 20);
  block[19] = 'k';
  arena.refuse_after = 1;
  assert_refused(heapster_heap_realloc(bare, block, 4000));
  assert_int_equal(block[19], 'k');
  assert_int_equal(stats_of(bare).realloc_fail_count, 1);
  heapster_heap_free(bare, block);
  assert_int_equal(stats_of(bare).dealloc_sum, 20);
}

static void resizes_in_place_and_moves_are_counted_apart(void **state) {
  (void)state;
  void *block = heapster_heap_malloc(whole, 20);
  assert_ptr_equal(heapster_heap_realloc(whole, block, 40), block);
  assert_int_equal(stats_of(whole).realloc_growth_in_place_count, 1);
  arena.moves = true;
  void *moved = heapster_heap_realloc(whole, block, 40);
  assert_ptr_not_equal(moved, block);
  assert_int_equal(stats_of(whole).realloc_same_count, 1);
  assert_int_equal(stats_of(whole).realloc_move_sum, 40);
  heapster_heap_free(whole, moved);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, opened, is_sound)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(sizes_below_16_are_padded_and_counted_as_requested),
      TEST(a_block_of_size_0_is_a_block),
      TEST(freeing_null_does_nothing),
      TEST(a_served_request_keeps_errno),
      TEST(a_refused_request_gives_null_and_enomem_and_is_counted),
      TEST(calloc_clears_even_over_a_backing_without_calloc),
      TEST(a_calloc_that_overflows_does_not_reach_the_backing),
      TEST(an_alignment_that_is_no_power_of_2_is_invalid),
      TEST(blocks_are_aligned_in_every_heap_that_can),
      TEST(over_a_backing_that_cannot_align_more_than_16_is_refused),
      TEST(resizing_null_is_an_alloc),
      TEST(resizing_to_0_keeps_a_block_of_size_0),
      TEST(a_resize_without_realloc_copies_as_much_as_fits),
      TEST(a_resize_without_realloc_that_is_refused_keeps_the_block),
      TEST(resizes_in_place_and_moves_are_counted_apart),
  };
  if (!commanded_open(&arena)) return 1;
  struct heapster_allocator backing = commanded_allocator(&arena, COMMANDED_WHOLE);
  if (heapster_heap_create("whole", &backing, &whole)) return 1;
  backing = commanded_allocator(&arena, COMMANDED_BARE);
  if (heapster_heap_create("bare", &backing, &bare) || heapster_heap_create("system", NULL, &of_system)) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
