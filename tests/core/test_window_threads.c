/* Windows and threads: those that begin a window, end it, or allocate meanwhile. */
#include "cmocka_test.h"

#include <pthread.h>

#include "another_thread.h"
#include "heap/heap.h"
#include "heap/window.h"
#include "window_support.h"

static struct heapster_heap *heap;
static struct heapster_heap *other;

static void *work(void *unused) {
  turn_over(heap, 20000);
  turn_over(other, 30);
  return unused;
}

static void process_scope_counts_other_threads_and_reports_them_as_foreign(void **state) {
  (void)state;
  struct heapster_window window;
  struct heapster_stats stats;
  heapster_window_begin(heap, HEAPSTER_PROCESS, &window);
  turn_over(heap, 10);
  on_another_thread(work, NULL);
  assert_int_equal(heapster_window_end(window, &stats), HEAPSTER_OK);
  assert_int_equal(stats.alloc_count, 2);
  assert_int_equal(stats.use_peak, 20000);
  assert_int_equal(stats.foreign_count, 2);
  heapster_window_begin(NULL, HEAPSTER_PROCESS, &window);
  on_another_thread(work, NULL);
  heapster_window_end(window, &stats);
  assert_int_equal(stats.foreign_count, 4);
}

static pthread_barrier_t window_is_open;

static void *allocate_before_and_end_inside(void *unused) {
  void *block = heapster_heap_malloc(heap, 456);
  pthread_barrier_wait(&window_is_open); /* about to open */
  pthread_barrier_wait(&window_is_open);
  (void)unused;
  return block;
}

static void bytes_from_before_the_begin_that_are_flushed_inside_are_no_peak(void **state) {
  (void)state;
  struct heapster_window window;
  struct heapster_stats stats;
  pthread_t thread;
  void *block;
  pthread_barrier_init(&window_is_open, NULL, 2);
  assert_int_equal(pthread_create(&thread, NULL, allocate_before_and_end_inside, NULL), 0);
  pthread_barrier_wait(&window_is_open);
  heapster_window_begin(heap, HEAPSTER_PROCESS, &window);
  pthread_barrier_wait(&window_is_open);
  pthread_join(thread, &block);
  assert_int_equal(heapster_window_end(window, &stats), HEAPSTER_OK);
  assert_int_equal(stats.alloc_count + stats.dealloc_count + stats.foreign_count, 0);
  assert_int_equal(stats.use_peak, 0);
  assert_int_equal(stats.use_max, 0);
  heapster_heap_free(heap, block);
  pthread_barrier_destroy(&window_is_open);
}

static void thread_scope_counts_only_its_own_thread(void **state) {
  (void)state;
  struct heapster_window window;
  struct heapster_stats stats;
  void *block = heapster_heap_malloc(heap, 500);
  heapster_window_begin(heap, HEAPSTER_THREAD, &window);
  turn_over(heap, 10);
  on_another_thread(work, NULL);
  assert_int_equal(heapster_window_end(window, &stats), HEAPSTER_OK);
  assert_int_equal(stats.scope, HEAPSTER_THREAD);
  assert_int_equal(stats.alloc_count, 1);
  assert_int_equal(stats.use_peak, 10);
  assert_int_equal(stats.foreign_count, 0);
  assert_int_equal(stats.use_max, 0);
  assert_int_equal(stats.live_count, 1);
  assert_int_equal(stats.use_curr, 500);
  heapster_heap_free(heap, block);
}

static void *free_in_window(void *block) {
  struct heapster_window window;
  struct heapster_stats stats;
  heapster_window_begin(heap, HEAPSTER_THREAD, &window);
  heapster_heap_free(heap, block);
  turn_over(heap, 600);
  assert_int_equal(heapster_window_end(window, &stats), HEAPSTER_OK);
  assert_int_equal(stats.use_change, -1000);
  assert_int_equal(stats.live_change, -1);
  assert_int_equal(stats.use_peak, 0);
  return NULL;
}

static void a_thread_that_frees_blocks_of_others_goes_below_its_begin(void **state) {
  (void)state;
  on_another_thread(free_in_window, heapster_heap_malloc(heap, 1000));
}

static void *end_anothers_window(void *context) {
  const struct heapster_window *window = context;
  turn_over(other, 1); /* claims a record, perhaps the same one */
  assert_int_equal(heapster_window_end(*window, NULL), HEAPSTER_WRONG_THREAD);
  return NULL;
}

static void thread_scope_ends_only_on_its_own_thread(void **state) {
  (void)state;
  struct heapster_window window;
  heapster_window_begin(heap, HEAPSTER_THREAD, &window);
  on_another_thread(end_anothers_window, &window);
  assert_int_equal(heapster_window_end(window, NULL), HEAPSTER_OK);
}

static void *begin_thread_scope(void *window) {
  assert_int_equal(heapster_window_begin(heap, HEAPSTER_THREAD, window), HEAPSTER_OK);
  return NULL;
}

static void *begin_process_scope(void *window) {
  assert_int_equal(heapster_window_begin(heap, HEAPSTER_PROCESS, window), HEAPSTER_OK);
  return NULL;
}

/* The next thread has the record of the one that began, and still may not end its window. The entry stays open. */
static void a_thread_scope_window_whose_thread_ended_cannot_be_ended(void **state) {
  (void)state;
  struct heapster_window window;
  on_another_thread(begin_thread_scope, &window);
  on_another_thread(end_anothers_window, &window);
  assert_int_equal(heapster_window_end(window, NULL), HEAPSTER_WRONG_THREAD);
  assert_int_equal(heapster__windows_open(), 1);
}

static void in_a_process_scope_window_whose_thread_ended_all_is_foreign(void **state) {
  (void)state;
  struct heapster_window window;
  struct heapster_stats stats;
  turn_over(heap, 1);
  on_another_thread(begin_process_scope, &window);
  on_another_thread(work, NULL);
  turn_over(heap, 10);
  assert_int_equal(heapster_window_end(window, &stats), HEAPSTER_OK);
  assert_int_equal(stats.alloc_count, 2);
  assert_int_equal(stats.foreign_count, 4);
}

static void *end_process_scope(void *context) {
  const struct heapster_window *window = context;
  struct heapster_stats stats;
  turn_over(heap, 10);
  assert_int_equal(heapster_window_end(*window, &stats), HEAPSTER_OK);
  assert_int_equal(stats.alloc_count, 2);
  assert_int_equal(stats.foreign_count, 2);
  return NULL;
}

static void process_scope_ends_on_any_thread_whose_requests_are_foreign(void **state) {
  (void)state;
  struct heapster_window window;
  heapster_window_begin(heap, HEAPSTER_PROCESS, &window);
  turn_over(heap, 20);
  on_another_thread(end_process_scope, &window);
}

static void *begin_when_dead(void *unused) {
  struct heapster_window window = {1, 1};
  heapster__cached_shard_head = &heapster__no_thread[HEAPSTER__THREAD_DEAD];
  for (enum heapster_scope scope = HEAPSTER_PROCESS; scope <= HEAPSTER_THREAD; ++scope) {
    assert_int_equal(heapster_window_begin(heap, scope, &window), HEAPSTER_NO_THREAD_COUNTERS);
    assert_int_equal(window.index, 0);
    assert_int_equal(window.generation, 0);
  }
  return unused;
}

static void a_thread_that_is_ending_begins_no_window(void **state) {
  (void)state;
  on_another_thread(begin_when_dead, NULL);
}

static void the_part_of_the_thread_can_be_had_alone_and_in_any_size(void **state) {
  (void)state;
  struct {
    struct heapster_stats stats;
    uint64_t later;
  } longer = {.later = 4711};
  struct heapster_stats whole;
  struct heapster_stats part = {.alloc_count = 4711};
  struct heapster_window windows[3];
  for (unsigned i = 0; i < 3; i++) windows[i] = begin(heap, HEAPSTER_PROCESS);
  heapster_heap_free(heap, heapster_heap_malloc(heap, 100));
  assert_int_equal(heapster_window_end_with_thread(windows[0], NULL, &part), HEAPSTER_OK);
  assert_field(part, alloc_count, 1);
  assert_int_equal(heapster_window_end_sized(windows[1], &longer.stats, sizeof longer, &part, sizeof part),
                   HEAPSTER_OK);
  assert_field(longer.stats, alloc_count, 1);
  assert_int_equal(longer.later, 0);
  part.alloc_count = 4711;
  whole.alloc_count = 4711;
  const size_t shorter = offsetof(struct heapster_stats, use_peak_error);
  assert_int_equal(heapster_window_end_sized(windows[2], &whole, sizeof whole, &part, shorter), HEAPSTER_OK);
  assert_field(whole, alloc_count, 1);
  assert_field(part, alloc_count, 1);
  assert_field(part, struct_size, shorter);
}

static void *begin_thread_window(void *window) {
  assert_int_equal(heapster_window_begin(heap, HEAPSTER_THREAD, window), HEAPSTER_OK);
  return NULL;
}

static void a_dead_threads_windows_are_taken_back_when_all_are_open(void **state) {
  (void)state;
  struct heapster_window dead[HEAPSTER_WINDOWS], kept, window;
  assert_int_equal(heapster_window_begin(heap, HEAPSTER_THREAD, &kept), HEAPSTER_OK);
  for (unsigned i = 1; i < HEAPSTER_WINDOWS; ++i) on_another_thread(begin_thread_window, &dead[i]);
  assert_int_equal(heapster_window_end(dead[1], NULL), HEAPSTER_WRONG_THREAD);
  assert_int_equal(heapster_window_begin(heap, HEAPSTER_PROCESS, &window), HEAPSTER_OK);
  assert_int_equal(heapster__windows_open(), 2);
  assert_int_equal(heapster_window_end(dead[1], NULL), HEAPSTER_WINDOW_CLOSED);
  assert_int_equal(heapster_window_end(window, NULL), HEAPSTER_OK);
  assert_int_equal(heapster_window_end(kept, NULL), HEAPSTER_OK);
}

static void *drop_window(void *window) {
  heapster__window_drop(*(struct heapster_window *)window);
  heapster__window_drop(*(struct heapster_window *)window);
  return NULL;
}

static void any_thread_may_drop_a_window(void **state) {
  (void)state;
  struct heapster_window window, around;
  struct heapster_stats stats;
  for (unsigned scope = HEAPSTER_PROCESS; scope <= HEAPSTER_THREAD; ++scope) {
    heapster_window_begin(heap, HEAPSTER_THREAD, &around);
    assert_int_equal(heapster_window_begin(heap, (enum heapster_scope)scope, &window), HEAPSTER_OK);
    turn_over(heap, 100);
    on_another_thread(drop_window, &window);
    assert_int_equal(heapster_window_end(window, &stats), HEAPSTER_WINDOW_CLOSED);
    turn_over(heap, 20);
    assert_int_equal(heapster_window_end(around, &stats), HEAPSTER_OK);
    assert_int_equal(stats.use_peak, 100);
    assert_int_equal(heapster__windows_open(), 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_part_of_the_thread_can_be_had_alone_and_in_any_size),
      cmocka_unit_test(process_scope_counts_other_threads_and_reports_them_as_foreign),
      cmocka_unit_test(bytes_from_before_the_begin_that_are_flushed_inside_are_no_peak),
      cmocka_unit_test(thread_scope_counts_only_its_own_thread),
      cmocka_unit_test(a_thread_that_frees_blocks_of_others_goes_below_its_begin),
      cmocka_unit_test(thread_scope_ends_only_on_its_own_thread),
      cmocka_unit_test(a_dead_threads_windows_are_taken_back_when_all_are_open),
      cmocka_unit_test(any_thread_may_drop_a_window),
      cmocka_unit_test(a_thread_scope_window_whose_thread_ended_cannot_be_ended),
      cmocka_unit_test(in_a_process_scope_window_whose_thread_ended_all_is_foreign),
      cmocka_unit_test(process_scope_ends_on_any_thread_whose_requests_are_foreign),
      cmocka_unit_test(a_thread_that_is_ending_begins_no_window),
  };
  if (heapster_heap_create("window", NULL, &heap) || heapster_heap_create("other", NULL, &other)) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
