/* Ends of heaps: what is left of one, when its number is used again, and what the next heap sees of it. */
#include "cmocka_test.h"

#include <heapster/frame.h>
#include <heapster/window.h>

#include <stdio.h>

#include "another_thread.h"
#include "base/lock.h"
#include "count/counters.h"
#include "count/retire.h"
#include "heap/heap.h"
#include "process/hook.h"

static struct heapster_heap *create(const char *name) {
  struct heapster_heap *heap = NULL;
  assert_int_equal(heapster_heap_create(name, NULL, &heap), HEAPSTER_OK);
  return heap;
}

static void end(struct heapster_heap *heap) { assert_int_equal(heapster_heap_end(heap), HEAPSTER_OK); }

static void make_pair(struct heapster_heap *heap, size_t size) {
  heapster_heap_free(heap, heapster_heap_malloc(heap, size));
}

static struct heapster_stats stats_of(const struct heapster_heap *heap) {
  struct heapster_stats stats;
  heapster_stats_read(heap, &stats);
  return stats;
}

static struct heapster_heap *ended(void) { return heapster_heap_find("ended"); }

/* Must run first. */
static void there_is_no_ended_before_a_heap_has_ended(void **state) {
  (void)state;
  struct heapster_heap *heap = create("first");
  assert_null(ended());
  end(heap);
  assert_non_null(ended());
  assert_ptr_equal(heapster_heap_next(NULL), ended());
  assert_null(heapster_heap_next(ended()));
}

static void a_heap_that_ended_is_neither_found_nor_listed(void **state) {
  (void)state;
  struct heapster_heap *heap = create("level");
  void *block = heapster_heap_malloc(heap, 10);
  end(heap);
  assert_null(heapster_heap_find("level"));
  for (const struct heapster_heap *each = NULL; (each = heapster_heap_next(each));) assert_ptr_not_equal(each, heap);
  heapster_heap_free(heap, block);
}

static void nothing_is_counted_once_the_last_heap_has_ended(void **state) {
  (void)state;
  assert_false(heapster__is_counted(NULL));
  struct heapster_heap *const heap = create("only");
  assert_true(heapster__is_counted(NULL));
  end(heap);
  assert_false(heapster__is_counted(NULL));
}

static void the_next_heap_of_the_name_counts_from_zero(void **state) {
  (void)state;
  struct heapster_heap *first = create("level");
  make_pair(first, 5000);
  end(first);
  struct heapster_heap *second = create("level");
  const struct heapster_stats stats = stats_of(second);
  assert_ptr_equal(second, first); /* the number, too */
  assert_field(stats, alloc_count, 0);
  assert_field(stats, dealloc_sum, 0);
  assert_field(stats, use_max, 0);
  heapster_heap_free(second, heapster_heap_malloc(second, 7));
  assert_field(stats_of(second), alloc_sum, 7);
  assert_field(stats_of(second), use_max, 7);
  end(second);
}

static void what_it_counted_stays_in_the_total_and_in_ended(void **state) {
  (void)state;
  const struct heapster_stats ended_before = stats_of(ended()), total_before = stats_of(NULL);
  struct heapster_heap *heap = create("level");
  make_pair(heap, 20000);
  end(heap);
  make_pair(create("level"), 1);
  assert_field(stats_of(ended()), alloc_sum, ended_before.alloc_sum + 20000);
  assert_field(stats_of(ended()), dealloc_count, ended_before.dealloc_count + 1);
  assert_true(stats_of(ended()).use_max >= 20000);
  assert_field(stats_of(NULL), alloc_sum, total_before.alloc_sum + 20001);
  end(heapster_heap_find("level"));
}

static void a_live_block_holds_the_number_and_is_live_in_ended(void **state) {
  (void)state;
  struct heapster_heap *leaking = create("level");
  void *block = heapster_heap_malloc(leaking, 300);
  end(leaking);
  struct heapster_heap *next = create("level");
  struct heapster_histogram sizes;
  assert_ptr_not_equal(next, leaking);
  assert_field(stats_of(ended()), live_count, 1);
  assert_field(stats_of(ended()), use_curr, 300);
  heapster_live_histogram(ended(), &sizes);
  assert_int_equal(sizes.buckets[8], 1);
  block = heapster_heap_realloc(leaking, block, 400);
  assert_field(stats_of(ended()), use_curr, 400);
  heapster_heap_free(leaking, block);
  assert_field(stats_of(ended()), live_count, 0);
  assert_ptr_equal(create("other"), leaking);
  end(leaking);
  end(next);
}

static void an_open_window_holds_the_number_and_keeps_its_figures(void **state) {
  (void)state;
  struct heapster_window window;
  struct heapster_stats stats;
  struct heapster_heap *heap = create("level");
  assert_int_equal(heapster_window_begin(heap, HEAPSTER_PROCESS, &window), HEAPSTER_OK);
  make_pair(heap, 30);
  end(heap);
  struct heapster_heap *next = create("level");
  make_pair(next, 500);
  assert_ptr_not_equal(next, heap);
  assert_int_equal(heapster_window_end(window, &stats), HEAPSTER_OK);
  assert_field(stats, alloc_sum, 30);
  assert_field(stats, use_peak, 30);
  end(next);
}

static void a_window_of_the_total_goes_on(void **state) {
  (void)state;
  struct heapster_window window;
  struct heapster_stats stats;
  struct heapster_heap *heap = create("level");
  make_pair(heap, 8);
  assert_int_equal(heapster_window_begin(NULL, HEAPSTER_PROCESS, &window), HEAPSTER_OK);
  make_pair(heap, 30);
  end(heap);
  make_pair(create("level"), 500);
  end(heapster_heap_find("level"));
  assert_int_equal(heapster_window_end(window, &stats), HEAPSTER_OK);
  assert_field(stats, alloc_sum, 530);
  assert_field(stats, use_peak, 500);
}

static void snapshots_of_two_heaps_of_a_number_have_no_difference(void **state) {
  (void)state;
  struct heapster_heap *heap = create("level");
  make_pair(heap, 30);
  const struct heapster_stats before = stats_of(heap), total = stats_of(NULL);
  struct heapster_stats diff;
  end(heap);
  const struct heapster_stats after = stats_of(create("level")), total_after = stats_of(NULL);
  assert_int_equal(heapster_stats_diff(&diff, &after, &before), HEAPSTER_RESET_BETWEEN);
  assert_int_equal(heapster_stats_diff(&diff, &total_after, &total), HEAPSTER_OK);
  end(heapster_heap_find("level"));
}

static void after_a_reset_ended_counts_from_zero(void **state) {
  (void)state;
  struct heapster_heap *gone = create("gone"), *leaking = create("leaking"), *open = create("open");
  void *block = heapster_heap_malloc(leaking, 100);
  make_pair(gone, 10);
  end(gone);
  end(leaking);
  make_pair(open, 50);
  heapster_reset();
  assert_field(stats_of(ended()), alloc_count, 0);
  assert_field(stats_of(ended()), use_curr, 100);
  assert_field(stats_of(ended()), use_max, 100);
  assert_field(stats_of(open), alloc_count, 0);
  heapster_heap_free(leaking, block);
  make_pair(open, 60);
  end(open);
  assert_field(stats_of(ended()), dealloc_sum, 160);
  assert_field(stats_of(ended()), alloc_sum, 60);
  assert_field(stats_of(NULL), alloc_sum, 60);
}

static struct heapster_frame last_frame(const struct heapster_heap *heap) {
  struct heapster_frames frames;
  heapster_frames_read(heap, &frames);
  return frames.last;
}

static void a_frame_of_the_total_has_what_ended_in_it_and_the_next_heap_has_none(void **state) {
  (void)state;
  struct heapster_frames frames;
  struct heapster_heap *heap = create("level");
  assert_int_equal(heapster_frame_mark(), HEAPSTER_OK);
  make_pair(heap, 40);
  assert_int_equal(heapster_frame_mark(), HEAPSTER_OK);
  make_pair(heap, 30);
  end(heap);
  struct heapster_heap *next = create("level");
  make_pair(next, 5);
  assert_int_equal(heapster_frame_mark(), HEAPSTER_OK);
  assert_field(last_frame(NULL), total_alloc_sum, 35);
  assert_field(last_frame(NULL), use_peak, 30);
  heapster_frames_read(next, &frames);
  assert_int_equal(frames.kept_count, 1);
  assert_field(frames.last, total_alloc_sum, 5);
  assert_field(frames.last, use_peak, 5);
  end(next);
  assert_int_equal(heapster_frame_mark(), HEAPSTER_OK);
  assert_field(last_frame(NULL), total_alloc_sum, 0);
}

static void only_a_hosts_heap_ends_and_only_once(void **state) {
  (void)state;
  struct heapster_heap *heap = create("level"), *other;
  struct heapster_window window;
  assert_int_equal(heapster_heap_end(NULL), HEAPSTER_BAD_ARGUMENT);
  assert_int_equal(heapster_heap_end(heapster__heap_open(HEAPSTER__PYTHON, "python")), HEAPSTER_HEAP_OF_HOOK);
  assert_int_equal(heapster_heap_end(ended()), HEAPSTER_HEAP_OF_HOOK);
  end(heap);
  assert_int_equal(heapster_heap_end(heap), HEAPSTER_HEAP_ENDED);
  assert_int_equal(heapster_window_begin(heap, HEAPSTER_PROCESS, &window), HEAPSTER_HEAP_ENDED);
  assert_int_equal(heapster_window_begin(ended(), HEAPSTER_PROCESS, &window), HEAPSTER_HEAP_ENDED);
  assert_int_equal(heapster_heap_create("ended", NULL, &other), HEAPSTER_NAME_TAKEN);
}

static void ended_gives_no_blocks(void **state) {
  (void)state;
  struct heapster_heap *heap = create("level");
  void *block = heapster_heap_malloc(heap, 10);
  assert_null(heapster_heap_malloc(ended(), 10));
  assert_null(heapster_heap_calloc(ended(), 1, 10));
  heapster_heap_free(ended(), block);
  assert_field(stats_of(heap), live_count, 0);
  end(heap);
}

static void *pass_malloc(void *context, size_t size) { return heapster_heap_malloc(context, size); }
static void pass_free(void *context, void *block) { heapster_heap_free(context, block); }

static struct heapster_heap *create_over(const char *name, struct heapster_heap *below) {
  const struct heapster_allocator backing = {.malloc = pass_malloc, .free = pass_free, .context = below};
  struct heapster_heap *heap = NULL;
  assert_int_equal(heapster_heap_create(name, &backing, &heap), HEAPSTER_OK);
  return heap;
}

static void a_map_of_its_own_goes_to_the_next_heap_that_needs_one(void **state) {
  (void)state;
  struct heapster_heap *below = create("below"), *other = create("other");
  struct heapster_heap *first = create_over("first.level", below), *same = create_over("same", below);
  const struct heapster__map *map = first->map;
  assert_ptr_equal(same->map, map);
  end(first);
  assert_ptr_equal(create_over("next", below)->map, map); /* shared with `same`, as it was */
  end(heapster_heap_find("next"));
  end(same);
  assert_ptr_equal(create_over("third", other)->map, map);
  assert_ptr_not_equal(create_over("fourth", below)->map, map);
  end(heapster_heap_find("third"));
  end(heapster_heap_find("fourth"));
  end(below);
  end(other);
}

static struct heapster_heap *shared;

static void *allocate(void *size) { return heapster_heap_malloc(shared, (size_t)(uintptr_t)size); }

static void *free_and_make_pair(void *block) {
  heapster_heap_free(shared, block);
  make_pair(shared, 20);
  return NULL;
}

static void nothing_that_another_thread_has_pending_reaches_the_next_heap(void **state) {
  (void)state;
  shared = create("level");
  heapster_heap_free(shared, on_another_thread(allocate, (void *)9000));
  on_another_thread(free_and_make_pair, heapster_heap_malloc(shared, 7000));
  end(shared);
  shared = create("level");
  make_pair(shared, 10);
  assert_field(stats_of(shared), use_max, 10);
  on_another_thread(free_and_make_pair, heapster_heap_malloc(shared, 30));
  assert_field(stats_of(shared), use_curr, 0);
  assert_field(stats_of(shared), alloc_sum, 60);
  end(shared);
}

static bool try_retire(const struct heapster_heap *heap) {
  heapster__lock();
  const bool is_retired = heapster__counters_retire(heap->number);
  heapster__unlock();
  return is_retired;
}

/* The shard as it is in the middle of another thread's free, before its flush, and in the middle of its end. */
static void a_thread_that_is_just_freeing_or_ending_holds_the_number(void **state) {
  (void)state;
  if (!HEAPSTER__HAS_THREAD_RECORDS) return;
  struct heapster_heap *heap = create("level");
  make_pair(heap, 100);
  struct heapster__shard *shard = heapster__load_relaxed(&heapster__this_thread()->shards[heap->number]);
  struct heapster__high_water *mark = &heapster__high_water_marks[heap->number];
  heapster__move_owned(&shard->pending.left, -100);
  end(heap);
  assert_int_equal(heap->state, HEAPSTER__HEAP_ENDING);
  heapster__move_owned(&shard->pending.left, 100 + 20000);
  heapster__high_water_move(mark, 20000);
  assert_false(try_retire(heap));
  heapster__move_owned(&shard->pending.left, -20000);
  heapster__high_water_move(mark, -20000);
  heapster__store_relaxed(&shard->head.heap, 0);
  assert_false(try_retire(heap));
  heapster__store_relaxed(&shard->head.heap, heap->number);
  assert_true(try_retire(heap));
}

/* malloc's and python's numbers are kept, and `ended` is one of the 254. */
static void there_are_254_heaps_with_ended_again_and_again(void **state) {
  (void)state;
  struct heapster_heap *heaps[HEAPSTER_HEAPS], *refused;
  for (unsigned round = 0; round < 3; round++) {
    unsigned count = 0;
    for (char name[HEAPSTER_HEAP_NAME]; count < HEAPSTER_HEAPS - 3; count++) {
      snprintf(name, sizeof name, "level.%u", count);
      heaps[count] = create(name);
    }
    assert_int_equal(heapster_heap_create("one-too-many", NULL, &refused), HEAPSTER_TOO_MANY_HEAPS);
    while (count) end(heaps[--count]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(there_is_no_ended_before_a_heap_has_ended),
      cmocka_unit_test(a_heap_that_ended_is_neither_found_nor_listed),
      cmocka_unit_test(nothing_is_counted_once_the_last_heap_has_ended),
      cmocka_unit_test(the_next_heap_of_the_name_counts_from_zero),
      cmocka_unit_test(what_it_counted_stays_in_the_total_and_in_ended),
      cmocka_unit_test(a_live_block_holds_the_number_and_is_live_in_ended),
      cmocka_unit_test(an_open_window_holds_the_number_and_keeps_its_figures),
      cmocka_unit_test(a_window_of_the_total_goes_on),
      cmocka_unit_test(snapshots_of_two_heaps_of_a_number_have_no_difference),
      cmocka_unit_test(after_a_reset_ended_counts_from_zero),
      cmocka_unit_test(a_frame_of_the_total_has_what_ended_in_it_and_the_next_heap_has_none),
      cmocka_unit_test(only_a_hosts_heap_ends_and_only_once),
      cmocka_unit_test(ended_gives_no_blocks),
      cmocka_unit_test(a_map_of_its_own_goes_to_the_next_heap_that_needs_one),
      cmocka_unit_test(nothing_that_another_thread_has_pending_reaches_the_next_heap),
      cmocka_unit_test(a_thread_that_is_just_freeing_or_ending_holds_the_number),
      cmocka_unit_test(there_are_254_heaps_with_ended_again_and_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
