/* Accounting: the rules of counting, block by block. Blocks are never accessed, so their addresses are made up. */
#include "cmocka_test.h"

#include "count/accounting.h"
#include "page_calls.h"
#include "sum_of.h"
#include "under_lock.h"

static struct heapster__map *map;
static unsigned heap;  /* the layer's own, new for each test */
static unsigned other; /* another one */
static uint64_t crossed_before;
static uint64_t lost_before;
static uint64_t uncounted_before;
static atomic_bool refuses_pages;

static void *map_pages(size_t bytes) { return refuses_pages ? refuse_pages() : map_really(bytes); }

static int set_up(void **state) {
  (void)state;
  heap = other + 1;
  other = heap + 1;
  map = heapster__shadow_create();
  crossed_before = heapster__inaccuracies.crossed;
  lost_before = heapster__inaccuracies.lost_sizes;
  uncounted_before = heapster__inaccuracies.uncounted;
  return map && open_counters(heap) && open_counters(other) ? 0 : -1;
}

static const void *at(unsigned granule) {
  return (const void *)(((uintptr_t)0x7000 << 20) + ((uintptr_t)granule << HEAPSTER__OWN_GRANULE_BITS));
}

static uint64_t allocs(unsigned number) {
  const struct heapster__totals totals = sum_of(number);
  return heapster_histogram_total(&totals.alloc_histogram);
}

static void assert_inaccuracies(uint64_t crossed, uint64_t lost, uint64_t uncounted) {
  assert_int_equal(heapster__inaccuracies.crossed - crossed_before, crossed);
  assert_int_equal(heapster__inaccuracies.lost_sizes - lost_before, lost);
  assert_int_equal(heapster__inaccuracies.uncounted - uncounted_before, uncounted);
}

static void a_block_enters_and_leaves_with_its_size(void **state) {
  (void)state;
  heapster__record_alloc(map, heap, at(0), 300);
  assert_field(sum_of(heap), alloc_sum, 300);
  heapster__record_free(map, heap, at(0));
  assert_field(sum_of(heap), dealloc_sum, 300);
  assert_field(sum_of(heap), dealloc_count, 1);
  assert_inaccuracies(0, 0, 0);
}

static void a_free_of_an_unknown_block_is_counted_as_unseen_and_not_as_a_free(void **state) {
  (void)state;
  assert_int_equal(heapster__record_free_fast(map, heap, at(0)), HEAPSTER__FAST_MISS);
  heapster__record_free(map, heap, at(0));
  assert_field(sum_of(heap), unseen_alloc_count, 1);
  assert_field(sum_of(heap), dealloc_count, 0);
  assert_inaccuracies(0, 0, 0);
}

static void a_resize_of_an_unknown_block_is_an_alloc_of_its_new_size(void **state) {
  (void)state;
  const struct heapster__block taken = heapster__take_block(map, at(0));
  assert_field(taken, owner, 0);
  heapster__record_resize(map, heap, taken, at(0), at(4), 70);
  assert_int_equal(allocs(heap), 1);
  assert_field(sum_of(heap), alloc_sum, 70);
  assert_field(sum_of(heap), unseen_alloc_count, 1);
  assert_field(sum_of(heap), realloc_move_count, 0);
  heapster__record_free(map, heap, at(4));
  assert_field(sum_of(heap), dealloc_sum, 70);
}

static void a_block_freed_through_another_heap_counts_for_its_owner(void **state) {
  (void)state;
  heapster__record_alloc(map, other, at(0), 30);
  heapster__record_free(map, heap, at(0));
  assert_field(sum_of(other), dealloc_sum, 30);
  assert_field(sum_of(heap), dealloc_count, 0);
  assert_field(sum_of(heap), unseen_alloc_count, 0);
  assert_inaccuracies(1, 0, 0);
}

static void a_block_resized_through_another_heap_stays_its_owners(void **state) {
  (void)state;
  heapster__record_alloc(map, other, at(0), 30);
  heapster__record_resize(map, heap, heapster__take_block(map, at(0)), at(0), at(8), 500);
  assert_field(sum_of(other), realloc_growth_sum, 470);
  assert_field(sum_of(other), realloc_move_sum, 30);
  assert_int_equal(allocs(heap), 0);
  assert_inaccuracies(1, 0, 0);
  heapster__record_free(map, other, at(8));
  assert_field(sum_of(other), dealloc_sum, 500);
  assert_inaccuracies(1, 0, 0);
}

static void a_missed_free_is_recorded_when_its_address_is_handed_out_again(void **state) {
  (void)state;
  heapster__record_alloc(map, other, at(0), 5000);
  heapster__record_alloc(map, heap, at(0), 20);
  assert_field(sum_of(other), dealloc_count, 1);
  assert_field(sum_of(other), dealloc_sum, 5000);
  assert_field(sum_of(other), unseen_free_count, 1);
  assert_field(sum_of(heap), dealloc_count, 0);
  heapster__record_free(map, heap, at(0));
  assert_field(sum_of(heap), dealloc_sum, 20);
  assert_inaccuracies(0, 0, 0);
}

static void a_missed_free_whose_size_is_lost_is_recorded_as_253_bytes(void **state) {
  (void)state;
  heapster__record_alloc(map, heap, at(0), 9000);
  heapster__record_alloc(map, heap, at(1), 5000); /* inside the first, whose free must have been missed */
  heapster__record_alloc(map, heap, at(0), 16);
  assert_field(sum_of(heap), dealloc_sum, 253);
  assert_field(sum_of(heap), unseen_free_count, 1);
  assert_inaccuracies(0, 1, 0);
}

static void a_free_whose_size_is_lost_is_recorded_as_253_bytes_and_an_inaccuracy(void **state) {
  (void)state;
  heapster__record_alloc(map, heap, at(0), 9000);
  heapster__record_alloc(map, heap, at(2), 5000);
  heapster__record_free(map, heap, at(0));
  assert_field(sum_of(heap), dealloc_sum, 253);
  assert_inaccuracies(0, 1, 0);
}

/* The heap of the first block owns the segment; the other heap's blocks are foreign there. */
static void two_heaps_in_one_segment_are_counted_alike(void **state) {
  (void)state;
  static const uint64_t sizes[] = {0, 16, 252, 253, 70000};
  heapster__record_alloc(map, heap, at(0), 1);
  heapster__record_alloc(map, other, at(1), 1);
  for (unsigned i = 0; i < 5; ++i) {
    heapster__record_alloc(map, heap, at(8 + 16 * i), sizes[i]);
    heapster__record_alloc(map, other, at(16 + 16 * i), sizes[i]);
  }
  assert_field(sum_of(heap), alloc_sum, 70522);
  assert_field(sum_of(other), alloc_sum, 70522);
  for (unsigned i = 0; i < 5; ++i) {
    heapster__record_free(map, other, at(16 + 16 * i));
    heapster__record_free(map, heap, at(8 + 16 * i));
  }
  assert_field(sum_of(heap), dealloc_sum, 70521);
  assert_field(sum_of(other), dealloc_sum, 70521);
  assert_field(sum_of(heap), dealloc_count, 5);
  assert_field(sum_of(other), dealloc_count, 5);
  assert_inaccuracies(0, 0, 0);
}

static void a_refused_resize_restores_the_block_to_its_owner(void **state) {
  (void)state;
  heapster__record_alloc(map, other, at(0), 40000);
  heapster__restore_block(map, heap, heapster__take_block(map, at(0)), at(0));
  assert_field(sum_of(other), realloc_fail_count, 1);
  assert_field(sum_of(heap), realloc_fail_count, 0);
  assert_inaccuracies(0, 0, 0);
  heapster__record_free(map, other, at(0));
  assert_field(sum_of(other), dealloc_sum, 40000);
}

static void a_refused_resize_of_an_unknown_block_counts_for_the_layers_heap(void **state) {
  (void)state;
  heapster__restore_block(map, heap, heapster__take_block(map, at(0)), at(0));
  assert_field(sum_of(heap), realloc_fail_count, 1);
  assert_field(heapster__take_block(map, at(0)), owner, 0);
}

static void a_block_without_memory_for_its_leaf_passes_uncounted(void **state) {
  (void)state;
  refuses_pages = true;
  heapster__record_alloc(map, heap, at(0), 300);
  refuses_pages = false;
  assert_int_equal(allocs(heap), 0);
  assert_inaccuracies(0, 0, 1);
}

static void a_move_to_where_there_is_no_memory_for_a_leaf_is_a_free(void **state) {
  (void)state;
  heapster__record_alloc(map, other, at(0), 300);
  refuses_pages = true;
  heapster__record_resize(map, other, heapster__take_block(map, at(0)), at(0), at(1 << 20), 400);
  refuses_pages = false;
  assert_field(sum_of(other), dealloc_count, 1);
  assert_field(sum_of(other), dealloc_sum, 300);
  assert_field(sum_of(other), realloc_move_count, 0);
  assert_field(sum_of(other), realloc_growth_sum, 0);
  assert_inaccuracies(0, 0, 1);
}

static void a_refusal_outside_other_requests_is_counted(void **state) {
  (void)state;
  heapster__record_failure(heap);
  assert_field(sum_of(heap), alloc_fail_count, 1);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_block_enters_and_leaves_with_its_size),
      TEST(a_free_of_an_unknown_block_is_counted_as_unseen_and_not_as_a_free),
      TEST(a_resize_of_an_unknown_block_is_an_alloc_of_its_new_size),
      TEST(a_block_freed_through_another_heap_counts_for_its_owner),
      TEST(a_block_resized_through_another_heap_stays_its_owners),
      TEST(a_missed_free_is_recorded_when_its_address_is_handed_out_again),
      TEST(two_heaps_in_one_segment_are_counted_alike),
      TEST(a_missed_free_whose_size_is_lost_is_recorded_as_253_bytes),
      TEST(a_free_whose_size_is_lost_is_recorded_as_253_bytes_and_an_inaccuracy),
      TEST(a_refused_resize_restores_the_block_to_its_owner),
      TEST(a_refused_resize_of_an_unknown_block_counts_for_the_layers_heap),
      TEST(a_block_without_memory_for_its_leaf_passes_uncounted),
      TEST(a_move_to_where_there_is_no_memory_for_a_leaf_is_a_free),
      TEST(a_refusal_outside_other_requests_is_counted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
