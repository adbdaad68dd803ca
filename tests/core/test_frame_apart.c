/* Frames do not disturb windows, resets, use_max, threads or forks, nor are they disturbed. */
#include "cmocka_test.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame_support.h"
#include "support.h"

static struct heapster_heap *heap;

static void a_mark_requests_nothing_and_disturbs_no_window(void **state) {
  (void)state;
  struct heapster_window outer;
  struct heapster_stats stats;
  const struct heapster_stats nothing = {.kind = HEAPSTER_WINDOW};
  assert_int_equal(heapster_window_begin(NULL, HEAPSTER_PROCESS, &outer), HEAPSTER_OK);
  mark();
  heapster_window_end(outer, &stats);
  assert_true(heapster_stats_is_equal(&stats, &nothing));
  assert_int_equal(heapster_window_begin(heap, HEAPSTER_PROCESS, &outer), HEAPSTER_OK);
  turn_over(heap, 900);
  mark();
  turn_over(heap, 200);
  mark();
  heapster_window_end(outer, &stats);
  assert_int_equal(stats.alloc_count, 2);
  assert_int_equal(stats.use_peak, 900);
  assert_frame(last_of(heap), 1, 0, 200, 200);
}

static void windows_and_resets_inside_leave_a_frame_alone(void **state) {
  (void)state;
  struct heapster_window window;
  struct heapster_stats stats;
  const uint64_t before = frames_of(heap)->frame_count;
  turn_over(heap, 800);
  assert_int_equal(heapster_window_begin(heap, HEAPSTER_PROCESS, &window), HEAPSTER_OK);
  turn_over(heap, 100);
  heapster_window_end(window, &stats);
  assert_int_equal(stats.use_peak, 100);
  heapster_reset();
  turn_over(heap, 10);
  mark();
  assert_frame(last_of(heap), 3, 0, 910, 800);
  assert_int_equal(frames_of(heap)->frame_count, before + 1);
}

static void a_mark_does_not_change_use_max(void **state) {
  (void)state;
  struct heapster_stats stats;
  heapster_reset();
  turn_over(heap, 3000);
  mark();
  turn_over(heap, 20);
  mark();
  heapster_stats_read(heap, &stats);
  assert_int_equal(stats.use_max, 3000);
}

static void *work_and_mark(void *which) {
  turn_over(which, 70);
  return heapster_frame_mark() ? which : NULL;
}

static void a_frame_counts_all_threads_and_any_thread_may_mark(void **state) {
  (void)state;
  const uint64_t before = frames_of(NULL)->frame_count;
  pthread_t threads[4];
  void *failed = NULL;
  for (unsigned i = 0; i < 4; ++i) start_thread(&threads[i], work_and_mark, heap);
  for (unsigned i = 0; i < 4; ++i) {
    pthread_join(threads[i], &failed);
    assert_null(failed);
  }
  mark();
  const struct heapster_frames *frames = frames_of(heap);
  assert_int_equal(frames->frame_count, before + 5);
  uint64_t allocs = 0;
  for (unsigned i = 1; i <= 5; ++i) allocs += frames->kept[frames->kept_count - i].alloc_count;
  assert_int_equal(allocs, 4);
}

static void the_child_of_a_fork_continues_the_frame(void **state) {
  (void)state;
  if (IS_UNDER_TSAN) skip();
  turn_over(heap, 60);
  const uint64_t before = frames_of(heap)->frame_count;
  const pid_t child = fork();
  if (!child) {
    turn_over(heap, 50);
    const bool is_marked = heapster_frame_mark() == HEAPSTER_OK;
    const struct heapster_frames *frames = frames_of(heap);
    _exit(is_marked && frames->frame_count == before + 1 && frames->last.total_alloc_sum == 110 ? 0 : 1);
  }
  int status = -1;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  assert_int_equal(frames_of(heap)->frame_count, before);
}

#define TEST(name) cmocka_unit_test_setup(name, begin_frame)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_mark_requests_nothing_and_disturbs_no_window),
      TEST(windows_and_resets_inside_leave_a_frame_alone),
      TEST(a_mark_does_not_change_use_max),
      TEST(a_frame_counts_all_threads_and_any_thread_may_mark),
      TEST(the_child_of_a_fork_continues_the_frame),
  };
  if (heapster_heap_create("heap", NULL, &heap) || heapster_frame_mark()) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
