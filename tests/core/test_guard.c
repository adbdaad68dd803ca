/* The mark by which inner layers know that they are. */
#include "cmocka_test.h"

#include "count/guard.h"

static __attribute__((noinline)) bool is_inner_here(struct heapster__thread *thread) {
  volatile char below = 0;
  return heapster__is_nested(thread) && below == 0;
}

static __attribute__((noinline)) bool is_inner_far_below(struct heapster__thread *thread) {
  volatile char room[4096];
  room[0] = 0;
  return is_inner_here(thread) && room[0] == 0;
}

/* As a frame does that is left by longjmp. */
static __attribute__((noinline)) void raise_and_leave(struct heapster__thread *thread) {
  struct heapster__guard guard = {0};
  heapster__guard_enter(&guard, thread);
}

/* As any work does in the frames where the left one was. */
static __attribute__((noinline)) void write_over_the_stack(void) {
  volatile unsigned char room[4096];
  for (size_t i = 0; i < sizeof room; i++) room[i] = 1;
}

static void calls_from_inside_a_marked_one_are_inner_until_it_is_restored(void **state) {
  (void)state;
  struct heapster__thread *thread = heapster__thread_claim();
  assert_false(is_inner_here(thread));
  struct heapster__guard guard = {0};
  heapster__guard_enter(&guard, thread);
  assert_int_equal(guard.outer, 0);
  assert_true(is_inner_here(thread));
  assert_true(is_inner_far_below(thread));
  heapster__guard_leave(&guard);
  assert_false(is_inner_far_below(thread));
}

static __attribute__((noinline)) bool nested_is_restored(struct heapster__thread *thread, uintptr_t expected) {
  struct heapster__guard guard = {0};
  heapster__guard_enter(&guard, thread);
  const bool is_inner = is_inner_here(thread);
  heapster__guard_leave(&guard);
  return is_inner && guard.outer == expected && thread->guard == expected;
}

static void a_nested_mark_gives_way_to_the_outer_one(void **state) {
  (void)state;
  struct heapster__thread *thread = heapster__thread_claim();
  struct heapster__guard guard = {0};
  heapster__guard_enter(&guard, thread);
  assert_true(nested_is_restored(thread, (uintptr_t)&guard));
  assert_true(is_inner_here(thread));
  heapster__guard_leave(&guard);
}

static void a_mark_of_a_left_frame_is_dropped_by_a_call_from_above_it(void **state) {
  (void)state;
  struct heapster__thread *thread = heapster__thread_claim();
  raise_and_leave(thread);
  assert_int_not_equal(thread->guard, 0);
  assert_false(heapster__is_nested(thread));
  assert_int_equal(thread->guard, 0);
  assert_false(is_inner_far_below(thread));
}

static void a_mark_of_a_left_frame_is_dropped_by_a_call_from_below_once_its_record_is_overwritten(void **state) {
  (void)state;
  struct heapster__thread *thread = heapster__thread_claim();
  raise_and_leave(thread);
  write_over_the_stack();
  assert_false(is_inner_far_below(thread));
  assert_int_equal(thread->guard, 0);
}

static void a_mark_raised_over_a_left_one_does_not_bring_it_back(void **state) {
  (void)state;
  struct heapster__thread *thread = heapster__thread_claim();
  raise_and_leave(thread);
  struct heapster__guard guard = {0};
  heapster__guard_enter(&guard, thread);
  assert_int_equal(guard.outer, 0);
  heapster__guard_leave(&guard);
  assert_int_equal(thread->guard, 0);
}

static void a_lowered_mark_leaves_no_proof_behind(void **state) {
  (void)state;
  struct heapster__thread *thread = heapster__thread_claim();
  struct heapster__guard guard = {0};
  heapster__guard_enter(&guard, thread);
  heapster__guard_leave(&guard);
  thread->guard = (uintptr_t)&guard;
  assert_false(is_inner_here(thread));
}

static void a_record_of_which_a_part_was_written_over_does_not_hold(void **state) {
  (void)state;
  struct heapster__thread *thread = heapster__thread_claim();
  struct heapster__guard guard = {0};
  heapster__guard_enter(&guard, thread);
  guard.frame = 8;
  assert_false(is_inner_here(thread));
  assert_int_equal(thread->guard, 0);
}

static void without_a_slot_there_is_no_mark(void **state) {
  (void)state;
  struct heapster__guard guard = {0};
  heapster__guard_enter(&guard, NULL);
  heapster__guard_leave(&guard);
  assert_false(heapster__is_nested(NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(calls_from_inside_a_marked_one_are_inner_until_it_is_restored),
      cmocka_unit_test(a_nested_mark_gives_way_to_the_outer_one),
      cmocka_unit_test(a_mark_of_a_left_frame_is_dropped_by_a_call_from_above_it),
      cmocka_unit_test(a_mark_of_a_left_frame_is_dropped_by_a_call_from_below_once_its_record_is_overwritten),
      cmocka_unit_test(a_mark_raised_over_a_left_one_does_not_bring_it_back),
      cmocka_unit_test(a_lowered_mark_leaves_no_proof_behind),
      cmocka_unit_test(a_record_of_which_a_part_was_written_over_does_not_hold),
      cmocka_unit_test(without_a_slot_there_is_no_mark),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
