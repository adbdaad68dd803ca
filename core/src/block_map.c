/* The block map: for each live block, which heap counted it and how many bytes were asked for. */
#include "block_map.h"

struct heapster__map heapster__main_map;

struct heapster__map *heapster__map_create(void) {
  struct heapster__map *map = heapster__pages_map(sizeof *map);
  if (map) heapster__map_start(map);
  return map;
}

/* NULL is in stretch 0, which must not find a place that is 0 still: the one it has goes to a number of no stretch. */
void heapster__map_start(struct heapster__map *map) { heapster__store_relaxed(&map->near[0].stretch, UINT64_MAX); }

static struct heapster__branch *branch_made(struct heapster__map *map, uint64_t stretch) {
  struct heapster__branch *_Atomic *place = &map->branches[stretch / HEAPSTER__LEAVES];
  struct heapster__branch *there = heapster__load_acquire(place); /* pairs with the swap below */
  if (there) return there;
  struct heapster__branch *made = heapster__pages_map(sizeof *made);
  if (!made) return NULL;
  if (atomic_compare_exchange_strong(place, &there, made)) return made;
  heapster__pages_unmap(made, sizeof *made);
  return there;
}

/* Gives the leaf the place of its stretch in the table, if that is free. */
static void come_near(struct heapster__map *map, uint64_t stretch, struct heapster__leaf *leaf) {
  struct heapster__near *near = &map->near[stretch % HEAPSTER__NEAR];
  uintptr_t none = 0;
  uintptr_t origin = (uintptr_t)leaf - (uintptr_t)(stretch * sizeof *leaf);
  if (heapster__load_relaxed(&near->stretch) || !atomic_compare_exchange_strong(&near->origin, &none, origin)) return;
  heapster__store_release(&near->stretch, stretch); /* pairs with the acquire in heapster__map_near */
}

static struct heapster__leaf *leaf_made(struct heapster__map *map, const void *address) {
  uint64_t bits = HEAPSTER__ADDRESS(address);
  uint64_t stretch = heapster__stretch_of(map, bits);
  if (bits >> 48 || !stretch) return NULL;
  struct heapster__branch *branch = branch_made(map, stretch);
  if (!branch) return NULL;
  struct heapster__leaf *_Atomic *place = &branch->leaves[stretch % HEAPSTER__LEAVES];
  struct heapster__leaf *there = heapster__load_acquire(place); /* pairs with the swap below */
  if (there) return there;
  struct heapster__leaf *made = heapster__pages_map(sizeof *made);
  if (!made) return NULL;
  if (!atomic_compare_exchange_strong(place, &there, made)) {
    heapster__pages_unmap(made, sizeof *made);
    return there;
  }
  come_near(map, stretch, made);
  return made;
}

/* The leaf of an address, or NULL. */
static struct heapster__leaf *leaf_of(struct heapster__map *map, const void *address) {
  uint64_t bits = HEAPSTER__ADDRESS(address);
  uint64_t stretch = heapster__stretch_of(map, bits);
  if (bits >> 48) return NULL;
  /* acquire pairs with the release that published the branch, the leaf: their zeroes are seen */
  struct heapster__branch *branch = heapster__load_acquire(&map->branches[stretch / HEAPSTER__LEAVES]);
  return branch ? heapster__load_acquire(&branch->leaves[stretch % HEAPSTER__LEAVES]) : NULL;
}

/* The address of the granule `distance` behind the one of `address`. */
static const void *address_after(const struct heapster__map *map, const void *address, unsigned distance) {
  return (const void *)((uintptr_t)address + ((uintptr_t)distance << heapster__granule_bits(map)));
}

/* The cell of the granule `distance` behind the one of `address`, or NULL where there is no leaf. */
static _Atomic uint16_t *cell_after(struct heapster__map *map, const void *address, unsigned distance) {
  const void *there = address_after(map, address, distance);
  struct heapster__leaf *leaf = leaf_of(map, there);
  return leaf ? &leaf->cells[heapster__cell_index(map, there)] : NULL;
}

/* How many cells the size takes behind the first. */
static unsigned extension_cells(uint64_t size) {
  if (size <= HEAPSTER__SHORT_SIZE) return 0;
  unsigned cells = 2;
  for (uint64_t rest = (size - 255) >> 14; rest; rest >>= 7) cells++;
  return cells;
}

/* The cells of a block, first and following, in order. */
struct cells {
  _Atomic uint16_t *at[1 + HEAPSTER__EXTENSION_CELLS];
  unsigned count;
};

static bool cells_are_had(struct heapster__map *map, const void *address, uint64_t size, struct cells *cells) {
  cells->count = 1 + extension_cells(size);
  if (cells->count > 1 + HEAPSTER__EXTENSION_CELLS) return false;
  struct heapster__leaf *leaf = leaf_made(map, address);
  unsigned index = heapster__cell_index(map, address);
  if (!leaf) return false;
  for (unsigned i = 0; i < cells->count; i++) {
    if (index + i == HEAPSTER__CELLS) {
      if (!(leaf = leaf_made(map, address_after(map, address, i)))) return false;
      index -= HEAPSTER__CELLS;
    }
    cells->at[i] = &leaf->cells[index + i];
  }
  return true;
}

static void write_extension(const struct cells *cells, uint64_t size) {
  uint64_t rest = size - 255;
  for (unsigned i = 1; i < cells->count; i++, rest >>= 7) {
    heapster__store_relaxed(cells->at[i], heapster__extension(rest, i + 1 == cells->count));
  }
}

enum heapster__put heapster__map_put_slow(struct heapster__map *map, const void *address, unsigned owner,
                                          uint64_t size) {
  struct cells cells;
  if (!cells_are_had(map, address, size, &cells)) return HEAPSTER__PUT_NO_MEMORY;
  for (unsigned i = 0; i < cells.count; i++) {
    if (heapster__is_first(heapster__load_relaxed(cells.at[i]))) return HEAPSTER__PUT_STALE;
  }
  uint64_t first = size <= HEAPSTER__SHORT_SIZE ? size : 255;
  heapster__store_relaxed(cells.at[0], (uint16_t)(owner << 8 | first));
  if (cells.count > 1) write_extension(&cells, size);
  return HEAPSTER__PUT;
}

/* A long size of which the first cell is taken already. */
static struct heapster__block take_long(struct heapster__map *map, const void *address, unsigned owner) {
  struct heapster__block block = {255, owner, false};
  uint64_t rest = 0;
  for (unsigned i = 0; i < HEAPSTER__EXTENSION_CELLS; i++) {
    _Atomic uint16_t *cell = cell_after(map, address, i + 1);
    uint16_t value = cell ? heapster__load_relaxed(cell) : 0;
    if (heapster__owner(value) != HEAPSTER__EXTENSION) break;
    heapster__store_relaxed(cell, 0);
    rest |= (uint64_t)(value & 127) << (7 * i);
    if (value & 128) continue;
    block.size += rest;
    return block;
  }
  block.is_size_lost = true;
  return block;
}

struct heapster__block heapster__map_take(struct heapster__map *map, const void *address) {
  _Atomic uint16_t *cell = cell_after(map, address, 0);
  uint16_t first = cell ? heapster__load_relaxed(cell) : 0;
  if (!heapster__is_first(first)) return (struct heapster__block){0, 0, false};
  heapster__store_relaxed(cell, 0);
  unsigned size = first & 255;
  if (size > HEAPSTER__SHORT_SIZE) return take_long(map, address, heapster__owner(first));
  return (struct heapster__block){size, heapster__owner(first), false};
}

struct heapster__block heapster__map_take_stale(struct heapster__map *map, const void *address, uint64_t size) {
  unsigned count = 1 + extension_cells(size);
  for (unsigned i = 0; i < count; i++) {
    struct heapster__block block = heapster__map_take(map, address_after(map, address, i));
    if (block.owner) return block;
  }
  return (struct heapster__block){0, 0, false};
}

/* The size that begins in a long block's first cell; its continuation may run into the next leaf. */
static uint64_t long_size(struct heapster__map *map, const void *address) {
  uint64_t rest = 0;
  for (unsigned i = 0; i < HEAPSTER__EXTENSION_CELLS; i++) {
    _Atomic uint16_t *cell = cell_after(map, address, i + 1);
    uint16_t value = cell ? heapster__load_relaxed(cell) : 0;
    if (heapster__owner(value) != HEAPSTER__EXTENSION) break;
    rest |= (uint64_t)(value & 127) << (7 * i);
    if (!(value & 128)) return 255 + rest;
  }
  return 255;
}

static void walk_leaf(struct heapster__map *map, struct heapster__leaf *leaf, uint64_t stretch,
                      void (*visit)(const void *context, unsigned owner, uint64_t size), const void *context) {
  const void *start = (const void *)(uintptr_t)(stretch * HEAPSTER__CELLS << heapster__granule_bits(map));
  for (unsigned i = 0; i < HEAPSTER__CELLS; i++) {
    uint16_t cell = heapster__load_relaxed(&leaf->cells[i]);
    if (heapster__likely(!heapster__is_first(cell))) continue;
    uint64_t size = cell & 255;
    if (size > HEAPSTER__SHORT_SIZE) size = long_size(map, address_after(map, start, i));
    visit(context, heapster__owner(cell), size);
  }
}

void heapster__map_walk(struct heapster__map *map, void (*visit)(const void *context, unsigned owner, uint64_t size),
                        const void *context) {
  for (uint64_t i = 0; i < HEAPSTER__BRANCHES; i++) {
    struct heapster__branch *branch = heapster__load_acquire(&map->branches[i]); /* pairs with who published it */
    for (uint64_t j = 0; branch && j < HEAPSTER__LEAVES; j++) {
      struct heapster__leaf *leaf = heapster__load_acquire(&branch->leaves[j]);
      if (leaf) walk_leaf(map, leaf, i * HEAPSTER__LEAVES + j, visit, context);
    }
  }
}
