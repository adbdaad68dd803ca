/* The block map: what is put in comes back once, whole, and nothing else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "block_map_support.h"

enum { OTHER = 8, THREADS = 4 };

static const uint64_t SIZES[] = {
    0,
    1,
    15,
    16,
    254,
    255,
    256,
    16638,
    16639,
    2097406,
    2097407,
    2 << 20,
    (uint64_t)1 << 40,
    255 + ((uint64_t)1 << 49) - 1,
};
enum { SIZE_COUNT = sizeof SIZES / sizeof SIZES[0] };

static _Atomic int pages_left = INT32_MAX; /* how often mmap serves before it refuses */

static atomic_bool threads_meet; /* in mmap: each has found its leaf missing */
static pthread_barrier_t barrier;

/* Behind what it maps lies a page that must not be touched. */
void *mmap(void *address, size_t length, int protection, int flags, int file, off_t offset) {
  if (threads_meet && length == sizeof(struct heapster__leaf)) pthread_barrier_wait(&barrier);
  if (pages_left > 0 && pages_left-- > 0) {
    char *pages = (char *)syscall(SYS_mmap, address, length + 4096, protection, flags, file, offset);
    if (pages != MAP_FAILED && file < 0) mprotect(pages + length, 4096, PROT_NONE);
    return pages;
  }
  errno = ENOMEM;
  return MAP_FAILED;
}

static uint64_t leaf(void) { return granule * HEAPSTER__CELLS; }

static void assert_nothing(uint64_t address) { assert_int_equal(heapster__map_take(map, at(address)).owner, 0); }

static void assert_clear(uint64_t address) {
  for (unsigned i = 0; i < CELLS_OF_THE_LARGEST; ++i) {
    const void *there = at(address + i * granule);
    _Atomic uint16_t *cell;
    if (heapster__map_near(map, there, &cell)) assert_int_equal(heapster__load_relaxed(cell), 0);
  }
}

static void every_size_comes_back_once_and_leaves_no_cell_set(void **state) {
  (void)state;
  for (unsigned i = 0; i < SIZE_COUNT; ++i) {
    assert_int_equal(put(HERE, SIZES[i]), HEAPSTER__PUT);
    assert_taken(HERE, SIZES[i]);
    assert_clear(HERE);
    assert_nothing(HERE);
  }
}

static void every_size_comes_back_across_a_leaf_border(void **state) {
  (void)state;
  for (unsigned i = 0; i < SIZE_COUNT; ++i) {
    for (unsigned cells = 1; cells <= CELLS_OF_THE_LARGEST; ++cells) {
      const uint64_t address = HERE + leaf() - cells * granule;
      assert_int_equal(put(address, SIZES[i]), HEAPSTER__PUT);
      assert_taken(address, SIZES[i]);
      assert_clear(address);
    }
  }
}

static void own_blocks_are_taken_by_the_short_way_or_left_for_the_long_one(void **state) {
  (void)state;
  for (unsigned i = 0; i < SIZE_COUNT; ++i) {
    for (unsigned cells = 1; cells <= 4; ++cells) {
      const uint64_t address = HERE + leaf() - cells * granule;
      uint64_t size = 0;
      put(address, SIZES[i]);
      if (heapster__map_take_own(map, at(address), OWNER, &size))
        assert_int_equal(size, SIZES[i]);
      else
        assert_taken(address, SIZES[i]);
      assert_true(size == SIZES[i] || cells < 3 || SIZES[i] > HEAPSTER__MIDDLE_SIZE);
      assert_clear(address);
    }
  }
}

/* Stretches of one place in the table: the first to come is found through it, the others through the tree. */
static void stretches_that_share_a_place_do_not_share_blocks(void **state) {
  (void)state;
  const uint64_t apart = HEAPSTER__NEAR * leaf();
  uint64_t size = 0;
  for (uint64_t i = 0; i < 4; ++i) assert_int_equal(put(HERE + i * apart, 100 + i), HEAPSTER__PUT);
  assert_true(heapster__map_take_own(map, at(HERE), OWNER, &size));
  assert_int_equal(size, 100);
  assert_nothing(HERE);
  for (uint64_t i = 1; i < 4; ++i) {
    assert_false(heapster__map_take_own(map, at(HERE + i * apart), OWNER, &size));
    assert_taken(HERE + i * apart, 100 + i);
  }
}

static void the_first_stretch_and_its_like_have_no_place(void **state) {
  (void)state;
  uint64_t size;
  _Atomic uint16_t *cell;
  const uint64_t like = HEAPSTER__NEAR * leaf();
  assert_false(heapster__map_near(map, NULL, &cell));
  assert_false(heapster__map_take_own(map, NULL, OWNER, &size));
  assert_int_equal(put(like, 100), HEAPSTER__PUT);
  assert_false(heapster__map_near(map, at(like), &cell));
  assert_taken(like, 100);
}

static void blocks_of_another_owner_are_left_alone_by_take_own(void **state) {
  (void)state;
  for (unsigned i = 0; i < SIZE_COUNT; ++i) {
    uint64_t size = 0;
    put(HERE, SIZES[i]);
    assert_false(heapster__map_take_own(map, at(HERE), OTHER, &size));
    assert_taken(HERE, SIZES[i]);
  }
}

static void owners_from_1_to_254_come_back(void **state) {
  (void)state;
  for (unsigned owner = 1; owner <= 254; ++owner) {
    assert_int_equal(heapster__map_put(map, at(HERE), owner, 300), HEAPSTER__PUT);
    assert_int_equal(heapster__map_take(map, at(HERE)).owner, owner);
  }
}

static void neighbours_do_not_touch_each_other(void **state) {
  (void)state;
  const uint64_t behind = HERE + granule + 320;
  put(HERE + granule / 2, 16); /* an address inside a granule means its block */
  put(HERE + granule, 300);
  put(behind, 0);
  put(behind + granule, 40000);
  assert_taken(HERE + granule, 300);
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
  assert_false(heapster__map_take_own(map, at(border + HERE), OWNER, &size));
  assert_taken(HERE, 16);
  assert_int_equal(put(border - granule, 16), HEAPSTER__PUT);
  assert_taken(border - granule, 16);
  assert_int_equal(put(border - granule, 300), HEAPSTER__PUT_NO_MEMORY);
  assert_clear(border - granule);
}

static void sizes_beyond_all_address_spaces_are_not_entered(void **state) {
  (void)state;
  assert_int_equal(put(HERE, 255 + ((uint64_t)1 << 49)), HEAPSTER__PUT_NO_MEMORY);
  assert_clear(HERE);
}

static void addresses_never_put_are_nobodys(void **state) {
  (void)state;
  uint64_t size = 0;
  assert_nothing(HERE);
  assert_false(heapster__map_take_own(map, at(HERE), OWNER, &size));
  put(HERE - granule, 16);
  assert_nothing(HERE);
}

static void without_pages_nothing_is_entered_and_errno_is_kept(void **state) {
  (void)state;
  for (int pages = 0; pages < 2; ++pages) { /* for no branch; for a branch only */
    pages_left = pages;
    errno = 4711;
    assert_int_equal(put(HERE, 300), HEAPSTER__PUT_NO_MEMORY);
    assert_int_equal(errno, 4711);
    assert_nothing(HERE);
  }
  pages_left = 1;
  assert_int_equal(put(HERE + leaf() - granule, 300), HEAPSTER__PUT_NO_MEMORY); /* a leaf, but not the next one */
  assert_clear(HERE + leaf() - granule);
  assert_null(heapster__map_create());
  pages_left = INT32_MAX;
  assert_int_equal(put(HERE + leaf() - granule, 300), HEAPSTER__PUT);
  assert_taken(HERE + leaf() - granule, 300);
}

static void maps_are_apart(void **state) {
  (void)state;
  struct heapster__map *other = heapster__map_create();
  put(HERE, 16);
  assert_int_equal(heapster__map_take(other, at(HERE)).owner, 0);
  assert_taken(HERE, 16);
}

/* 16 bytes apart in an own map, which nobody aligned; 32 in the main one, as what is aligned to 16 and longer is. */
static void sizes_that_might_begin_in_one_granule_go_down_as_more(void **state) {
  (void)state;
  const size_t least = granule == 32 ? 17 : 16;
  for (size_t size = 0; size < 40; ++size)
    assert_int_equal(heapster__size_below(map, size), size < least ? least : size);
  assert_int_equal(heapster__size_below(map, SIZE_MAX), SIZE_MAX);
}

static void *put_into_every_leaf(void *context) {
  const uint64_t first = HERE + (uint64_t)(uintptr_t)context * granule;
  for (uint64_t number = 0; number < 4; ++number) put(first + number * leaf(), 100 + number);
  return NULL;
}

static void threads_make_one_leaf_between_them(void **state) {
  (void)state;
  pthread_t threads[THREADS];
  pthread_barrier_init(&barrier, NULL, THREADS);
  threads_meet = true;
  for (uintptr_t i = 0; i < THREADS; ++i)
    assert_int_equal(pthread_create(&threads[i], NULL, put_into_every_leaf, (void *)i), 0);
  for (unsigned i = 0; i < THREADS; ++i) pthread_join(threads[i], NULL);
  for (uint64_t number = 0; number < 4; ++number)
    for (uint64_t i = 0; i < THREADS; ++i) assert_taken(HERE + number * leaf() + i * granule, 100 + number);
  threads_meet = false;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      OVER_BOTH(every_size_comes_back_once_and_leaves_no_cell_set),
      OVER_BOTH(every_size_comes_back_across_a_leaf_border),
      OVER_BOTH(own_blocks_are_taken_by_the_short_way_or_left_for_the_long_one),
      OVER_BOTH(stretches_that_share_a_place_do_not_share_blocks),
      OVER_BOTH(the_first_stretch_and_its_like_have_no_place),
      OVER_BOTH(blocks_of_another_owner_are_left_alone_by_take_own),
      OVER_BOTH(owners_from_1_to_254_come_back),
      OVER_BOTH(neighbours_do_not_touch_each_other),
      OVER_BOTH(addresses_from_2_to_the_48_up_are_nobodys),
      OVER_BOTH(sizes_beyond_all_address_spaces_are_not_entered),
      OVER_BOTH(addresses_never_put_are_nobodys),
      OVER_BOTH(without_pages_nothing_is_entered_and_errno_is_kept),
      OVER_BOTH(maps_are_apart),
      OVER_BOTH(sizes_that_might_begin_in_one_granule_go_down_as_more),
      OVER_BOTH(threads_make_one_leaf_between_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
