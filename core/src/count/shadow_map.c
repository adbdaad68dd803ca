/* The shadow map: for each live block, which heap counted it and how many bytes were requested. */
#include "count/shadow_map.h"

#include "count/fast.h"

struct heapster__map heapster__main_map;

struct heapster__map *heapster__shadow_create(void) {
  return heapster__pages_map(sizeof(struct heapster__map));
}

static const struct heapster__segment NO_SEGMENT = {NULL, 0};

enum { OWNER_MASK = 255 }; /* a leaf begins at a page boundary, which leaves its low bits to a heap's number */

static struct heapster__segment segment_from(uintptr_t word) {
  return (struct heapster__segment){(struct heapster__leaf *)(word & ~(uintptr_t)OWNER_MASK), word & OWNER_MASK};
}

/* Gives the segment its cache entry if that is free. */
static void fill_cache(struct heapster__map *map, uint64_t bits, struct heapster__segment segment) {
  struct heapster__cache_entry *entry = heapster__cache_entry_of(map, bits);
  uintptr_t none = 0;
  uintptr_t origin = (uintptr_t)segment.leaf - (uintptr_t)(heapster__segment_of(map, bits) * HEAPSTER__GRANULES);
  if (!heapster__swap_strong(&entry->origin, &none, origin)) return;
  /* pairs with heapster__shadow_find */
  heapster__store_release(&entry->tag, heapster__cache_tag_of(map, bits, segment.owner));
}

HEAPSTER__INLINE struct heapster__segment lookup_cached(struct heapster__map *map, uint64_t bits) {
  struct heapster__cache_entry *entry = heapster__cache_entry_of(map, bits);
  uint64_t tag = heapster__load_acquire(&entry->tag); /* as in heapster__shadow_find */
  uint64_t owner = tag & OWNER_MASK;
  if (heapster__unlikely(!tag || tag != heapster__cache_tag_of(map, bits, (unsigned)owner))) return NO_SEGMENT;
  uintptr_t leaf = heapster__load_relaxed(&entry->origin) + heapster__segment_of(map, bits) * HEAPSTER__GRANULES;
  return (struct heapster__segment){(struct heapster__leaf *)leaf, (unsigned)owner};
}

static struct heapster__segment walk_tree(struct heapster__map *map, uint64_t bits) {
  if (bits >> 48) return NO_SEGMENT;
  uint64_t number = heapster__segment_of(map, bits);
  /* acquire pairs with the swap that published the branch, the leaf: their zeroes are seen */
  struct heapster__branch *branch = heapster__load_acquire(&map->branches[number / HEAPSTER__LEAVES]);
  return segment_from(branch ? heapster__load_acquire(&branch->leaves[number % HEAPSTER__LEAVES]) : 0);
}

/* For visitors, who then find what is published. */
static void note_made(_Atomic uint64_t *bits, uint64_t number) {
  heapster__or_relaxed(&bits[number / 64], (uint64_t)1 << number % 64);
}

static struct heapster__branch *ensure_branch(struct heapster__map *map, uint64_t number) {
  struct heapster__branch *_Atomic *place = &map->branches[number / HEAPSTER__LEAVES];
  struct heapster__branch *there = heapster__load_acquire(place); /* pairs with the swap below */
  if (there) return there;
  struct heapster__branch *made = heapster__pages_map(sizeof *made);
  if (!made) return NULL;
  note_made(map->made_branches, number / HEAPSTER__LEAVES);
  if (heapster__swap_strong(place, &there, made)) return made;
  heapster__pages_unmap(made, sizeof *made);
  return there;
}

/* Makes the leaf of a segment that has none, with `owner` as the owner. */
static struct heapster__segment make_segment(struct heapster__map *map, uint64_t bits, unsigned owner) {
  uint64_t number = heapster__segment_of(map, bits);
  if (bits >> 48 || !number) return NO_SEGMENT;
  struct heapster__branch *branch = ensure_branch(map, number);
  if (!branch) return NO_SEGMENT;
  struct heapster__leaf *made = heapster__pages_map(sizeof *made);
  if (!made) return NO_SEGMENT;
  note_made(branch->made_leaves, number % HEAPSTER__LEAVES);
  struct heapster__segment segment = {made, owner};
  uintptr_t there = 0;
  if (!heapster__swap_strong(&branch->leaves[number % HEAPSTER__LEAVES], &there, (uintptr_t)made | owner)) {
    heapster__pages_unmap(made, sizeof *made);
    return segment_from(there);
  }
  fill_cache(map, bits, segment);
  return segment;
}

static __attribute__((noinline)) struct heapster__segment ensure_segment(struct heapster__map *map, uint64_t bits,
                                                                         unsigned owner) {
  struct heapster__segment far = walk_tree(map, bits);
  return far.leaf ? far : make_segment(map, bits, owner);
}

HEAPSTER__INLINE unsigned index_of(const struct heapster__map *map, uint64_t bits) {
  return heapster__granule_of(map, bits) % HEAPSTER__GRANULES;
}

HEAPSTER__INLINE enum heapster__put_result put(struct heapster__map *map, const void *address, unsigned owner,
                                               uint64_t size) {
  uint64_t bits = HEAPSTER__ADDRESS(address);
  struct heapster__segment segment = lookup_cached(map, bits);
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
HEAPSTER__INLINE struct heapster__block block_at(struct heapster__segment segment, unsigned index) {
  _Atomic uint8_t *byte = &segment.leaf->bytes[index];
  struct heapster__block block = {0, segment.owner, false, 0};
  unsigned value = heapster__load_acquire(byte);
  if (value == HEAPSTER__BYTE_FOREIGN) {
    unsigned cell = heapster__load_relaxed(&segment.leaf->foreign_cells[index]);
    block.owner = cell >> 8;
    value = cell & 255;
  }
  if (!value) return (struct heapster__block){0, 0, false, 0};
  block.size = value - 1;
  block.is_size_lost = value == HEAPSTER__BYTE_LONG && !heapster__read_size_cell(byte, &block.size);
  if (block.is_size_lost) block.size = HEAPSTER__SHORT_SIZE + 1;
  return block;
}

/* The block that begins at an address, which is taken out unless it is to stay. */
HEAPSTER__INLINE struct heapster__block look_up(struct heapster__map *map, const void *address, bool stays) {
  uint64_t bits = HEAPSTER__ADDRESS(address);
  struct heapster__segment segment = lookup_cached(map, bits);
  if (heapster__unlikely(!segment.leaf)) segment = walk_tree(map, bits);
  if (!segment.leaf) return (struct heapster__block){0, 0, false, 0};
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

struct heapster__segment heapster__shadow_segment(struct heapster__map *map, const void *address) {
  struct heapster__segment segment = lookup_cached(map, HEAPSTER__ADDRESS(address));
  return heapster__likely(segment.leaf) ? segment : walk_tree(map, HEAPSTER__ADDRESS(address));
}

struct heapster__block heapster__shadow_block(struct heapster__segment segment, unsigned index) {
  return block_at(segment, index);
}

static void visit_branch(struct heapster__branch *branch, uint64_t begin, uint64_t segment_bytes,
                         heapster__segment_visitor *visit, const void *context) {
  for (unsigned word = 0; word < HEAPSTER__LEAVES / 64; word++) {
    for (uint64_t bits = heapster__load_relaxed(&branch->made_leaves[word]); bits; bits &= bits - 1) {
      const unsigned number = word * 64 + (unsigned)__builtin_ctzll(bits);
      /* pairs with the swap that published it */
      const struct heapster__segment segment = segment_from(heapster__load_acquire(&branch->leaves[number]));
      if (segment.leaf) visit(context, segment, (const void *)(uintptr_t)(begin + number * segment_bytes));
    }
  }
}

void heapster__shadow_visit_segments(struct heapster__map *map, heapster__segment_visitor *visit, const void *context) {
  const uint64_t segment_bytes = (uint64_t)HEAPSTER__GRANULES << heapster__granule_bits(map);
  for (unsigned word = 0; word < HEAPSTER__BRANCHES / 64; word++) {
    for (uint64_t bits = heapster__load_relaxed(&map->made_branches[word]); bits; bits &= bits - 1) {
      const uint64_t number = word * 64 + (unsigned)__builtin_ctzll(bits);
      struct heapster__branch *branch = heapster__load_acquire(&map->branches[number]); /* as above */
      if (branch) visit_branch(branch, number * HEAPSTER__LEAVES * segment_bytes, segment_bytes, visit, context);
    }
  }
}

struct block_visit {
  heapster__visitor *visit;
  const void *context;
  unsigned granule_bits;
};

static void visit_blocks(const void *context, struct heapster__segment segment, const void *begin) {
  const struct block_visit *to = context;
  for (unsigned i = 0; i < HEAPSTER__GRANULES; i++) {
    if (heapster__likely(!heapster__load_relaxed(&segment.leaf->bytes[i]))) continue;
    struct heapster__block block = block_at(segment, i);
    const char *granule = (const char *)begin + ((size_t)i << to->granule_bits);
    if (block.owner) to->visit(to->context, granule, block.owner, block.size);
  }
}

void heapster__shadow_visit(struct heapster__map *map, heapster__visitor *visit, const void *context) {
  const struct block_visit to = {visit, context, heapster__granule_bits(map)};
  heapster__shadow_visit_segments(map, visit_blocks, &to);
}
