/* Frames: what one has, how many are kept, and what they leave alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <heapster/heapster.h>

#include "commanded.h"
#include "support.h"

static struct heapster_heap *heap;
static struct heapster_heap *other;
static struct commanded *commanded;

static void mark(void) { assert_int_equal(heapster_frame_mark(), HEAPSTER_OK); }

/* In memory of its own: it is large. */
static const struct heapster_frames *frames_of(const struct heapster_heap *which) {
  static struct heapster_frames frames;
  memset(&frames, 0x5A, sizeof frames);
  heapster_frames_read(which, &frames);
  return &frames;
}

static struct heapster_frame last_of(const struct heapster_heap *which) { return frames_of(which)->last; }

static void turn_over(struct heapster_heap *which, size_t size) {
  heapster_heap_free(which, heapster_heap_malloc(which, size));
}

static void assert_frame(struct heapster_frame frame, uint64_t allocs, uint64_t growths, uint64_t bytes,
                         uint64_t peak) {
  assert_int_equal(frame.alloc_count, allocs);
  assert_int_equal(frame.realloc_growth_count, growths);
  assert_int_equal(frame.total_alloc_sum, bytes);
  assert_int_equal(frame.use_peak, peak);
}

/* Each test begins a frame of its own. */
static int marked(void **state) {
  (void)state;
  return heapster_frame_mark() ? -1 : 0;
}

static void before_two_marks_no_frame_has_ended(void **state) {
  (void)state;
  static const struct heapster_frames nothing;
  turn_over(heap, 10);
  assert_memory_equal(frames_of(NULL), &nothing, sizeof nothing);
  mark();
  assert_memory_equal(frames_of(NULL), &nothing, sizeof nothing);
  assert_memory_equal(frames_of(heap), &nothing, sizeof nothing);
  mark();
  const struct heapster_frames *frames = frames_of(heap);
  assert_int_equal(frames->frame_count, 1);
  assert_int_equal(frames->kept_count, 1);
  assert_int_equal(frames->quiet_count, 1);
  assert_int_equal(frames->worst_index, 1);
  assert_frame(frames->last, 0, 0, 0, 0);
}

static void a_frame_has_the_allocs_and_growths_between_two_marks(void **state) {
  (void)state;
  void *block = heapster_heap_malloc(heap, 100);
  commanded->moves = true;
  block = heapster_heap_realloc(heap, block, 400);
  block = heapster_heap_realloc(heap, block, 50);
  block = heapster_heap_realloc(heap, block, 50);
  commanded->moves = false;
  commanded->refuse_after = 1;
  assert_null(heapster_heap_malloc(heap, 7000));
  turn_over(heap, 200);
  mark();
  assert_frame(last_of(heap), 2, 1, 600, 400);
  heapster_heap_free(heap, block);
  mark();
  assert_frame(last_of(heap), 0, 0, 0, 0);
}

static void an_alloc_of_no_bytes_is_not_nothing_but_a_free_is(void **state) {
  (void)state;
  const uint64_t quiet = frames_of(heap)->quiet_count;
  void *block = heapster_heap_malloc(heap, 0);
  mark();
  assert_frame(last_of(heap), 1, 0, 0, 0);
  assert_int_equal(frames_of(heap)->quiet_count, quiet);
  heapster_heap_free(heap, block);
  mark();
  mark();
  assert_int_equal(frames_of(heap)->quiet_count, quiet + 2);
}

static void a_peak_is_above_the_use_at_the_frames_begin(void **state) {
  (void)state;
  void *block = heapster_heap_malloc(heap, 100000);
  mark();
  assert_frame(last_of(heap), 1, 0, 100000, 100000);
  turn_over(heap, 300);
  heapster_heap_free(heap, block);
  turn_over(heap, 99000);
  mark();
  assert_frame(last_of(heap), 2, 0, 99300, 300);
  turn_over(heap, 40);
  mark();
  assert_frame(last_of(heap), 1, 0, 40, 40);
}

static void the_total_is_the_sum_of_the_heaps_with_a_peak_of_its_own(void **state) {
  (void)state;
  turn_over(heap, 1000);
  turn_over(other, 600);
  mark();
  assert_frame(last_of(heap), 1, 0, 1000, 1000);
  assert_frame(last_of(other), 1, 0, 600, 600);
  assert_frame(last_of(NULL), 2, 0, 1600, 1000);
  void *block = heapster_heap_malloc(heap, 1000);
  turn_over(other, 600);
  heapster_heap_free(heap, block);
  mark();
  assert_frame(last_of(NULL), 2, 0, 1600, 1600);
}

static void the_last_256_frames_are_kept_the_oldest_first(void **state) {
  (void)state;
  const uint64_t before = frames_of(NULL)->frame_count;
  for (size_t i = 1; i <= HEAPSTER_FRAMES + 10; ++i) {
    turn_over(heap, i);
    mark();
  }
  const struct heapster_frames *frames = frames_of(heap);
  assert_int_equal(frames->frame_count, before + HEAPSTER_FRAMES + 10);
  assert_int_equal(frames->kept_count, HEAPSTER_FRAMES);
  assert_int_equal(frames->quiet_count, 0);
  for (size_t i = 0; i < HEAPSTER_FRAMES; ++i) assert_frame(frames->kept[i], 1, 0, i + 11, i + 11);
  assert_frame(frames->last, 1, 0, 266, 266);
  assert_frame(frames->mean, 1, 0, 138, 138); /* 138.5 */
  assert_frame(frames->worst, 1, 0, 266, 266);
  assert_int_equal(frames->worst_index, frames->frame_count);
}

static void the_worst_has_the_most_requests_then_the_most_bytes_then_is_the_latest(void **state) {
  (void)state;
  for (unsigned i = 0; i < HEAPSTER_FRAMES; ++i) mark();
  const uint64_t before = frames_of(heap)->frame_count;
  assert_int_equal(frames_of(heap)->worst_index, before);
  assert_int_equal(frames_of(heap)->quiet_count, HEAPSTER_FRAMES);
  turn_over(heap, 90000);
  mark();
  assert_int_equal(frames_of(heap)->worst_index, before + 1);
  void *block = heapster_heap_realloc(heap, heapster_heap_malloc(heap, 10), 20);
  heapster_heap_free(heap, block);
  mark();
  assert_int_equal(frames_of(heap)->worst_index, before + 2);
  for (unsigned i = 0; i < 2; ++i) {
    turn_over(heap, 10);
    turn_over(heap, 11);
    mark();
  }
  turn_over(heap, 10);
  turn_over(heap, 10);
  mark();
  assert_int_equal(frames_of(heap)->worst_index, before + 4);
  assert_frame(frames_of(heap)->worst, 2, 0, 21, 11);
}

static void a_heap_made_in_a_frame_has_it_with_all_that_it_counted(void **state) {
  (void)state;
  struct heapster_heap *late;
  assert_int_equal(heapster_heap_create("late", NULL, &late), HEAPSTER_OK);
  void *block = heapster_heap_malloc(late, 5000);
  turn_over(late, 20);
  assert_int_equal(frames_of(late)->kept_count, 0);
  mark();
  assert_int_equal(frames_of(late)->kept_count, 1);
  assert_frame(last_of(late), 2, 0, 5020, 5020);
  assert_frame(last_of(NULL), 2, 0, 5020, 5020);
  heapster_heap_free(late, block);
  mark();
  turn_over(late, 30);
  mark();
  assert_frame(last_of(late), 1, 0, 30, 30);
  assert_int_equal(frames_of(late)->worst_index, frames_of(NULL)->frame_count - 2);
}

static void a_mark_makes_no_request_and_disturbs_no_window(void **state) {
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

static void a_mark_does_not_disturb_the_record(void **state) {
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

static void a_frame_has_what_all_threads_did_and_any_may_mark(void **state) {
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

static void the_child_of_a_fork_goes_on_in_the_frame(void **state) {
  (void)state;
  if (IS_UNDER_TSAN) skip();
  turn_over(heap, 60);
  const uint64_t before = frames_of(heap)->frame_count;
  const pid_t child = fork();
  if (child == 0) {
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

#define TEST(name) cmocka_unit_test_setup(name, marked)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(before_two_marks_no_frame_has_ended),
      TEST(a_frame_has_the_allocs_and_growths_between_two_marks),
      TEST(an_alloc_of_no_bytes_is_not_nothing_but_a_free_is),
      TEST(a_peak_is_above_the_use_at_the_frames_begin),
      TEST(the_total_is_the_sum_of_the_heaps_with_a_peak_of_its_own),
      TEST(the_last_256_frames_are_kept_the_oldest_first),
      TEST(the_worst_has_the_most_requests_then_the_most_bytes_then_is_the_latest),
      TEST(a_heap_made_in_a_frame_has_it_with_all_that_it_counted),
      TEST(a_mark_makes_no_request_and_disturbs_no_window),
      TEST(windows_and_resets_inside_leave_a_frame_alone),
      TEST(a_mark_does_not_disturb_the_record),
      TEST(a_frame_has_what_all_threads_did_and_any_may_mark),
      TEST(the_child_of_a_fork_goes_on_in_the_frame),
  };
  static struct commanded pools;
  commanded = &pools;
  if (!commanded_open(commanded)) return 1;
  const struct heapster_allocator backing = commanded_allocator(commanded, COMMANDED_WHOLE);
  if (heapster_heap_create("heap", &backing, &heap) || heapster_heap_create("other", NULL, &other)) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
