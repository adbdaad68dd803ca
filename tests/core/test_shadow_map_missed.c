/* The block map over blocks whose free went by unseen: they stand in the way, and are never read as another. */
#include "cmocka_test.h"

#include "shadow_map_support.h"

static const uint64_t SIZES[] = {0, 16, 252, 253, 16638, 2 << 20, (uint64_t)1 << 40};
enum { SIZE_COUNT = sizeof SIZES / sizeof SIZES[0] };

static void assert_lost(uint64_t address) {
  const struct heapster__block block = heapster__shadow_take(map, at(address));
  assert_int_equal(block.owner, OWNER);
  assert_int_equal(block.size, 253);
  assert_true(block.is_size_lost);
}

static void a_stale_block_stands_in_the_way_of_every_owner(void **state) {
  (void)state;
  for (unsigned i = 0; i < SIZE_COUNT; ++i) {
    for (unsigned j = 0; j < SIZE_COUNT; ++j) {
      put(HERE, SIZES[i]);
      assert_int_equal(put(HERE, SIZES[j]), HEAPSTER__PUT_MISSED_FREE);
      assert_int_equal(heapster__shadow_put(map, at(HERE), OTHER, SIZES[j]), HEAPSTER__PUT_MISSED_FREE);
      assert_false(heapster__shadow_put_fast(map, at(HERE), OWNER, SIZES[j]));
      assert_false(heapster__shadow_put_fast(map, at(HERE), OTHER, SIZES[j]));
      assert_taken(HERE, SIZES[i]);
      assert_int_equal(put(HERE, SIZES[j]), HEAPSTER__PUT_DONE);
      assert_taken(HERE, SIZES[j]);
    }
  }
}

static void the_inside_of_a_block_is_nobodys(void **state) {
  (void)state;
  uint64_t size = 0;
  put(HERE, (uint64_t)1 << 40);
  for (uint64_t cell = 1; cell <= 16; ++cell) {
    assert_nothing(HERE + cell * granule);
    assert_false(heapster__shadow_take_fast(map, at(HERE + cell * granule), OWNER, &size));
  }
  assert_taken(HERE, (uint64_t)1 << 40);
}

static void a_block_inside_a_stale_one_is_entered_and_taken(void **state) {
  (void)state;
  for (unsigned i = 0; i < SIZE_COUNT; ++i) {
    put(HERE, (uint64_t)1 << 40);
    assert_int_equal(put(HERE + granule, SIZES[i]), HEAPSTER__PUT_DONE);
    assert_taken(HERE + granule, SIZES[i]);
    heapster__shadow_take(map, at(HERE));
  }
}

/* Of the eight granules of a long cell, the last long block has it. */
static void the_size_of_a_stale_block_is_lost_where_a_long_one_took_its_cell(void **state) {
  (void)state;
  uint64_t size = 0;
  for (uint64_t from = 0; from < 8; ++from) {
    for (uint64_t to = 0; to < 24; ++to) {
      if (to == from) continue;
      put(HERE + from * granule, 9000);
      assert_int_equal(put(HERE + to * granule, 5000), HEAPSTER__PUT_DONE);
      if (to < 8) {
        assert_false(heapster__shadow_take_fast(map, at(HERE + from * granule), OWNER, &size));
        assert_lost(HERE + from * granule);
      } else {
        assert_taken(HERE + from * granule, 9000);
      }
      assert_taken(HERE + to * granule, 5000);
    }
  }
}

static void short_blocks_inside_a_stale_one_leave_it_its_size(void **state) {
  (void)state;
  for (uint64_t cell = 1; cell < 8; ++cell) {
    put(HERE, 9000);
    put(HERE + cell * granule, 252);
    assert_taken(HERE, 9000);
    assert_taken(HERE + cell * granule, 252);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      OVER_BOTH_AND_AS_GUEST(a_stale_block_stands_in_the_way_of_every_owner),
      OVER_BOTH_AND_AS_GUEST(the_inside_of_a_block_is_nobodys),
      OVER_BOTH_AND_AS_GUEST(a_block_inside_a_stale_one_is_entered_and_taken),
      OVER_BOTH_AND_AS_GUEST(the_size_of_a_stale_block_is_lost_where_a_long_one_took_its_cell),
      OVER_BOTH_AND_AS_GUEST(short_blocks_inside_a_stale_one_leave_it_its_size),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
