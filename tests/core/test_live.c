/* The sizes of live blocks, read from the shadow map. */
#include "cmocka_test.h"

#include <heapster/heap.h>

#include "commanded.h"

enum { SIZES = 7 };
static const size_t sizes[SIZES] = {0, 1, 254, 255, 16638, 16639, 5 << 20};

static struct heapster_heap *create_heap(const char *name, const struct heapster_allocator *backing) {
  struct heapster_heap *heap = NULL;
  assert_int_equal(heapster_heap_create(name, backing, &heap), HEAPSTER_OK);
  return heap;
}

static struct heapster_histogram expected_of(const size_t *each, size_t count) {
  struct heapster_histogram histogram = {{0}};
  for (size_t i = 0; i < count; i++) histogram.buckets[heapster_histogram_bucket(each[i])]++;
  return histogram;
}

static void require_live(const struct heapster_heap *heap, const struct heapster_histogram *expected) {
  struct heapster_histogram found;
  heapster_live_histogram(heap, &found);
  assert_memory_equal(&found, expected, sizeof found);
}

static void a_block_is_in_the_bucket_of_its_size_until_it_is_freed(void **state) {
  (void)state;
  struct heapster_heap *heap = create_heap("sizes", NULL);
  void *blocks[SIZES];
  for (size_t i = 0; i < SIZES; i++) assert_non_null(blocks[i] = heapster_heap_malloc(heap, sizes[i]));
  for (size_t left = SIZES; left > 0; left--) {
    const struct heapster_histogram expected = expected_of(sizes, left);
    require_live(heap, &expected);
    heapster_heap_free(heap, blocks[left - 1]);
  }
  const struct heapster_histogram nothing = {{0}};
  require_live(heap, &nothing);
}

static void a_resized_block_is_in_the_bucket_of_its_new_size(void **state) {
  (void)state;
  struct heapster_heap *heap = create_heap("resized", NULL);
  void *block = heapster_heap_malloc(heap, 100);
  block = heapster_heap_realloc(heap, block, 100000);
  const struct heapster_histogram expected = expected_of((const size_t[]){100000}, 1);
  require_live(heap, &expected);
  heapster_heap_free(heap, block);
}

static void a_heap_has_only_its_own_blocks_and_the_total_has_all(void **state) {
  (void)state;
  struct commanded arena;
  assert_true(commanded_open(&arena));
  const struct heapster_allocator backing = commanded_allocator(&arena, COMMANDED_WHOLE);
  struct heapster_heap *system = create_heap("one", NULL);
  struct heapster_heap *other = create_heap("two", NULL);
  struct heapster_heap *hosted = create_heap("three", &backing);
  void *blocks[] = {heapster_heap_malloc(system, 40), heapster_heap_malloc(other, 400),
                    heapster_heap_malloc(hosted, 4000)};
  require_live(system, &(const struct heapster_histogram){.buckets[5] = 1});
  require_live(other, &(const struct heapster_histogram){.buckets[8] = 1});
  require_live(hosted, &(const struct heapster_histogram){.buckets[11] = 1});
  require_live(NULL, &(const struct heapster_histogram){.buckets[5] = 1, .buckets[8] = 1, .buckets[11] = 1});
  heapster_heap_free(system, blocks[0]);
  heapster_heap_free(other, blocks[1]);
  heapster_heap_free(hosted, blocks[2]);
  commanded_close(&arena);
}

static void the_blocks_of_heaps_over_one_backing_are_counted_once(void **state) {
  (void)state;
  struct commanded arena;
  assert_true(commanded_open(&arena));
  const struct heapster_allocator backing = commanded_allocator(&arena, COMMANDED_WHOLE);
  struct heapster_heap *one = create_heap("shared-one", &backing);
  struct heapster_heap *two = create_heap("shared-two", &backing);
  void *block = heapster_heap_malloc(one, 40);
  require_live(one, &(const struct heapster_histogram){.buckets[5] = 1});
  require_live(two, &(const struct heapster_histogram){{0}});
  require_live(NULL, &(const struct heapster_histogram){.buckets[5] = 1});
  heapster_heap_free(two, block);
  require_live(NULL, &(const struct heapster_histogram){{0}});
  commanded_close(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_block_is_in_the_bucket_of_its_size_until_it_is_freed),
      cmocka_unit_test(a_resized_block_is_in_the_bucket_of_its_new_size),
      cmocka_unit_test(a_heap_has_only_its_own_blocks_and_the_total_has_all),
      cmocka_unit_test(the_blocks_of_heaps_over_one_backing_are_counted_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
