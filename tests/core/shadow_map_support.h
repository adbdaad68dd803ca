/* Shared by the tests of the shadow map. Each runs over a map of a host's own backing and over the main map, emptied,
   with its wider granules. Blocks have made-up addresses, which are never accessed. */
#ifndef TESTS_SHADOW_MAP_SUPPORT_H
#define TESTS_SHADOW_MAP_SUPPORT_H

#include "cmocka_test.h"
#include "count/fast.h"

#include <string.h>

enum { OWNER = 7, OTHER = 8 };

static const uint64_t HERE = (uint64_t)0x7000 << 20;

static struct heapster__map *map;
static uint64_t granule;

static inline int use_own_map(void **state) {
  (void)state;
  granule = 16;
  map = heapster__shadow_create();
  return map ? 0 : -1;
}

static inline int use_main_map(void **state) {
  (void)state;
  granule = 32;
  map = memset(&heapster__main_map, 0, sizeof heapster__main_map);
  return 0;
}

static inline uint64_t segment_bytes(void) { return granule * HEAPSTER__GRANULES; }

static inline const void *at(uint64_t address) { return (const void *)(uintptr_t)address; }

/* OTHER owns the segments around HERE. */
static inline int put_blocks_of_other(void **state) {
  (void)state;
  for (uint64_t i = 0; i < 3; ++i)
    if (heapster__shadow_put(map, at(HERE + i * segment_bytes() - granule), OTHER, 0) != HEAPSTER__PUT_DONE) return -1;
  return 0;
}

static inline int use_own_map_foreign(void **state) { return use_own_map(state) || put_blocks_of_other(state); }
static inline int use_main_map_foreign(void **state) { return use_main_map(state) || put_blocks_of_other(state); }

#define OVER_BOTH(name) \
  {#name " (own map)", name, use_own_map, NULL, NULL}, { #name " (main map)", name, use_main_map, NULL, NULL }
#define FOREIGN(name)                                                     \
  {#name " (own map, foreign)", name, use_own_map_foreign, NULL, NULL}, { \
#name " (main map, foreign)", name, use_main_map_foreign, NULL, NULL  \
  }
#define OVER_BOTH_AND_FOREIGN(name) OVER_BOTH(name), FOREIGN(name)

static inline enum heapster__put_result put(uint64_t address, uint64_t size) {
  return heapster__shadow_put(map, at(address), OWNER, size);
}

static inline void assert_taken(uint64_t address, uint64_t size) {
  const struct heapster__block block = heapster__shadow_take(map, at(address));
  assert_field(block, owner, OWNER);
  assert_field(block, size, size);
  assert_false(block.is_size_lost);
}

static inline void assert_nothing(uint64_t address) { assert_field(heapster__shadow_take(map, at(address)), owner, 0); }

#endif
