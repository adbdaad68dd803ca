/* The block map: for each live block, which heap counted it and how many bytes were asked for. */
#include "count/shadow_map.h"

struct heapster__map heapster__main_map;

struct heapster__map *heapster__map_create(void) {
  return heapster__pages_map(sizeof(struct heapster__map));
}

/* A leaf, or NULL, and who is at home there. */
struct place {
  struct heapster__leaf *leaf;
  unsigned home;
};

static const struct place NOWHERE = {NULL, 0};

enum { HOME_MASK = 255 }; /* a leaf begins at a page, so that its address leaves room for a heap's number */

static struct place place_of(uintptr_t word) {
  return (struct place){(struct heapster__leaf *)(word & ~(uintptr_t)HOME_MASK), word & HOME_MASK};
}

/* Gives the leaf the place of its stretch in the table, if that is free. */
static void come_near(struct heapster__map *map, uint64_t bits, struct place place) {
  struct heapster__near *near = heapster__near_of(map, bits);
  uintptr_t none = 0;
  uintptr_t origin = (uintptr_t)place.leaf - (uintptr_t)(heapster__stretch_of(map, bits) * HEAPSTER__GRANULES);
  if (!atomic_compare_exchange_strong(&near->origin, &none, origin)) return;
  heapster__store_release(&near->home, heapster__home_of(map, bits, place.home)); /* pairs with map_home */
}

HEAPSTER__INLINE struct place place_near(struct heapster__map *map, uint64_t bits) {
  struct heapster__near *near = heapster__near_of(map, bits);
  uint64_t home = heapster__load_acquire(&near->home); /* as in heapster__map_home */
  uint64_t owner = home & HOME_MASK;
  if (heapster__unlikely(!home || home != heapster__home_of(map, bits, (unsigned)owner))) return NOWHERE;
  uintptr_t leaf = heapster__load_relaxed(&near->origin) + heapster__stretch_of(map, bits) * HEAPSTER__GRANULES;
  return (struct place){(struct heapster__leaf *)leaf, (unsigned)owner};
}

static struct place place_far(struct heapster__map *map, uint64_t bits) {
  if (bits >> 48) return NOWHERE;
  uint64_t stretch = heapster__stretch_of(map, bits);
  /* acquire pairs with the swap that published the branch, the leaf: their zeroes are seen */
  struct heapster__branch *branch = heapster__load_acquire(&map->branches[stretch / HEAPSTER__LEAVES]);
  return place_of(branch ? heapster__load_acquire(&branch->leaves[stretch % HEAPSTER__LEAVES]) : 0);
}

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

/* Makes a leaf where there is none, with `owner` at home. */
static struct place place_made(struct heapster__map *map, uint64_t bits, unsigned owner) {
  uint64_t stretch = heapster__stretch_of(map, bits);
  if (bits >> 48 || !stretch) return NOWHERE;
  struct heapster__branch *branch = branch_made(map, stretch);
  if (!branch) return NOWHERE;
  struct heapster__leaf *made = heapster__pages_map(sizeof *made);
  if (!made) return NOWHERE;
  struct place place = {made, owner};
  uintptr_t there = 0;
  if (!atomic_compare_exchange_strong(&branch->leaves[stretch % HEAPSTER__LEAVES], &there, (uintptr_t)made | owner)) {
    heapster__pages_unmap(made, sizeof *made);
    return place_of(there);
  }
  come_near(map, bits, place);
  return place;
}

static struct place place_had(struct heapster__map *map, uint64_t bits, unsigned owner) {
  struct place far = place_far(map, bits);
  return far.leaf ? far : place_made(map, bits, owner);
}

HEAPSTER__INLINE unsigned index_of(const struct heapster__map *map, uint64_t bits) {
  return heapster__granule_of(map, bits) % HEAPSTER__GRANULES;
}

HEAPSTER__INLINE enum heapster__put put(struct heapster__map *map, const void *address, unsigned owner, uint64_t size) {
  uint64_t bits = HEAPSTER__ADDRESS(address);
  struct place place = place_near(map, bits);
  if (heapster__unlikely(!place.leaf)) place = place_had(map, bits, owner);
  if (!place.leaf) return HEAPSTER__PUT_NO_MEMORY;
  unsigned index = index_of(map, bits);
  _Atomic uint8_t *code = &place.leaf->codes[index];
  if (heapster__load_relaxed(code)) return HEAPSTER__PUT_STALE;
  bool is_short = size <= HEAPSTER__SHORT_SIZE;
  if (!is_short && !heapster__put_long(code, size)) return HEAPSTER__PUT_NO_MEMORY;
  uint8_t own = is_short ? (uint8_t)(size + 1) : HEAPSTER__LONG;
  bool is_guest = owner != place.home;
  if (is_guest) heapster__store_relaxed(&place.leaf->guests[index], (uint16_t)(owner << 8 | own));
  heapster__store_release(code, is_guest ? HEAPSTER__GUEST : own); /* pairs with the acquire in block_at */
  return HEAPSTER__PUT;
}

/* The block that begins there. */
HEAPSTER__INLINE struct heapster__block block_at(struct place place, unsigned index) {
  _Atomic uint8_t *code = &place.leaf->codes[index];
  struct heapster__block block = {0, place.home, false};
  unsigned own = heapster__load_acquire(code);
  if (own == HEAPSTER__GUEST) {
    unsigned guest = heapster__load_relaxed(&place.leaf->guests[index]);
    block.owner = guest >> 8;
    own = guest & 255;
  }
  if (!own) return (struct heapster__block){0, 0, false};
  block.size = own - 1;
  block.is_size_lost = own == HEAPSTER__LONG && !heapster__read_long(code, &block.size);
  if (block.is_size_lost) block.size = HEAPSTER__SHORT_SIZE + 1;
  return block;
}

HEAPSTER__INLINE struct heapster__block take(struct heapster__map *map, const void *address) {
  uint64_t bits = HEAPSTER__ADDRESS(address);
  struct place place = place_near(map, bits);
  if (heapster__unlikely(!place.leaf)) place = place_far(map, bits);
  if (!place.leaf) return (struct heapster__block){0, 0, false};
  unsigned index = index_of(map, bits);
  struct heapster__block block = block_at(place, index);
  if (block.owner) heapster__store_relaxed(&place.leaf->codes[index], 0);
  return block;
}

/* Both in two pieces of code each: the main map's granules are known where it is compiled. */

enum heapster__put heapster__map_put(struct heapster__map *map, const void *address, unsigned owner, uint64_t size) {
  if (map == &heapster__main_map) return put(&heapster__main_map, address, owner, size);
  return put(map, address, owner, size);
}

struct heapster__block heapster__map_take(struct heapster__map *map, const void *address) {
  if (map == &heapster__main_map) return take(&heapster__main_map, address);
  return take(map, address);
}

static void walk_leaf(struct place place, void (*visit)(const void *context, unsigned owner, uint64_t size),
                      const void *context) {
  for (unsigned i = 0; i < HEAPSTER__GRANULES; i++) {
    if (heapster__likely(!heapster__load_relaxed(&place.leaf->codes[i]))) continue;
    struct heapster__block block = block_at(place, i);
    if (block.owner) visit(context, block.owner, block.size);
  }
}

void heapster__map_walk(struct heapster__map *map, void (*visit)(const void *context, unsigned owner, uint64_t size),
                        const void *context) {
  for (uint64_t i = 0; i < HEAPSTER__BRANCHES; i++) {
    struct heapster__branch *branch = heapster__load_acquire(&map->branches[i]); /* pairs with who published it */
    for (uint64_t j = 0; branch && j < HEAPSTER__LEAVES; j++) {
      struct place place = place_of(heapster__load_acquire(&branch->leaves[j]));
      if (place.leaf) walk_leaf(place, visit, context);
    }
  }
}
