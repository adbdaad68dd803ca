/* The block map over blocks whose free went by unseen: they stand in the way, and are never read as another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "block_map_support.h"

static const uint64_t SIZES[] = {0, 16, 254, 255, 16638, 16639, 2 << 20, (uint64_t)1 << 40};
enum { SIZE_COUNT = sizeof SIZES / sizeof SIZES[0] };

static void assert_lost(uint64_t address) {
  const struct heapster__block block = heapster__map_take(map, at(address));
  assert_int_equal(block.owner, OWNER);
  assert_int_equal(block.size, 255);
  assert_true(block.is_size_lost);
}

static void a_stale_block_at_the_first_cell_stands_in_the_way(void **state) {
  (void)state;
  for (unsigned i = 0; i < SIZE_COUNT; ++i) {
    for (unsigned j = 0; j < SIZE_COUNT; ++j) {
      put(HERE, SIZES[i]);
      assert_int_equal(put(HERE, SIZES[j]), HEAPSTER__PUT_STALE);
      const struct heapster__block stale = heapster__map_take_stale(map, at(HERE), SIZES[j]);
      assert_int_equal(stale.owner, OWNER);
      assert_int_equal(stale.size, SIZES[i]);
      assert_int_equal(put(HERE, SIZES[j]), HEAPSTER__PUT);
      assert_taken(HERE, SIZES[j]);
    }
  }
}

/* The cells of a block of 2^40 bytes: one, and six more. */
static void stale_blocks_under_extension_cells_stand_in_the_way(void **state) {
  (void)state;
  const uint64_t size = (uint64_t)1 << 40;
  for (uint64_t cell = 1; cell <= 6; ++cell) {
    put(HERE + cell * granule, 16);
    assert_int_equal(put(HERE, size), HEAPSTER__PUT_STALE);
    assert_int_equal(heapster__map_take_stale(map, at(HERE), size).size, 16);
    assert_int_equal(heapster__map_take_stale(map, at(HERE), size).owner, 0);
    assert_int_equal(put(HERE, size), HEAPSTER__PUT);
    assert_taken(HERE, size);
  }
  put(HERE + 7 * granule, 16);
  assert_int_equal(put(HERE, size), HEAPSTER__PUT);
  assert_taken(HERE + 7 * granule, 16);
}

static void remnants_are_never_read_as_a_block(void **state) {
  (void)state;
  uint64_t size = 0;
  put(HERE, (uint64_t)1 << 40);
  for (uint64_t cell = 1; cell <= CELLS_OF_THE_LARGEST; ++cell) {
    const void *there = at(HERE + cell * granule);
    assert_int_equal(heapster__map_take(map, there).owner, 0);
    assert_false(heapster__map_take_own(map, there, OWNER, &size));
  }
  assert_taken(HERE, (uint64_t)1 << 40);
}

static void a_block_over_remnants_is_entered_and_taken(void **state) {
  (void)state;
  for (unsigned i = 0; i < SIZE_COUNT; ++i) {
    put(HERE, (uint64_t)1 << 40);
    assert_int_equal(put(HERE + granule, SIZES[i]), HEAPSTER__PUT);
    assert_taken(HERE + granule, SIZES[i]);
    heapster__map_take(map, at(HERE));
  }
}

static void a_size_whose_continuation_was_overwritten_is_lost_and_becomes_255(void **state) {
  (void)state;
  uint64_t size = 0;
  for (uint64_t cell = 1; cell <= 6; ++cell) {
    put(HERE, (uint64_t)1 << 40);
    put(HERE + cell * granule, 16);
    assert_false(heapster__map_take_own(map, at(HERE), OWNER, &size));
    assert_lost(HERE);
    assert_taken(HERE + cell * granule, 16);
  }
  for (uint64_t cell = 1; cell <= 2; ++cell) {
    put(HERE, 300);
    put(HERE + cell * granule, 40);
    heapster__map_take(map, at(HERE + cell * granule)); /* freed: the cell is 0 now */
    assert_false(heapster__map_take_own(map, at(HERE), OWNER, &size));
    assert_lost(HERE);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      OVER_BOTH(a_stale_block_at_the_first_cell_stands_in_the_way),
      OVER_BOTH(stale_blocks_under_extension_cells_stand_in_the_way),
      OVER_BOTH(remnants_are_never_read_as_a_block),
      OVER_BOTH(a_block_over_remnants_is_entered_and_taken),
      OVER_BOTH(a_size_whose_continuation_was_overwritten_is_lost_and_becomes_255),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
