/* Counters: what each event counts, in which shard, and the sum of shards. Heap numbers without heaps. */
#include "cmocka_test.h"

#include "another_thread.h"
#include "counters_support.h"

static void allocs_are_counted_by_size(void **state) {
  (void)state;
  heapster__count_alloc(heap, 0);
  heapster__count_alloc(heap, 1);
  heapster__count_alloc(heap, 100);
  const struct heapster__totals totals = sum();
  assert_field(totals, alloc_histogram.buckets[0], 2);
  assert_field(totals, alloc_histogram.buckets[6], 1);
  assert_int_equal(heapster_histogram_total(&totals.alloc_histogram), 3);
  assert_field(totals, alloc_sum, 101);
}

static void frees_are_counted_with_their_size(void **state) {
  (void)state;
  heapster__count_alloc(heap, 100);
  heapster__count_dealloc(heap, 100);
  const struct heapster__totals totals = sum();
  assert_field(totals, dealloc_count, 1);
  assert_field(totals, dealloc_sum, 100);
  assert_int_equal(heapster__totals_use(&totals), 0);
}

static void growth_is_counted_by_the_difference(void **state) {
  (void)state;
  resize(10, 74, false);
  resize(10, 13, true);
  const struct heapster__totals totals = sum();
  assert_field(totals, realloc_growth_sum, 67);
  assert_field(totals, realloc_growth_histogram.buckets[6], 1);
  assert_field(totals, realloc_growth_histogram.buckets[1], 1);
  assert_field(totals, realloc_growth_in_place_count, 1);
  assert_field(totals, realloc_move_count, 1);
  assert_field(totals, realloc_move_sum, 10);
}

static void shrink_is_counted_by_the_difference(void **state) {
  (void)state;
  resize(74, 10, false);
  resize(13, 10, true);
  const struct heapster__totals totals = sum();
  assert_field(totals, realloc_shrink_sum, 67);
  assert_field(totals, realloc_shrink_histogram.buckets[6], 1);
  assert_field(totals, realloc_shrink_histogram.buckets[1], 1);
  assert_field(totals, realloc_shrink_in_place_count, 1);
  assert_field(totals, realloc_move_count, 1);
  assert_field(totals, realloc_move_sum, 10);
}

static void a_resize_to_the_same_size_is_neither_even_when_it_moves(void **state) {
  (void)state;
  resize(40, 40, false);
  resize(40, 40, true);
  const struct heapster__totals totals = sum();
  assert_field(totals, realloc_same_count, 2);
  assert_field(totals, realloc_move_count, 1);
  assert_field(totals, realloc_move_sum, 40);
  assert_true(heapster_histogram_is_empty(&totals.realloc_growth_histogram));
  assert_true(heapster_histogram_is_empty(&totals.realloc_shrink_histogram));
  assert_int_equal(totals.realloc_growth_in_place_count + totals.realloc_shrink_in_place_count, 0);
}

static void failures_missed_frees_and_unknown_blocks_have_counts_of_their_own(void **state) {
  (void)state;
  heapster__count_one(heap, alloc_fail_count);
  heapster__count_one(heap, realloc_fail_count);
  heapster__count_one(heap, realloc_fail_count);
  for (unsigned i = 0; i < 3; ++i) heapster__count_one(heap, unseen_alloc_count);
  for (unsigned i = 0; i < 4; ++i) heapster__count_one(heap, unseen_free_count);
  const struct heapster__totals totals = sum();
  assert_field(totals, alloc_fail_count, 1);
  assert_field(totals, realloc_fail_count, 2);
  assert_field(totals, unseen_alloc_count, 3);
  assert_field(totals, unseen_free_count, 4);
  assert_field(totals, dealloc_count, 0);
}

static void *alloc_40(void *unused) {
  heapster__count_alloc(heap, 40);
  return unused;
}

static void alloc_of_nothing(void) { heapster__count_alloc(heap, 0); }
static void alloc(void) { heapster__count_alloc(heap, 1); }
static void large_alloc(void) { heapster__count_alloc(heap, 1 << 30); }
static void free_of_nothing(void) { heapster__count_dealloc(heap, 0); }
static void growth(void) { resize(1, 2, true); }
static void shrink(void) { resize(2, 1, true); }
static void same_size(void) { resize(1, 1, false); }
static void alloc_failure(void) { heapster__count_one(heap, alloc_fail_count); }
static void realloc_failure(void) { heapster__count_one(heap, realloc_fail_count); }
static void unseen_alloc(void) { heapster__count_one(heap, unseen_alloc_count); }
static void unseen_free(void) { heapster__count_one(heap, unseen_free_count); }

static void (*const events[])(void) = {alloc_of_nothing, alloc,        large_alloc, free_of_nothing,
                                       growth,           shrink,       same_size,   alloc_failure,
                                       realloc_failure,  unseen_alloc, unseen_free};
enum { EVENTS = sizeof events / sizeof events[0] };

static void *count_each(void *seen) {
  for (unsigned i = 0; i < EVENTS; i++) {
    const uint64_t before = heapster__heap_changes(heap);
    events[i]();
    if (heapster__heap_changes(heap) == before) *(unsigned *)seen = i;
  }
  return NULL;
}

static void every_event_changes_the_change_counter(void **state) {
  (void)state;
  unsigned unnoticed = EVENTS;
  count_each(&unnoticed);
  assert_int_equal(unnoticed, EVENTS);
  const uint64_t before = heapster__heap_changes(heap);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, count_each, &unnoticed), 0);
  pthread_join(thread, NULL);
  assert_int_equal(unnoticed, EVENTS);
  assert_int_not_equal(heapster__heap_changes(heap), before);
}

static void all_changes_are_those_of_each_heap(void **state) {
  (void)state;
  uint64_t changes[HEAPSTER__HEAP_NUMBERS] = {7};
  alloc();
  on_another_thread(alloc_40, NULL);
  heapster__all_changes(changes, heap);
  for (unsigned i = 1; i <= heap; i++) assert_int_equal(changes[i], heapster__heap_changes(i));
  assert_int_equal(changes[0], 7);
}

static void requests_are_those_of_the_totals(void **state) {
  (void)state;
  heapster__count_alloc(heap, 3);
  heapster__count_alloc(heap, 1 << 30);
  on_another_thread(alloc_40, NULL);
  resize(10, 74, false);
  resize(13, 10, true);
  heapster__count_dealloc(heap, 3);
  const struct heapster__requests found = heapster__requests_of(heap);
  assert_field(found, alloc_count, 3);
  assert_field(found, realloc_growth_count, 1);
  assert_field(found, total_alloc_sum, (1 << 30) + 107);
  assert_field(found, total_dealloc_sum, 6);
}

static void heaps_are_apart(void **state) {
  (void)state;
  const unsigned other = heap;
  open_heap(NULL);
  const uint64_t before = heapster__heap_changes(heap);
  heapster__count_alloc(other, 10);
  assert_int_equal(heapster__heap_changes(heap), before);
  const struct heapster__totals totals = sum();
  assert_int_equal(heapster__totals_operations(&totals), 0);
}

static void counts_of_ended_threads_stay(void **state) {
  (void)state;
  heapster__count_alloc(heap, 2);
  for (unsigned i = 0; i < 3; ++i) on_another_thread(alloc_40, NULL);
  const struct heapster__totals totals = sum();
  assert_field(totals, alloc_sum, 122);
}

#define TEST(name) cmocka_unit_test_setup(name, open_heap)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(allocs_are_counted_by_size),
      TEST(frees_are_counted_with_their_size),
      TEST(growth_is_counted_by_the_difference),
      TEST(shrink_is_counted_by_the_difference),
      TEST(a_resize_to_the_same_size_is_neither_even_when_it_moves),
      TEST(failures_missed_frees_and_unknown_blocks_have_counts_of_their_own),
      TEST(every_event_changes_the_change_counter),
      TEST(all_changes_are_those_of_each_heap),
      TEST(requests_are_those_of_the_totals),
      TEST(heaps_are_apart),
      TEST(counts_of_ended_threads_stay),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
