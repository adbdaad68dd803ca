/* The mark in a thread's slot by which inner layers know that they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "thread.h"

static __attribute__((noinline)) bool is_inner_here(struct heapster__slot *slot) {
  volatile char below = 0;
  return heapster__is_inner(slot) && below == 0;
}

static __attribute__((noinline)) bool is_inner_far_below(struct heapster__slot *slot) {
  volatile char room[4096];
  room[0] = 0;
  return is_inner_here(slot) && room[0] == 0;
}

static __attribute__((noinline)) void raise_and_leave(struct heapster__slot *slot) { heapster__mark_raise(slot); }

static void calls_from_inside_a_marked_one_are_inner_until_it_is_restored(void **state) {
  (void)state;
  struct heapster__slot *slot = heapster__slot_claim();
  assert_false(is_inner_here(slot));
  const uintptr_t outer = heapster__mark_raise(slot);
  assert_int_equal(outer, 0);
  assert_true(is_inner_here(slot));
  assert_true(is_inner_far_below(slot));
  heapster__mark_restore(slot, outer);
  assert_false(is_inner_far_below(slot));
}

static __attribute__((noinline)) bool nested_is_restored(struct heapster__slot *slot, uintptr_t expected) {
  const uintptr_t outer = heapster__mark_raise(slot);
  const bool is_inner = is_inner_here(slot);
  heapster__mark_restore(slot, outer);
  return is_inner && outer == expected;
}

static void a_nested_mark_gives_way_to_the_outer_one(void **state) {
  (void)state;
  struct heapster__slot *slot = heapster__slot_claim();
  const uintptr_t outer = heapster__mark_raise(slot);
  assert_true(nested_is_restored(slot, slot->mark));
  assert_true(is_inner_here(slot));
  heapster__mark_restore(slot, outer);
}

static void a_mark_of_a_left_frame_is_dropped_by_a_call_from_above_it(void **state) {
  (void)state;
  struct heapster__slot *slot = heapster__slot_claim();
  raise_and_leave(slot);
  assert_true(is_inner_far_below(slot)); /* what the README admits: deeper frames pass until then */
  assert_false(heapster__is_inner(slot));
  assert_int_equal(slot->mark, 0);
  assert_false(is_inner_far_below(slot));
}

static void without_a_slot_there_is_no_mark(void **state) {
  (void)state;
  assert_int_equal(heapster__mark_raise(NULL), 0);
  heapster__mark_restore(NULL, 1);
  assert_false(heapster__is_inner(NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(calls_from_inside_a_marked_one_are_inner_until_it_is_restored),
      cmocka_unit_test(a_nested_mark_gives_way_to_the_outer_one),
      cmocka_unit_test(a_mark_of_a_left_frame_is_dropped_by_a_call_from_above_it),
      cmocka_unit_test(without_a_slot_there_is_no_mark),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
