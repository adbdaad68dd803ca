/* The shadow map: for each live block, which heap counted it and how many bytes were requested.

   A radix tree by address. A leaf covers one segment: 65,536 granules, of 32 bytes in the main map and of 16 in a map
   of a host's own backing. The heap whose block came first in a segment is the segment's owner; blocks of other heaps
   are foreign there. Each granule has one shadow byte, for the block that begins in it:

     0            no counted block
     1 .. 253     a block of the owner, of byte - 1 bytes
     254          a longer block of the owner: its size is in the size cell
     255          a foreign block: its heap, and a byte of 1 .. 254 as above, are in the granule's foreign cell

   Blocks of 253 bytes and more begin at least eight granules apart, so eight granules share a size cell. It holds

     size << 3 | which of the eight

   and where it names another of the eight, the free of a long block was missed, and another long block was handed out
   over a part of it.

   So a block of the owner, the common case, costs one byte for 32, and a long one as much again. Only the thread that
   owns a block writes its cells. They are atomic because a walk of the whole map reads them meanwhile; a size or
   foreign cell is written before the byte that refers to it. The first segment has no leaf, so NULL needs no test of
   its own.

   No two blocks begin in one granule. malloc and its like align blocks to 16 bytes, so that blocks of 17 bytes and more
   begin 32 apart; smaller requests are passed on as 17. A host's own backing, which a Lua state may have, promises
   nothing: its granules are half as wide, and blocks below 16 bytes are passed on as 16, or are not in the map.

   A direct-mapped cache of leaves stands in front of the tree. The first segment to use an entry keeps it for ever; a
   segment that collides with it is found by the tree. */
#ifndef HEAPSTER__COUNT_SHADOW_MAP_H
#define HEAPSTER__COUNT_SHADOW_MAP_H

#include "base/atomics.h"
#include "base/platform.h"

#include <stddef.h>

enum {
  HEAPSTER__MAIN_GRANULE_BITS = 5, /* a granule of the main map is 2^5 bytes */
  HEAPSTER__MAIN_MIN_SIZE = 17,    /* smaller requests are padded to this, so that no two blocks begin in one granule */
  HEAPSTER__OWN_GRANULE_BITS = 4,
  HEAPSTER__OWN_MIN_SIZE = 16,
  HEAPSTER__GRANULES = 65536, /* of a leaf */
  HEAPSTER__LEAVES = 16384,   /* of a branch */
  HEAPSTER__BRANCHES = 16384, /* more than 48 bits of address fill */
  HEAPSTER__SHORT_SIZE = 252, /* the largest size that fits a shadow byte */
  HEAPSTER__BYTE_LONG = 254,
  HEAPSTER__BYTE_FOREIGN = 255,
  HEAPSTER__SIZE_CELL_BITS = 3 /* of a size cell: which of its granules */
};
_Static_assert(((HEAPSTER__SHORT_SIZE + 1 + 15) & ~15) >> HEAPSTER__MAIN_GRANULE_BITS >=
                       1 << HEAPSTER__SIZE_CELL_BITS &&
                   (HEAPSTER__SHORT_SIZE + 1) >> HEAPSTER__OWN_GRANULE_BITS >= 1 << HEAPSTER__SIZE_CELL_BITS,
               "no two long blocks, aligned to 16 in the main map, begin in the granules of one size cell");

/* Begins at a page boundary, so that the address of a shadow byte leads to its size cell. */
struct heapster__leaf {
  _Atomic uint8_t bytes[HEAPSTER__GRANULES];
  _Atomic uint64_t size_cells[HEAPSTER__GRANULES >> HEAPSTER__SIZE_CELL_BITS];
  _Atomic uint16_t foreign_cells[HEAPSTER__GRANULES]; /* heap << 8 | byte */
  /* Of doubt.h: a bit for each granule; one for each of those words that may not be 0; one for each half granule. */
  _Atomic uint64_t doubts[HEAPSTER__GRANULES / 64];
  _Atomic uint64_t doubt_words[HEAPSTER__GRANULES / 64 / 64];
  _Atomic uint64_t settled[2 * HEAPSTER__GRANULES / 64];
  struct heapster__site_cells *_Atomic site_cells; /* of site_cells.h; NULL: no block has a site */
};
struct heapster__branch {
  _Atomic uintptr_t leaves[HEAPSTER__LEAVES];          /* a leaf's address; the segment's owner in its low bits */
  _Atomic uint64_t made_leaves[HEAPSTER__LEAVES / 64]; /* a bit for each that is made, or just being made */
};

/* A leaf, or NULL, and the owner of its segment. */
struct heapster__segment {
  struct heapster__leaf *leaf;
  unsigned owner;
};

struct heapster__cache_entry {
  _Atomic uint64_t tag;     /* the segment's first address | its owner; 0: the entry is free */
  _Atomic uintptr_t origin; /* where the byte of address 0 would be if the leaf reached down to it */
};

/* Direct-mapped cache of leaves: 2^18 entries, 4 MiB reserved. Two segments collide only if
   at least 256 GiB apart (512 in the main map, whose segments are twice as long). */
enum { HEAPSTER__LEAF_CACHE = 1 << 18 };

struct heapster__map {
  struct heapster__cache_entry cache[HEAPSTER__LEAF_CACHE];
  struct heapster__branch *_Atomic branches[HEAPSTER__BRANCHES];
  _Atomic uint64_t made_branches[HEAPSTER__BRANCHES / 64];
};

/* What a map knows of an address; owner 0: nothing. */
struct heapster__block {
  uint64_t size;
  unsigned owner;    /* the heap that counted it */
  bool is_size_lost; /* its size cell belongs to another block; `size` is then 253, the least that it can have been */
  uint16_t site;     /* see site_cells.h; 0: none, or the map was not asked for it */
};

enum heapster__put_result {
  HEAPSTER__PUT_DONE,
  HEAPSTER__PUT_MISSED_FREE, /* not entered: a block whose free was missed stands there, and must be taken out first */
  HEAPSTER__PUT_NO_MEMORY,   /* not entered: there is no leaf, and no memory for one */
};

/* The map of malloc, python and every heap over the system's allocator. */
extern HEAPSTER__HIDDEN struct heapster__map heapster__main_map;

/* An empty map for a backing of the host's own, or NULL. */
struct heapster__map *heapster__shadow_create(void);

/* Enters a block that the allocator just handed out. */
enum heapster__put_result heapster__shadow_put(struct heapster__map *map, const void *address, unsigned owner,
                                               uint64_t size);

/* Takes out the block that begins there, if there is one. Call it before the block is passed on to the allocator:
   afterwards another thread may own the address. */
struct heapster__block heapster__shadow_take(struct heapster__map *map, const void *address);

/* The block that begins there, which stays. For the thread that owns it. */
struct heapster__block heapster__shadow_peek(struct heapster__map *map, const void *address);

/* The segment of an address. Its leaf is never unmapped. */
struct heapster__segment heapster__shadow_segment(struct heapster__map *map, const void *address);

/* The block that begins in a granule of a segment that has a leaf. */
struct heapster__block heapster__shadow_block(struct heapster__segment segment, unsigned index);

/* Visits every segment that has a leaf, in the order of addresses. `begin` is its first address. */
typedef void heapster__segment_visitor(const void *context, struct heapster__segment segment, const void *begin);
void heapster__shadow_visit_segments(struct heapster__map *map, heapster__segment_visitor *visit, const void *context);

/* Visits every block in the order of addresses, while other threads go on. A block that is entered or taken out
   meanwhile is visited or not; a long one that is replaced by another long one may be visited as one of 253 bytes. A
   block begins somewhere in its granule. */
typedef void heapster__visitor(const void *context, const void *granule, unsigned owner, uint64_t size);
void heapster__shadow_visit(struct heapster__map *map, heapster__visitor *visit, const void *context);

/* The width of a granule as a power of two. */
HEAPSTER__INLINE unsigned heapster__granule_bits(const struct heapster__map *map) {
  return map == &heapster__main_map ? HEAPSTER__MAIN_GRANULE_BITS : HEAPSTER__OWN_GRANULE_BITS;
}

/* The numbers of an address's granule and segment. */
HEAPSTER__INLINE uint64_t heapster__granule_of(const struct heapster__map *map, uint64_t bits) {
  return bits >> heapster__granule_bits(map);
}
HEAPSTER__INLINE uint64_t heapster__segment_of(const struct heapster__map *map, uint64_t bits) {
  return heapster__granule_of(map, bits) / HEAPSTER__GRANULES;
}

/* The size to request from the next allocator. */
HEAPSTER__INLINE size_t heapster__padded_size(const struct heapster__map *map, size_t size) {
  const size_t min = map == &heapster__main_map ? HEAPSTER__MAIN_MIN_SIZE : HEAPSTER__OWN_MIN_SIZE;
  return size >= min ? size : min;
}

#endif
