/* The small map: the live blocks below 16 bytes of a Lua state over a host's own allocator, by address. */
#include "count/small_map.h"

enum { CELL_BITS = 4, SIZE_BITS = 4, CELLS = 65536, LEAVES = 16384, BRANCHES = 16384 };

struct leaf {
  _Atomic uint64_t cells[CELLS];
};
struct branch {
  struct leaf *_Atomic leaves[LEAVES];
};
struct heapster__small_map {
  struct branch *_Atomic branches[BRANCHES];
};

struct heapster__small_map *heapster__small_create(void) {
  return heapster__pages_map(sizeof(struct heapster__small_map));
}

static uint64_t leaf_number(uint64_t bits) { return (bits >> CELL_BITS) / CELLS; }

static struct leaf *find_leaf(struct heapster__small_map *map, uint64_t bits) {
  const uint64_t number = leaf_number(bits);
  if (bits >> 48) return NULL;
  /* acquire pairs with the releases in ensure_leaf: the zeroes of branch and leaf are seen */
  struct branch *branch = heapster__load_acquire(&map->branches[number / LEAVES]);
  return branch ? heapster__load_acquire(&branch->leaves[number % LEAVES]) : NULL;
}

static struct leaf *ensure_leaf(struct heapster__small_map *map, uint64_t bits) {
  struct leaf *there = find_leaf(map, bits);
  if (there || bits >> 48) return there;
  struct branch *_Atomic *place = &map->branches[leaf_number(bits) / LEAVES];
  struct branch *branch = heapster__load_relaxed(place);
  if (!branch) branch = heapster__pages_map(sizeof *branch);
  if (!branch) return NULL;
  heapster__store_release(place, branch); /* pairs with the acquire in find_leaf */
  struct leaf *made = heapster__pages_map(sizeof *made);
  if (made) heapster__store_release(&branch->leaves[leaf_number(bits) % LEAVES], made); /* the same */
  return made;
}

static _Atomic uint64_t *cell_of(struct leaf *leaf, uint64_t bits) { return &leaf->cells[(bits >> CELL_BITS) % CELLS]; }

static unsigned shift_of(uint64_t bits) { return (unsigned)(bits % (1 << CELL_BITS)) * SIZE_BITS; }

bool heapster__small_put(struct heapster__small_map *map, const void *address, unsigned size) {
  const uint64_t bits = HEAPSTER__ADDRESS(address);
  struct leaf *leaf = ensure_leaf(map, bits);
  if (!leaf) return false;
  _Atomic uint64_t *cell = cell_of(leaf, bits);
  heapster__store_relaxed(cell, heapster__load_relaxed(cell) | (uint64_t)size << shift_of(bits));
  return true;
}

unsigned heapster__small_take(struct heapster__small_map *map, const void *address) {
  const uint64_t bits = HEAPSTER__ADDRESS(address);
  struct leaf *leaf = find_leaf(map, bits);
  if (!leaf) return 0;
  _Atomic uint64_t *cell = cell_of(leaf, bits);
  const uint64_t sizes = heapster__load_relaxed(cell);
  const uint64_t own = sizes & UINT64_C(15) << shift_of(bits);
  if (own) heapster__store_relaxed(cell, sizes ^ own);
  return (unsigned)(own >> shift_of(bits));
}

static void visit_leaf(struct leaf *leaf, uint64_t begin, unsigned owner, heapster__visitor *visit,
                       const void *context) {
  for (uint64_t i = 0; i < CELLS; i++) {
    uint64_t sizes = heapster__load_relaxed(&leaf->cells[i]);
    for (uint64_t bits = begin + (i << CELL_BITS); sizes; sizes >>= SIZE_BITS, bits++) {
      if (sizes % (1 << SIZE_BITS)) visit(context, (const void *)(uintptr_t)bits, owner, sizes % (1 << SIZE_BITS));
    }
  }
}

void heapster__small_visit(struct heapster__small_map *map, unsigned owner, heapster__visitor *visit,
                           const void *context) {
  for (uint64_t i = 0; i < BRANCHES; i++) {
    struct branch *branch = heapster__load_acquire(&map->branches[i]); /* as in find_leaf */
    for (uint64_t j = 0; branch && j < LEAVES; j++) {
      struct leaf *leaf = heapster__load_acquire(&branch->leaves[j]);
      if (leaf) visit_leaf(leaf, (i * LEAVES + j) * CELLS << CELL_BITS, owner, visit, context);
    }
  }
}
