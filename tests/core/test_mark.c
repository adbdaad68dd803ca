/* The mark by which inner layers know that they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "count/guard.h"

static __attribute__((noinline)) bool is_inner_here(struct heapster__slot *slot) {
  volatile char below = 0;
  return heapster__is_inner(slot) && below == 0;
}

static __attribute__((noinline)) bool is_inner_far_below(struct heapster__slot *slot) {
  volatile char room[4096];
  room[0] = 0;
  return is_inner_here(slot) && room[0] == 0;
}

/* As a frame does that is left by longjmp. */
static __attribute__((noinline)) void raise_and_leave(struct heapster__slot *slot) {
  struct heapster__descent descent = {0};
  heapster__descend(&descent, slot);
}

/* As any work does in the frames where the left one was. */
static __attribute__((noinline)) void write_over_the_stack(void) {
  volatile unsigned char room[4096];
  for (size_t i = 0; i < sizeof room; i++) room[i] = 1;
}

static void calls_from_inside_a_marked_one_are_inner_until_it_is_restored(void **state) {
  (void)state;
  struct heapster__slot *slot = heapster__slot_claim();
  assert_false(is_inner_here(slot));
  struct heapster__descent descent = {0};
  heapster__descend(&descent, slot);
  assert_int_equal(descent.outer, 0);
  assert_true(is_inner_here(slot));
  assert_true(is_inner_far_below(slot));
  heapster__ascend(&descent);
  assert_false(is_inner_far_below(slot));
}

static __attribute__((noinline)) bool nested_is_restored(struct heapster__slot *slot, uintptr_t expected) {
  struct heapster__descent descent = {0};
  heapster__descend(&descent, slot);
  const bool is_inner = is_inner_here(slot);
  heapster__ascend(&descent);
  return is_inner && descent.outer == expected && slot->mark == expected;
}

static void a_nested_mark_gives_way_to_the_outer_one(void **state) {
  (void)state;
  struct heapster__slot *slot = heapster__slot_claim();
  struct heapster__descent descent = {0};
  heapster__descend(&descent, slot);
  assert_true(nested_is_restored(slot, (uintptr_t)&descent));
  assert_true(is_inner_here(slot));
  heapster__ascend(&descent);
}

static void a_mark_of_a_left_frame_is_dropped_by_a_call_from_above_it(void **state) {
  (void)state;
  struct heapster__slot *slot = heapster__slot_claim();
  raise_and_leave(slot);
  assert_int_not_equal(slot->mark, 0);
  assert_false(heapster__is_inner(slot));
  assert_int_equal(slot->mark, 0);
  assert_false(is_inner_far_below(slot));
}

static void a_mark_of_a_left_frame_is_dropped_by_a_call_from_below_once_its_record_is_overwritten(void **state) {
  (void)state;
  struct heapster__slot *slot = heapster__slot_claim();
  raise_and_leave(slot);
  write_over_the_stack();
  assert_false(is_inner_far_below(slot));
  assert_int_equal(slot->mark, 0);
}

static void a_mark_raised_over_a_left_one_does_not_bring_it_back(void **state) {
  (void)state;
  struct heapster__slot *slot = heapster__slot_claim();
  raise_and_leave(slot);
  struct heapster__descent descent = {0};
  heapster__descend(&descent, slot);
  assert_int_equal(descent.outer, 0);
  heapster__ascend(&descent);
  assert_int_equal(slot->mark, 0);
}

static void a_lowered_mark_leaves_no_proof_behind(void **state) {
  (void)state;
  struct heapster__slot *slot = heapster__slot_claim();
  struct heapster__descent descent = {0};
  heapster__descend(&descent, slot);
  heapster__ascend(&descent);
  slot->mark = (uintptr_t)&descent;
  assert_false(is_inner_here(slot));
}

static void a_record_of_which_a_part_was_written_over_does_not_hold(void **state) {
  (void)state;
  struct heapster__slot *slot = heapster__slot_claim();
  struct heapster__descent descent = {0};
  heapster__descend(&descent, slot);
  descent.frame = 8;
  assert_false(is_inner_here(slot));
  assert_int_equal(slot->mark, 0);
}

static void without_a_slot_there_is_no_mark(void **state) {
  (void)state;
  struct heapster__descent descent = {0};
  heapster__descend(&descent, NULL);
  heapster__ascend(&descent);
  assert_false(heapster__is_inner(NULL));
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
