/* The small map: blocks below 16 bytes come back with their size, however many begin in one granule. */
#include "cmocka_test.h"

#include "count/small_map.h"
#include "page_calls.h"
#include "support.h"

enum { OWNER = 7, SPAN = 4096 };

static const uintptr_t HERE = (uintptr_t)0x7000 << 20;
static struct heapster__small_map *map;
static bool refuses_pages;

static void *map_pages(size_t bytes) { return refuses_pages ? refuse_pages() : map_really(bytes); }

static const void *at(uintptr_t address) { return (const void *)address; }

static int open_map(void **state) {
  (void)state;
  map = heapster__small_create();
  return map ? 0 : -1;
}

static void sixteen_blocks_of_a_granule_come_back_once(void **state) {
  (void)state;
  for (uintptr_t i = 0; i < 16; ++i) assert_true(heapster__small_put(map, at(HERE + i), (unsigned)(i % 15) + 1));
  for (uintptr_t i = 0; i < 16; ++i) assert_int_equal(heapster__small_take(map, at(HERE + i)), i % 15 + 1);
  for (uintptr_t i = 0; i < 16; ++i) assert_int_equal(heapster__small_take(map, at(HERE + i)), 0);
}

static void nothing_is_where_nothing_was_put(void **state) {
  (void)state;
  assert_int_equal(heapster__small_take(map, at(HERE + (1 << 20))), 0);
  assert_int_equal(heapster__small_take(map, at((uintptr_t)1 << 40)), 0);
  assert_int_equal(heapster__small_take(map, at(UINTPTR_MAX - 100)), 0);
  assert_int_equal(heapster__small_take(map, NULL), 0);
}

static void addresses_that_no_program_has_are_refused(void **state) {
  (void)state;
  assert_false(heapster__small_put(map, at((uintptr_t)1 << 48), 1));
  assert_false(heapster__small_put(map, at(UINTPTR_MAX - 100), 1));
}

static void without_memory_a_block_is_refused(void **state) {
  (void)state;
  refuses_pages = true;
  assert_null(heapster__small_create());
  assert_false(heapster__small_put(map, at(HERE + ((uintptr_t)5 << 40)), 1));
  refuses_pages = false;
}

struct visit {
  const uint8_t *sizes;
  uintptr_t last;
  unsigned count;
};

static void follow(const void *context, const void *block, unsigned owner, uint64_t size) {
  struct visit *visit = (struct visit *)(uintptr_t)context;
  assert_int_equal(owner, OWNER);
  assert_true((uintptr_t)block > visit->last);
  assert_int_equal(size, visit->sizes[(uintptr_t)block - HERE]);
  visit->last = (uintptr_t)block;
  visit->count++;
}

/* Over the border of two leaves. */
static void random_blocks_agree_with_a_model_and_are_visited_in_order(void **state) {
  (void)state;
  static uint8_t sizes[2 << 20];
  const uintptr_t border = (uintptr_t)1 << 20;
  struct dice dice = dice_make(3);
  unsigned count = 0;
  for (unsigned i = 0; i < 100000; ++i) {
    const uintptr_t place = border - SPAN / 2 + dice_below(&dice, SPAN);
    assert_int_equal(heapster__small_take(map, at(HERE + place)), sizes[place]);
    count -= sizes[place] != 0;
    sizes[place] = (uint8_t)dice_below(&dice, 16);
    if (sizes[place]) assert_true(heapster__small_put(map, at(HERE + place), sizes[place]));
    count += sizes[place] != 0;
  }
  struct visit visit = {sizes, 0, 0};
  heapster__small_visit(map, OWNER, follow, &visit);
  assert_int_equal(visit.count, count);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(sixteen_blocks_of_a_granule_come_back_once, open_map),
      cmocka_unit_test_setup(nothing_is_where_nothing_was_put, open_map),
      cmocka_unit_test_setup(addresses_that_no_program_has_are_refused, open_map),
      cmocka_unit_test_setup(without_memory_a_block_is_refused, open_map),
      cmocka_unit_test_setup(random_blocks_agree_with_a_model_and_are_visited_in_order, open_map),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
