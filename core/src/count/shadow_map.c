/* The shadow map: for each live block, which heap counted it and how many bytes were requested. */
#include "count/shadow_map.h"

struct heapster__map heapster__main_map;

struct heapster__map *heapster__shadow_create(void) {
  return heapster__pages_map(sizeof(struct heapster__map));
}

/* A leaf, or NULL, and the owner of its segment. */
struct segment {
  struct heapster__leaf *leaf;
  unsigned owner;
};

static const struct segment NO_SEGMENT = {NULL, 0};

enum { OWNER_MASK = 255 }; /* a leaf begins at a page boundary, which leaves its low bits to a heap's number */

static struct segment segment_from(uintptr_t word) {
  return (struct segment){(struct heapster__leaf *)(word & ~(uintptr_t)OWNER_MASK), word & OWNER_MASK};
}

/* Gives the segment its cache entry if that is free. */
static void fill_cache(struct heapster__map *map, uint64_t bits, struct segment segment) {
  struct heapster__cache_entry *entry = heapster__cache_entry_of(map, bits);
  uintptr_t none = 0;
  uintptr_t origin = (uintptr_t)segment.leaf - (uintptr_t)(heapster__segment_of(map, bits) * HEAPSTER__GRANULES);
  if (!atomic_compare_exchange_strong(&entry->origin, &none, origin)) return;
  /* pairs with heapster__shadow_find */
  heapster__store_release(&entry->tag, heapster__cache_tag_of(map, bits, segment.owner));
}

HEAPSTER__INLINE struct segment lookup_cached(struct heapster__map *map, uint64_t bits) {
  struct heapster__cache_entry *entry = heapster__cache_entry_of(map, bits);
  uint64_t tag = heapster__load_acquire(&entry->tag); /* as in heapster__shadow_find */
  uint64_t owner = tag & OWNER_MASK;
  if (heapster__unlikely(!tag || tag != heapster__cache_tag_of(map, bits, (unsigned)owner))) return NO_SEGMENT;
  uintptr_t leaf = heapster__load_relaxed(&entry->origin) + heapster__segment_of(map, bits) * HEAPSTER__GRANULES;
  return (struct segment){(struct heapster__leaf *)leaf, (unsigned)owner};
}

static struct segment walk_tree(struct heapster__map *map, uint64_t bits) {
  if (bits >> 48) return NO_SEGMENT;
  uint64_t number = heapster__segment_of(map, bits);
  /* acquire pairs with the swap that published the branch, the leaf: their zeroes are seen */
  struct heapster__branch *branch = heapster__load_acquire(&map->branches[number / HEAPSTER__LEAVES]);
  return segment_from(branch ? heapster__load_acquire(&branch->leaves[number % HEAPSTER__LEAVES]) : 0);
}

static struct heapster__branch *ensure_branch(struct heapster__map *map, uint64_t number) {
  struct heapster__branch *_Atomic *place = &map->branches[number / HEAPSTER__LEAVES];
  struct heapster__branch *there = heapster__load_acquire(place); /* pairs with the swap below */
  if (there) return there;
  struct heapster__branch *made = heapster__pages_map(sizeof *made);
  if (!made) return NULL;
  if (atomic_compare_exchange_strong(place, &there, made)) return made;
  heapster__pages_unmap(made, sizeof *made);
  return there;
}

/* Makes the leaf of a segment that has none, with `owner` as the owner. */
static struct segment make_segment(struct heapster__map *map, uint64_t bits, unsigned owner) {
  uint64_t number = heapster__segment_of(map, bits);
  if (bits >> 48 || !number) return NO_SEGMENT;
  struct heapster__branch *branch = ensure_branch(map, number);
  if (!branch) return NO_SEGMENT;
  struct heapster__leaf *made = heapster__pages_map(sizeof *made);
  if (!made) return NO_SEGMENT;
  struct segment segment = {made, owner};
  uintptr_t there = 0;
  if (!atomic_compare_exchange_strong(&branch->leaves[number % HEAPSTER__LEAVES], &there, (uintptr_t)made | owner)) {
    heapster__pages_unmap(made, sizeof *made);
    return segment_from(there);
  }
  fill_cache(map, bits, segment);
  return segment;
}

static struct segment ensure_segment(struct heapster__map *map, uint64_t bits, unsigned owner) {
  struct segment far = walk_tree(map, bits);
  return far.leaf ? far : make_segment(map, bits, owner);
}

HEAPSTER__INLINE unsigned index_of(const struct heapster__map *map, uint64_t bits) {
  return heapster__granule_of(map, bits) % HEAPSTER__GRANULES;
}

HEAPSTER__INLINE enum heapster__put_result put(struct heapster__map *map, const void *address, unsigned owner,
                                               uint64_t size) {
  uint64_t bits = HEAPSTER__ADDRESS(address);
  struct segment segment = lookup_cached(map, bits);
  if (heapster__unlikely(!segment.leaf)) segment = ensure_segment(map, bits, owner);
  if (!segment.leaf) return HEAPSTER__PUT_NO_MEMORY;
  unsigned index = index_of(map, bits);
  _Atomic uint8_t *byte = &segment.leaf->bytes[index];
  if (heapster__load_relaxed(byte)) return HEAPSTER__PUT_MISSED_FREE;
  bool is_short = size <= HEAPSTER__SHORT_SIZE;
  if (!is_short && !heapster__write_size_cell(byte, size)) return HEAPSTER__PUT_NO_MEMORY;
  uint8_t value = is_short ? (uint8_t)(size + 1) : HEAPSTER__BYTE_LONG;
  bool is_foreign = owner != segment.owner;
  if (is_foreign) heapster__store_relaxed(&segment.leaf->foreign_cells[index], (uint16_t)(owner << 8 | value));
  heapster__store_release(byte, is_foreign ? HEAPSTER__BYTE_FOREIGN : value); /* pairs with the acquire in block_at */
  return HEAPSTER__PUT_DONE;
}

/* The block that begins there. */
HEAPSTER__INLINE struct heapster__block block_at(struct segment segment, unsigned index) {
  _Atomic uint8_t *byte = &segment.leaf->bytes[index];
  struct heapster__block block = {0, segment.owner, false};
  unsigned value = heapster__load_acquire(byte);
  if (value == HEAPSTER__BYTE_FOREIGN) {
    unsigned cell = heapster__load_relaxed(&segment.leaf->foreign_cells[index]);
    block.owner = cell >> 8;
    value = cell & 255;
  }
  if (!value) return (struct heapster__block){0, 0, false};
  block.size = value - 1;
  block.is_size_lost = value == HEAPSTER__BYTE_LONG && !heapster__read_size_cell(byte, &block.size);
  if (block.is_size_lost) block.size = HEAPSTER__SHORT_SIZE + 1;
  return block;
}

/* The block that begins at an address, which is taken out unless it is to stay. */
HEAPSTER__INLINE struct heapster__block look_up(struct heapster__map *map, const void *address, bool stays) {
  uint64_t bits = HEAPSTER__ADDRESS(address);
  struct segment segment = lookup_cached(map, bits);
  if (heapster__unlikely(!segment.leaf)) segment = walk_tree(map, bits);
  if (!segment.leaf) return (struct heapster__block){0, 0, false};
  unsigned index = index_of(map, bits);
  struct heapster__block block = block_at(segment, index);
  if (!stays && block.owner) heapster__store_relaxed(&segment.leaf->bytes[index], 0);
  return block;
}

/* Two copies of each: for the main map the compiler knows the width of a granule. */

enum heapster__put_result heapster__shadow_put(struct heapster__map *map, const void *address, unsigned owner,
                                               uint64_t size) {
  if (map == &heapster__main_map) return put(&heapster__main_map, address, owner, size);
  return put(map, address, owner, size);
}

struct heapster__block heapster__shadow_take(struct heapster__map *map, const void *address) {
  if (map == &heapster__main_map) return look_up(&heapster__main_map, address, false);
  return look_up(map, address, false);
}

struct heapster__block heapster__shadow_peek(struct heapster__map *map, const void *address) {
  return look_up(map, address, true);
}

static void visit_leaf(struct segment segment, const char *begin, unsigned granule_bits, heapster__visitor *visit,
                       const void *context) {
  for (unsigned i = 0; i < HEAPSTER__GRANULES; i++) {
    if (heapster__likely(!heapster__load_relaxed(&segment.leaf->bytes[i]))) continue;
    struct heapster__block block = block_at(segment, i);
    if (block.owner) visit(context, begin + ((size_t)i << granule_bits), block.owner, block.size);
  }
}

void heapster__shadow_visit(struct heapster__map *map, heapster__visitor *visit, const void *context) {
  const unsigned granule_bits = heapster__granule_bits(map);
  for (uint64_t i = 0; i < HEAPSTER__BRANCHES; i++) {
    /* pairs with the swap that published it */
    struct heapster__branch *branch = heapster__load_acquire(&map->branches[i]);
    for (uint64_t j = 0; branch && j < HEAPSTER__LEAVES; j++) {
      struct segment segment = segment_from(heapster__load_acquire(&branch->leaves[j]));
      const uint64_t begin = (i * HEAPSTER__LEAVES + j) * HEAPSTER__GRANULES << granule_bits;
      if (segment.leaf) visit_leaf(segment, (const char *)(uintptr_t)begin, granule_bits, visit, context);
    }
  }
}
