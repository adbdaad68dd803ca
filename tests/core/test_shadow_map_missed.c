/* The shadow map after missed frees: such a block stands in the way, and is never taken for another. */
#include "cmocka_test.h"

#include "shadow_map_support.h"

static const uint64_t SIZES[] = {0, 16, 252, 253, 16638, 2 << 20, (uint64_t)1 << 40};
enum { SIZE_COUNT = sizeof SIZES / sizeof SIZES[0] };

static void assert_lost(uint64_t address) {
  const struct heapster__block block = heapster__shadow_take(map, at(address));
  assert_field(block, owner, OWNER);
  assert_field(block, size, 253);
  assert_true(block.is_size_lost);
}

static void a_block_whose_free_was_missed_stands_in_the_way_of_every_heap(void **state) {
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

static void a_block_inside_one_whose_free_was_missed_is_put_and_taken(void **state) {
  (void)state;
  for (unsigned i = 0; i < SIZE_COUNT; ++i) {
    put(HERE, (uint64_t)1 << 40);
    assert_int_equal(put(HERE + granule, SIZES[i]), HEAPSTER__PUT_DONE);
    assert_taken(HERE + granule, SIZES[i]);
    heapster__shadow_take(map, at(HERE));
  }
}

/* Eight granules share a size cell; the last long block has it. */
static void the_size_is_lost_if_a_long_block_took_the_size_cell(void **state) {
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

static void the_size_is_kept_if_only_short_blocks_are_inside(void **state) {
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
      OVER_BOTH_AND_FOREIGN(a_block_whose_free_was_missed_stands_in_the_way_of_every_heap),
      OVER_BOTH_AND_FOREIGN(the_inside_of_a_block_is_nobodys),
      OVER_BOTH_AND_FOREIGN(a_block_inside_one_whose_free_was_missed_is_put_and_taken),
      OVER_BOTH_AND_FOREIGN(the_size_is_lost_if_a_long_block_took_the_size_cell),
      OVER_BOTH_AND_FOREIGN(the_size_is_kept_if_only_short_blocks_are_inside),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
