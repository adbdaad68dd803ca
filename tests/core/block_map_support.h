/* What the tests of the block map share: each goes over a map of a host's own backing, and over the main map, empty,
   with its wider granules; blocks are at made-up addresses, which are never looked at. After cmocka.h. */
#ifndef TESTS_BLOCK_MAP_SUPPORT_H
#define TESTS_BLOCK_MAP_SUPPORT_H

#include "block_map.h"

#include <string.h>

enum { OWNER = 7, CELLS_OF_THE_LARGEST = 1 + HEAPSTER__EXTENSION_CELLS };

static const uint64_t HERE = (uint64_t)0x7000 << 20;

static struct heapster__map *map;
static uint64_t granule;

static inline int opened_own(void **state) {
  (void)state;
  granule = 16;
  map = heapster__map_create();
  return map != NULL ? 0 : -1;
}

static inline int opened_main(void **state) {
  (void)state;
  granule = 32;
  map = memset(&heapster__main_map, 0, sizeof heapster__main_map);
  heapster__map_start(map);
  return 0;
}

#define OVER_BOTH(name) \
  {#name " (own map)", name, opened_own, NULL, NULL}, { #name " (main map)", name, opened_main, NULL, NULL }

static inline const void *at(uint64_t address) { return (const void *)(uintptr_t)address; }

static inline enum heapster__put put(uint64_t address, uint64_t size) {
  return heapster__map_put(map, at(address), OWNER, size);
}

static inline void assert_taken(uint64_t address, uint64_t size) {
  const struct heapster__block block = heapster__map_take(map, at(address));
  assert_int_equal(block.owner, OWNER);
  assert_int_equal(block.size, size);
  assert_false(block.is_size_lost);
}

#endif
