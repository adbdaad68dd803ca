/* Frames: what they count and which are kept. */
#include "cmocka_test.h"

#include "another_thread.h"
#include "commanded.h"
#include "frame_support.h"

static struct heapster_heap *heap;
static struct heapster_heap *other;
static struct commanded *commanded;

static void no_frame_ends_before_the_second_mark(void **state) {
  (void)state;
  static const struct heapster_frames nothing = {.struct_size = sizeof nothing,
                                                 .frame_size = sizeof(struct heapster_frame)};
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

static void a_frame_counts_the_allocs_and_growths_between_two_marks(void **state) {
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

static void a_frame_with_an_alloc_of_0_bytes_is_not_allocation_free_but_one_with_a_free_is(void **state) {
  (void)state;
  const uint64_t before = frames_of(heap)->quiet_count;
  void *block = heapster_heap_malloc(heap, 0);
  mark();
  assert_frame(last_of(heap), 1, 0, 0, 0);
  assert_int_equal(frames_of(heap)->quiet_count, before);
  heapster_heap_free(heap, block);
  mark();
  mark();
  assert_int_equal(frames_of(heap)->quiet_count, before + 2);
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

static void the_total_is_the_sum_of_the_heaps_with_its_own_peak(void **state) {
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

static void the_last_256_frames_are_kept_oldest_first(void **state) {
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

static void the_worst_frame_has_most_requests_then_most_bytes_then_is_the_latest(void **state) {
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

static void the_first_frame_of_a_new_heap_has_all_that_it_counted(void **state) {
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

#define TEST(name) cmocka_unit_test_setup(name, begin_frame)

#ifndef HEAPSTER_SHARED_COUNTERS

static void *leave_a_block(void *size) { return heapster_heap_malloc(heap, *(size_t *)size); }

static void *turn_over_there(void *size) {
  turn_over(heap, *(size_t *)size);
  return NULL;
}

static void a_peak_is_exact_if_only_the_marking_thread_acted(void **state) {
  (void)state;
  size_t size = 30000;
  void *block = on_another_thread(leave_a_block, &size);
  mark();
  turn_over(heap, 100);
  mark();
  assert_frame(last_of(heap), 1, 0, 100, 100);
  assert_field(last_of(heap), use_peak_error, 0);
  assert_frame(last_of(NULL), 1, 0, 100, 100);
  assert_field(last_of(NULL), use_peak_error, 0);
  heapster_heap_free(heap, block);
}

static void *mark_around_a_request(void *error) {
  mark();
  turn_over(heap, 100);
  mark();
  *(uint64_t *)error = last_of(heap).use_peak_error;
  return NULL;
}

static void a_peak_is_exact_too_if_a_thread_marks_before_its_first_request(void **state) {
  (void)state;
  uint64_t error = 1;
  on_another_thread(mark_around_a_request, &error);
  assert_int_equal(error, 0);
}

static void a_peak_of_several_threads_is_within_its_error(void **state) {
  (void)state;
  mark();
  turn_over(heap, 100);
  size_t size = 5000;
  on_another_thread(turn_over_there, &size);
  mark();
  const struct heapster_frame frame = last_of(heap);
  assert_field(frame, use_peak_error, 5000); /* what the other thread requested, and freed */
  assert_true(frame.use_peak + frame.use_peak_error >= 5000 && frame.use_peak <= 5000 + frame.use_peak_error);
  mark();
  assert_frame(last_of(heap), 0, 0, 0, 0);
  assert_field(last_of(heap), use_peak_error, 0);
}

#endif

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_frame_ends_before_the_second_mark),
      TEST(a_frame_counts_the_allocs_and_growths_between_two_marks),
      TEST(a_frame_with_an_alloc_of_0_bytes_is_not_allocation_free_but_one_with_a_free_is),
      TEST(a_peak_is_above_the_use_at_the_frames_begin),
      TEST(the_total_is_the_sum_of_the_heaps_with_its_own_peak),
      TEST(the_last_256_frames_are_kept_oldest_first),
      TEST(the_worst_frame_has_most_requests_then_most_bytes_then_is_the_latest),
      TEST(the_first_frame_of_a_new_heap_has_all_that_it_counted),
#ifndef HEAPSTER_SHARED_COUNTERS
      TEST(a_peak_is_exact_if_only_the_marking_thread_acted),
      TEST(a_peak_is_exact_too_if_a_thread_marks_before_its_first_request),
      TEST(a_peak_of_several_threads_is_within_its_error),
#endif
  };
  static struct commanded pools;
  commanded = &pools;
  if (!commanded_open(commanded)) return 1;
  const struct heapster_allocator backing = commanded_allocator(commanded, COMMANDED_WHOLE);
  if (heapster_heap_create("heap", &backing, &heap) || heapster_heap_create("other", NULL, &other)) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
