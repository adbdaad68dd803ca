/* The re-entry guard: nested calls, and frames that are left without lowering it. */
#include "cmocka_test.h"

#include "count/guard.h"

static __attribute__((noinline)) bool is_nested_here(struct heapster__thread *thread) {
  volatile char below = 0;
  return heapster__is_nested(thread) && below == 0;
}

static __attribute__((noinline)) bool is_nested_far_below(struct heapster__thread *thread) {
  volatile char gap[4096];
  gap[0] = 0;
  return is_nested_here(thread) && gap[0] == 0;
}

/* Leaves its frame with the guard up, as longjmp does. */
static __attribute__((noinline)) void enter_and_abandon(struct heapster__thread *thread) {
  struct heapster__guard guard = {0};
  heapster__guard_enter(&guard, thread);
}

/* Overwrites the frames below, as any other call would. */
static __attribute__((noinline)) void overwrite_stack(void) {
  volatile unsigned char stack[4096];
  for (size_t i = 0; i < sizeof stack; i++) stack[i] = 1;
}

static void calls_below_a_guard_are_nested_until_it_is_lowered(void **state) {
  (void)state;
  struct heapster__thread *thread = heapster__thread_claim();
  assert_false(is_nested_here(thread));
  struct heapster__guard guard = {0};
  heapster__guard_enter(&guard, thread);
  assert_field(guard, outer, 0);
  assert_true(is_nested_here(thread));
  assert_true(is_nested_far_below(thread));
  heapster__guard_leave(&guard);
  assert_false(is_nested_far_below(thread));
}

static __attribute__((noinline)) bool nest_and_restore(struct heapster__thread *thread, uintptr_t expected) {
  struct heapster__guard guard = {0};
  heapster__guard_enter(&guard, thread);
  const bool is_nested = is_nested_here(thread);
  heapster__guard_leave(&guard);
  return is_nested && guard.outer == expected && thread->guard == expected;
}

static void a_nested_guard_gives_way_to_the_outer_one(void **state) {
  (void)state;
  struct heapster__thread *thread = heapster__thread_claim();
  struct heapster__guard guard = {0};
  heapster__guard_enter(&guard, thread);
  assert_true(nest_and_restore(thread, (uintptr_t)&guard));
  assert_true(is_nested_here(thread));
  heapster__guard_leave(&guard);
}

static void a_guard_of_an_abandoned_frame_is_dropped_by_a_call_from_above_it(void **state) {
  (void)state;
  struct heapster__thread *thread = heapster__thread_claim();
  enter_and_abandon(thread);
  assert_int_not_equal(thread->guard, 0);
  assert_false(heapster__is_nested(thread));
  assert_field(*thread, guard, 0);
  assert_false(is_nested_far_below(thread));
}

static void a_guard_of_an_abandoned_frame_is_dropped_by_a_call_from_below_once_it_is_overwritten(void **state) {
  (void)state;
  struct heapster__thread *thread = heapster__thread_claim();
  enter_and_abandon(thread);
  overwrite_stack();
  assert_false(is_nested_far_below(thread));
  assert_field(*thread, guard, 0);
}

static void a_guard_raised_over_an_abandoned_one_does_not_restore_it(void **state) {
  (void)state;
  struct heapster__thread *thread = heapster__thread_claim();
  enter_and_abandon(thread);
  struct heapster__guard guard = {0};
  heapster__guard_enter(&guard, thread);
  assert_field(guard, outer, 0);
  heapster__guard_leave(&guard);
  assert_field(*thread, guard, 0);
}

static void a_lowered_guard_has_no_proof(void **state) {
  (void)state;
  struct heapster__thread *thread = heapster__thread_claim();
  struct heapster__guard guard = {0};
  heapster__guard_enter(&guard, thread);
  heapster__guard_leave(&guard);
  thread->guard = (uintptr_t)&guard;
  assert_false(is_nested_here(thread));
}

static void a_guard_that_is_partly_overwritten_does_not_hold(void **state) {
  (void)state;
  struct heapster__thread *thread = heapster__thread_claim();
  struct heapster__guard guard = {0};
  heapster__guard_enter(&guard, thread);
  guard.frame = 8;
  assert_false(is_nested_here(thread));
  assert_field(*thread, guard, 0);
}

static void a_thread_without_a_record_has_no_guard(void **state) {
  (void)state;
  struct heapster__guard guard = {0};
  heapster__guard_enter(&guard, NULL);
  heapster__guard_leave(&guard);
  assert_false(heapster__is_nested(NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(calls_below_a_guard_are_nested_until_it_is_lowered),
      cmocka_unit_test(a_nested_guard_gives_way_to_the_outer_one),
      cmocka_unit_test(a_guard_of_an_abandoned_frame_is_dropped_by_a_call_from_above_it),
      cmocka_unit_test(a_guard_of_an_abandoned_frame_is_dropped_by_a_call_from_below_once_it_is_overwritten),
      cmocka_unit_test(a_guard_raised_over_an_abandoned_one_does_not_restore_it),
      cmocka_unit_test(a_lowered_guard_has_no_proof),
      cmocka_unit_test(a_guard_that_is_partly_overwritten_does_not_hold),
      cmocka_unit_test(a_thread_without_a_record_has_no_guard),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
