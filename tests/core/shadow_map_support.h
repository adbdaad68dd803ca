/* What the tests of the block map share: each goes over a map of a host's own backing, and over the main map, empty,
   with its wider granules; blocks are at made-up addresses, which are never looked at. */
#ifndef TESTS_BLOCK_MAP_SUPPORT_H
#define TESTS_BLOCK_MAP_SUPPORT_H

#include "cmocka_test.h"
#include "count/shadow_map.h"

#include <string.h>

enum { OWNER = 7, OTHER = 8 };

static const uint64_t HERE = (uint64_t)0x7000 << 20;

static struct heapster__shadow_map *map;
static uint64_t granule;

static inline int opened_own(void **state) {
  (void)state;
  granule = 16;
  map = heapster__shadow_create();
  return map != NULL ? 0 : -1;
}

static inline int opened_main(void **state) {
  (void)state;
  granule = 32;
  map = memset(&heapster__main_map, 0, sizeof heapster__main_map);
  return 0;
}

static inline uint64_t leaf(void) { return granule * HEAPSTER__GRANULES; }

static inline const void *at(uint64_t address) { return (const void *)(uintptr_t)address; }

/* OTHER was the first in the stretches around HERE. */
static inline int made_guest(void **state) {
  (void)state;
  for (uint64_t i = 0; i < 3; ++i)
    if (heapster__shadow_put(map, at(HERE + i * leaf() - granule), OTHER, 0) != HEAPSTER__PUT_DONE) return -1;
  return 0;
}

static inline int opened_own_as_guest(void **state) { return opened_own(state) || made_guest(state); }
static inline int opened_main_as_guest(void **state) { return opened_main(state) || made_guest(state); }

#define OVER_BOTH(name) \
  {#name " (own map)", name, opened_own, NULL, NULL}, { #name " (main map)", name, opened_main, NULL, NULL }
#define AS_GUEST(name)                                                  \
  {#name " (own map, guest)", name, opened_own_as_guest, NULL, NULL}, { \
#name " (main map, guest)", name, opened_main_as_guest, NULL, NULL  \
  }
#define OVER_BOTH_AND_AS_GUEST(name) OVER_BOTH(name), AS_GUEST(name)

static inline enum heapster__put_result put(uint64_t address, uint64_t size) {
  return heapster__shadow_put(map, at(address), OWNER, size);
}

static inline void assert_taken(uint64_t address, uint64_t size) {
  const struct heapster__block block = heapster__shadow_take(map, at(address));
  assert_int_equal(block.owner, OWNER);
  assert_int_equal(block.size, size);
  assert_false(block.is_size_lost);
}

static inline void assert_nothing(uint64_t address) {
  assert_int_equal(heapster__shadow_take(map, at(address)).owner, 0);
}

#endif
