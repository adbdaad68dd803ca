/* The shadow map: a block that is put in is taken out once, with its size, and nothing else is. */
#include "cmocka_test.h"

#include <pthread.h>

#include "page_calls.h"
#include "shadow_map_support.h"

enum { THREADS = 4 };

static const uint64_t SIZES[] = {
    0, 1, 15, 16, 252, 253, 254, 255, 256, 65535, 2 << 20, (uint64_t)1 << 40, UINT64_MAX >> 3,
};
enum { SIZE_COUNT = sizeof SIZES / sizeof SIZES[0] };

static _Atomic int pages_left = INT32_MAX; /* how many calls are served before they are refused */

static atomic_bool threads_meet; /* in map_pages: each has found that there is no leaf */
static pthread_barrier_t barrier;

/* Maps an inaccessible page behind the pages. */
static void *map_pages(size_t bytes) {
  if (threads_meet && bytes == sizeof(struct heapster__leaf)) pthread_barrier_wait(&barrier);
  if (pages_left <= 0 || pages_left-- <= 0) return refuse_pages();
  char *pages = map_really(bytes + 4096);
  if (pages != MAP_FAILED) mprotect(pages + bytes, 4096, PROT_NONE);
  return pages;
}

/* No block begins there or in the granules behind. */
static void assert_clear(uint64_t address) {
  for (uint64_t i = 0; i < 16; ++i) assert_nothing(address + i * granule);
}

static void every_size_comes_back_once_and_leaves_nothing(void **state) {
  (void)state;
  for (unsigned i = 0; i < SIZE_COUNT; ++i) {
    assert_int_equal(put(HERE, SIZES[i]), HEAPSTER__PUT_DONE);
    assert_taken(HERE, SIZES[i]);
    assert_clear(HERE);
  }
}

static void every_size_comes_back_from_either_side_of_a_segment_border(void **state) {
  (void)state;
  for (unsigned i = 0; i < SIZE_COUNT; ++i) {
    const uint64_t last = HERE + segment_bytes() - 2 * granule;
    assert_int_equal(put(last, SIZES[i]), HEAPSTER__PUT_DONE);
    assert_int_equal(put(HERE + segment_bytes(), i), HEAPSTER__PUT_DONE);
    assert_taken(last, SIZES[i]);
    assert_taken(HERE + segment_bytes(), i);
  }
}

static void blocks_of_the_owner_take_the_fast_path(void **state) {
  (void)state;
  put(HERE, 0);
  for (unsigned i = 0; i < SIZE_COUNT; ++i) {
    uint64_t size = 0;
    const void *there = at(HERE + granule);
    assert_true(heapster__shadow_put_fast(map, there, OWNER, SIZES[i]));
    assert_false(heapster__shadow_put_fast(map, there, OWNER, 1)); /* something stands in the way */
    assert_true(heapster__shadow_take_fast(map, there, OWNER, &size));
    assert_int_equal(size, SIZES[i]);
    assert_false(heapster__shadow_take_fast(map, there, OWNER, &size));
    assert_clear(HERE + granule);
  }
}

static void a_known_size_has_to_agree(void **state) {
  (void)state;
  put(HERE, 252);
  put(HERE + 16 * granule, 253);
  assert_false(heapster__shadow_take_short(map, at(HERE), OWNER, 251));
  assert_false(heapster__shadow_take_short(map, at(HERE), OTHER, 252));
  assert_true(heapster__shadow_take_short(map, at(HERE), OWNER, 252));
  assert_false(heapster__shadow_take_short(map, at(HERE), OWNER, 252));
  assert_false(heapster__shadow_take_short(map, at(HERE + 16 * granule), OWNER, 252));
  assert_taken(HERE + 16 * granule, 253);
}

static void foreign_blocks_take_the_slow_path(void **state) {
  (void)state;
  for (unsigned i = 0; i < SIZE_COUNT; ++i) {
    uint64_t size = 0;
    assert_false(heapster__shadow_put_fast(map, at(HERE), OWNER, SIZES[i]));
    assert_clear(HERE);
    put(HERE, SIZES[i]);
    assert_false(heapster__shadow_take_fast(map, at(HERE), OWNER, &size));
    assert_false(heapster__shadow_take_fast(map, at(HERE), OTHER, &size));
    assert_false(heapster__shadow_put_fast(map, at(HERE), OTHER, 16));
    assert_taken(HERE, SIZES[i]);
  }
}

/* 253 bytes apart in an own map, where nothing is aligned; 256 in the main map, where blocks are aligned to 16 bytes.
 */
static void long_blocks_side_by_side_keep_their_sizes(void **state) {
  (void)state;
  const uint64_t apart = granule == 32 ? 256 : 253;
  for (uint64_t shift = 0; shift < 256; shift += 16) {
    for (uint64_t i = 0; i < 64; ++i) assert_int_equal(put(HERE + shift + i * apart, 253 + i), HEAPSTER__PUT_DONE);
    for (uint64_t i = 0; i < 64; ++i) assert_taken(HERE + shift + i * apart, 253 + i);
  }
}

/* Segments of one cache entry: the first to use it is found by the cache, the others by the tree. */
static void segments_that_share_a_cache_entry_do_not_share_blocks(void **state) {
  (void)state;
  const uint64_t apart = HEAPSTER__LEAF_CACHE * segment_bytes();
  uint64_t size = 0;
  for (uint64_t i = 0; i < 4; ++i) assert_int_equal(put(HERE + i * apart, 100 + i), HEAPSTER__PUT_DONE);
  assert_true(heapster__shadow_take_fast(map, at(HERE), OWNER, &size));
  assert_int_equal(size, 100);
  assert_nothing(HERE);
  for (uint64_t i = 1; i < 4; ++i) {
    assert_false(heapster__shadow_take_fast(map, at(HERE + i * apart), OWNER, &size));
    assert_taken(HERE + i * apart, 100 + i);
  }
}

static void the_first_segment_is_empty(void **state) {
  (void)state;
  uint64_t size;
  const uint64_t same_entry = HEAPSTER__LEAF_CACHE * segment_bytes();
  for (unsigned turn = 0; turn < 2; ++turn) {
    assert_nothing(0);
    assert_false(heapster__shadow_take_fast(map, NULL, OWNER, &size));
    assert_false(heapster__shadow_put_fast(map, NULL, OWNER, 16));
    assert_int_equal(put(granule, 100), HEAPSTER__PUT_NO_MEMORY);
    assert_int_equal(put(same_entry, 100), turn == 0
                                               ? HEAPSTER__PUT_DONE
                                               : HEAPSTER__PUT_MISSED_FREE); /* uses the cache entry of address 0 */
  }
  assert_taken(same_entry, 100);
}

static void the_fast_path_leaves_blocks_of_another_heap_alone(void **state) {
  (void)state;
  for (unsigned i = 0; i < SIZE_COUNT; ++i) {
    uint64_t size = 0;
    put(HERE, SIZES[i]);
    assert_false(heapster__shadow_take_fast(map, at(HERE), OTHER, &size));
    assert_taken(HERE, SIZES[i]);
  }
}

static void owners_from_1_to_254_come_back(void **state) {
  (void)state;
  for (unsigned owner = 1; owner <= 254; ++owner) {
    assert_int_equal(heapster__shadow_put(map, at(HERE), owner, 300), HEAPSTER__PUT_DONE);
    assert_field(heapster__shadow_take(map, at(HERE)), owner, owner);
  }
}

static void neighbours_do_not_touch_each_other(void **state) {
  (void)state;
  const uint64_t behind = HERE + granule + 320;
  put(HERE + granule / 2, 16); /* an address inside a granule is its block's */
  put(HERE + granule, 320);
  put(behind, 0);
  put(behind + granule, 40000);
  assert_taken(HERE + granule, 320);
  assert_taken(behind + granule, 40000);
  assert_taken(behind, 0);
  assert_taken(HERE + granule / 2, 16);
}

static void addresses_from_2_to_the_48_up_are_nobodys(void **state) {
  (void)state;
  uint64_t size = 0;
  const uint64_t border = (uint64_t)1 << 48;
  assert_int_equal(put(border, 16), HEAPSTER__PUT_NO_MEMORY);
  put(HERE, 16);
  assert_nothing(border + HERE);
  assert_int_equal(put(border + HERE, 16), HEAPSTER__PUT_NO_MEMORY);
  assert_false(heapster__shadow_take_fast(map, at(border + HERE), OWNER, &size));
  assert_taken(HERE, 16);
  assert_int_equal(put(border - granule, 16), HEAPSTER__PUT_DONE);
  assert_taken(border - granule, 16);
}

static void sizes_beyond_all_address_spaces_are_not_entered(void **state) {
  (void)state;
  assert_int_equal(put(HERE, (UINT64_MAX >> 3) + 1), HEAPSTER__PUT_NO_MEMORY);
  assert_clear(HERE);
  assert_false(heapster__shadow_put_fast(map, at(HERE), OWNER, UINT64_MAX));
  assert_clear(HERE);
}

static void addresses_never_put_are_nobodys(void **state) {
  (void)state;
  uint64_t size = 0;
  assert_nothing(HERE);
  assert_false(heapster__shadow_take_fast(map, at(HERE), OWNER, &size));
  put(HERE - granule, 16);
  assert_nothing(HERE);
}

static void without_pages_nothing_is_entered_and_errno_is_kept(void **state) {
  (void)state;
  for (int pages = 0; pages < 2; ++pages) { /* none; one, for the branch only */
    pages_left = pages;
    errno = 4711;
    assert_int_equal(put(HERE, 300), HEAPSTER__PUT_NO_MEMORY);
    assert_int_equal(errno, 4711);
    assert_nothing(HERE);
  }
  assert_null(heapster__shadow_create());
  pages_left = INT32_MAX;
  assert_int_equal(put(HERE, 300), HEAPSTER__PUT_DONE);
  assert_taken(HERE, 300);
}

static void maps_are_apart(void **state) {
  (void)state;
  struct heapster__map *other = heapster__shadow_create();
  put(HERE, 16);
  assert_field(heapster__shadow_take(other, at(HERE)), owner, 0);
  assert_taken(HERE, 16);
}

/* Granules of 16 bytes in an own map, where nothing is aligned; of 32 in the main map, where blocks of 17 bytes and
   more begin 32 apart. */
static void sizes_that_could_share_a_granule_are_padded(void **state) {
  (void)state;
  const size_t min = granule == 32 ? 17 : 16;
  for (size_t size = 0; size < 40; ++size) assert_int_equal(heapster__padded_size(map, size), size < min ? min : size);
  assert_int_equal(heapster__padded_size(map, SIZE_MAX), SIZE_MAX);
}

static void *put_into_each_segment(void *context) {
  const unsigned number = (unsigned)(uintptr_t)context;
  for (uint64_t i = 0; i < 4; ++i)
    heapster__shadow_put(map, at(HERE + i * segment_bytes() + number * granule), OWNER + number, 100 + i);
  return NULL;
}

/* One of the threads becomes the owner of each segment. */
static void threads_map_one_leaf_between_them(void **state) {
  (void)state;
  pthread_t threads[THREADS];
  pthread_barrier_init(&barrier, NULL, THREADS);
  threads_meet = true;
  for (uintptr_t i = 0; i < THREADS; ++i)
    assert_int_equal(pthread_create(&threads[i], NULL, put_into_each_segment, (void *)i), 0);
  for (unsigned i = 0; i < THREADS; ++i) pthread_join(threads[i], NULL);
  threads_meet = false;
  for (uint64_t i = 0; i < 4; ++i) {
    for (unsigned number = 0; number < THREADS; ++number) {
      const struct heapster__block block =
          heapster__shadow_take(map, at(HERE + i * segment_bytes() + number * granule));
      assert_field(block, owner, OWNER + number);
      assert_field(block, size, 100 + i);
    }
  }
}

struct visited {
  unsigned count;
  uint64_t sizes[8];
  unsigned owners[8];
};

static void note(const void *context, unsigned owner, uint64_t size) {
  struct visited *visited = *(struct visited *const *)context;
  assert_true(visited->count < 8);
  visited->owners[visited->count] = owner;
  visited->sizes[visited->count++] = size;
}

static void a_walk_visits_every_block_in_the_order_of_addresses(void **state) {
  (void)state;
  static const struct {
    uint64_t size;
    unsigned owner;
  } blocks[] = {{0, OWNER}, {252, OTHER}, {253, OWNER}, {5000, OTHER}, {16, 1}, {1 << 20, 254}};
  enum { COUNT = sizeof blocks / sizeof blocks[0] };
  const uint64_t apart = segment_bytes() / 2 - 16 * granule; /* over three leaves */
  struct visited visited = {0};
  struct visited *context = &visited;
  for (unsigned i = 0; i < COUNT; ++i) heapster__shadow_put(map, at(HERE + i * apart), blocks[i].owner, blocks[i].size);
  put(HERE + granule, 16);
  heapster__shadow_take(map, at(HERE + granule));
  heapster__shadow_visit(map, note, &context);
  assert_field(visited, count, COUNT);
  for (unsigned i = 0; i < COUNT; ++i) {
    assert_field(visited, owners[i], blocks[i].owner);
    assert_field(visited, sizes[i], blocks[i].size);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      OVER_BOTH_AND_FOREIGN(every_size_comes_back_once_and_leaves_nothing),
      OVER_BOTH_AND_FOREIGN(every_size_comes_back_from_either_side_of_a_segment_border),
      OVER_BOTH_AND_FOREIGN(long_blocks_side_by_side_keep_their_sizes),
      OVER_BOTH_AND_FOREIGN(neighbours_do_not_touch_each_other),
      OVER_BOTH_AND_FOREIGN(sizes_beyond_all_address_spaces_are_not_entered),
      OVER_BOTH_AND_FOREIGN(the_fast_path_leaves_blocks_of_another_heap_alone),
      OVER_BOTH(blocks_of_the_owner_take_the_fast_path),
      OVER_BOTH(a_known_size_has_to_agree),
      FOREIGN(foreign_blocks_take_the_slow_path),
      OVER_BOTH(segments_that_share_a_cache_entry_do_not_share_blocks),
      OVER_BOTH(the_first_segment_is_empty),
      OVER_BOTH(owners_from_1_to_254_come_back),
      OVER_BOTH(addresses_from_2_to_the_48_up_are_nobodys),
      OVER_BOTH(addresses_never_put_are_nobodys),
      OVER_BOTH(without_pages_nothing_is_entered_and_errno_is_kept),
      OVER_BOTH(maps_are_apart),
      OVER_BOTH(sizes_that_could_share_a_granule_are_padded),
      OVER_BOTH(threads_map_one_leaf_between_them),
      OVER_BOTH(a_walk_visits_every_block_in_the_order_of_addresses),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
