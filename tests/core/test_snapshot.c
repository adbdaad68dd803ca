/* Snapshots of one heap and of all, and reset. */
#include "cmocka_test.h"

#include <pthread.h>
#include <string.h>

#include "figures.h"
#include "heap/snapshot.h"

static struct heapster_heap *heap;
static struct heapster_heap *other;

static struct heapster_stats read_heap(const struct heapster_heap *which) {
  struct heapster_stats stats;
  heapster_stats_read(which, &stats);
  return stats;
}

static void turn_over(struct heapster_heap *which, unsigned count, size_t size) {
  for (unsigned i = 0; i < count; ++i) heapster_heap_free(which, heapster_heap_malloc(which, size));
}

static void a_snapshot_has_its_kind_and_no_changes(void **state) {
  (void)state;
  void *block = heapster_heap_malloc(heap, 10);
  const struct heapster_stats stats = read_heap(heap);
  assert_int_equal(stats.kind, HEAPSTER_SNAPSHOT);
  assert_int_equal(stats.scope, HEAPSTER_PROCESS);
  assert_true(stats.live_change == 0 && stats.use_change == 0);
  assert_true(stats.use_peak == 0 && stats.foreign_count == 0);
  heapster_heap_free(heap, block);
}

static void after_a_reset_counts_begin_at_0_and_live_blocks_stay(void **state) {
  (void)state;
  void *block = heapster_heap_malloc(heap, 1000);
  turn_over(heap, 3, 5000);
  heapster_reset();
  struct heapster_stats stats = read_heap(heap);
  assert_int_equal(figures_operations(&stats), 0);
  assert_int_equal(stats.live_count, 1);
  assert_int_equal(stats.use_curr, 1000);
  assert_int_equal(stats.use_max, 1000);
  heapster_heap_free(heap, block);
  stats = read_heap(heap);
  assert_int_equal(stats.alloc_count, 0);
  assert_int_equal(stats.dealloc_count, 1);
  assert_int_equal(stats.dealloc_sum, 1000);
  assert_int_equal(stats.live_count, 0);
  assert_int_equal(stats.use_max, 1000);
}

static void a_reset_resets_every_heap_and_the_total(void **state) {
  (void)state;
  turn_over(heap, 1, 10);
  turn_over(other, 1, 10);
  heapster_reset();
  const struct heapster_stats one = read_heap(heap);
  const struct heapster_stats two = read_heap(other);
  const struct heapster_stats total = read_heap(NULL);
  assert_int_equal(figures_operations(&one) + figures_operations(&two) + figures_operations(&total), 0);
  turn_over(heap, 2, 10);
  assert_int_equal(read_heap(NULL).alloc_count, 2);
  assert_int_equal(read_heap(other).alloc_count, 0);
}

static void counts_begin_at_the_last_reset(void **state) {
  (void)state;
  for (unsigned i = 1; i < 5; ++i) {
    heapster_reset();
    turn_over(heap, i, 10);
    assert_int_equal(read_heap(heap).alloc_count, i);
    assert_int_equal(read_heap(NULL).dealloc_sum, 10 * i);
  }
}

static void the_total_has_its_own_use_max(void **state) {
  (void)state;
  heapster_reset();
  turn_over(heap, 1, 3000);
  turn_over(other, 1, 5000);
  assert_int_equal(read_heap(heap).use_max, 3000);
  assert_int_equal(read_heap(other).use_max, 5000);
  assert_int_equal(read_heap(NULL).use_max, 5000);
}

static void reading_use_max_does_not_change_it(void **state) {
  (void)state;
  heapster_reset();
  for (unsigned i = 0; i < 2; ++i) {
    turn_over(heap, 1, 100000);
    assert_int_equal(read_heap(heap).use_max, 100000);
    turn_over(heap, 1, 70);
    assert_int_equal(read_heap(heap).use_max, 100000);
  }
}

static void a_snapshot_of_all_adds_up_with_any_capacity(void **state) {
  (void)state;
  struct heapster_heap_stats each[3];
  struct heapster_stats total;
  heapster_reset();
  turn_over(heap, 2, 100);
  turn_over(other, 3, 1000);
  for (size_t capacity = 0; capacity <= 3; ++capacity) {
    memset(each, 0x5A, sizeof each);
    const struct heapster_heap_stats untouched = each[0];
    assert_int_equal(heapster_stats_read_all(&total, each, capacity), 2);
    assert_int_equal(total.alloc_count, 5);
    assert_int_equal(total.alloc_sum, 3200);
    for (size_t i = 0; i < 3; ++i)
      if (i >= capacity || i >= 2) assert_memory_equal(&each[i], &untouched, sizeof untouched);
    if (capacity >= 1) assert_true(each[0].heap == heap && each[0].stats.alloc_count == 2);
    if (capacity >= 2) assert_true(each[1].heap == other && each[1].stats.alloc_count == 3);
  }
  assert_int_equal(heapster_stats_read_all(&total, NULL, 0), 2);
}

static void a_snapshot_of_one_heap_equals_its_entry_in_a_snapshot_of_all(void **state) {
  (void)state;
  struct heapster_heap_stats each[2];
  struct heapster_stats total;
  turn_over(other, 4, 33);
  heapster_stats_read_all(&total, each, 2);
  const struct heapster_stats one = read_heap(other);
  const struct heapster_stats all = read_heap(NULL);
  assert_true(heapster_stats_is_equal(&one, &each[1].stats));
  assert_true(heapster_stats_is_equal(&all, &total));
}

static atomic_bool is_over;

static void *reset_repeatedly(void *unused) {
  while (!is_over) heapster_reset();
  return unused;
}

/* live_count and use_curr do not depend on the baseline, and the sums of a snapshot agree with each other. */
static void resets_on_another_thread_disturb_no_snapshot(void **state) {
  (void)state;
  pthread_t thread;
  void *block = heapster_heap_malloc(heap, 77);
  assert_int_equal(pthread_create(&thread, NULL, reset_repeatedly, NULL), 0);
  for (unsigned i = 1; i < 3000; ++i) {
    turn_over(heap, 1, 50);
    const struct heapster_stats stats = read_heap(heap);
    assert_int_equal(stats.use_curr, 77);
    assert_int_equal(stats.live_count, 1);
    assert_true(stats.use_max >= 77 && stats.use_max <= 127);
    assert_int_equal(stats.alloc_count, heapster_histogram_total(&stats.alloc_histogram));
  }
  is_over = true;
  pthread_join(thread, NULL);
  heapster_heap_free(heap, block);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_snapshot_has_its_kind_and_no_changes),
      cmocka_unit_test(after_a_reset_counts_begin_at_0_and_live_blocks_stay),
      cmocka_unit_test(a_reset_resets_every_heap_and_the_total),
      cmocka_unit_test(counts_begin_at_the_last_reset),
      cmocka_unit_test(the_total_has_its_own_use_max),
      cmocka_unit_test(reading_use_max_does_not_change_it),
      cmocka_unit_test(a_snapshot_of_all_adds_up_with_any_capacity),
      cmocka_unit_test(a_snapshot_of_one_heap_equals_its_entry_in_a_snapshot_of_all),
      cmocka_unit_test(resets_on_another_thread_disturb_no_snapshot),
  };
  if (heapster_heap_create("snapshot", NULL, &heap) || heapster_heap_create("other", NULL, &other)) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
