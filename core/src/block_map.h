/* The block map: for each live block, which heap counted it and how many bytes were asked for.

   A radix tree by address. A leaf has 65536 cells of 16 bits, one for each granule of its stretch of addresses: 32
   bytes in the main map, 16 in a map of a host's own backing. The first granule of a block holds

     owner << 8 | size       owner 1 .. 254, size 0 .. 254
     owner << 8 | 255        larger: size - 255 follows in the next cells, which the block covers anyway,
                             seven bits a cell, lowest first, in two cells or more:
                             255 << 8 | (is_last ? bits : 128 | bits)

   and 0 means no counted block. The mark 255 on the following cells tells remnants of a block whose free went by
   unseen from the beginning of a block. Only the thread that owns a block touches its cells; the cells are atomic
   for those who read the whole map meanwhile. The first stretch has no leaf, so NULL needs no test of its own.

   No two blocks begin in one granule. malloc and its like align what they hand out to 16 bytes, so that blocks of 17
   and more begin 32 apart; smaller requests go down as 17. A host's own backing, which a Lua state may have, promises
   nothing: there granules are half as wide, and blocks below 16 bytes go down as 16, or are not in the map.

   In front of the tree stands a table, which leads to a leaf in one step. A stretch has its place there by the low bits
   of its number. The first to come keeps it for ever; another of the same place, 256 GiB away or more, is found through
   the tree alone, by who takes a longer look. */
#ifndef HEAPSTER__BLOCK_MAP_H
#define HEAPSTER__BLOCK_MAP_H

#include "atomics.h"
#include "platform.h"

#include <stddef.h>

enum {
  HEAPSTER__MAIN_GRANULE_BITS = 5, /* a granule of the main map is 2^5 bytes */
  HEAPSTER__MAIN_LEAST = 17,       /* that is asked for below, so that no two blocks begin in one granule */
  HEAPSTER__OWN_GRANULE_BITS = 4,
  HEAPSTER__OWN_LEAST = 16,
  HEAPSTER__CELLS = 65536,                     /* of a leaf */
  HEAPSTER__LEAVES = 16384,                    /* of a branch */
  HEAPSTER__BRANCHES = 16384,                  /* more than 48 bits of address fill */
  HEAPSTER__SHORT_SIZE = 254,                  /* the largest size that fits into the first cell */
  HEAPSTER__MIDDLE_SIZE = 255 + (1 << 14) - 1, /* the largest that fits into two more cells */
  HEAPSTER__EXTENSION = 255,                   /* owner mark of a cell that continues a size */
  HEAPSTER__EXTENSION_CELLS = 7                /* 7 bits each: 49 bits, more than the address space */
};
_Static_assert((HEAPSTER__EXTENSION_CELLS + 1) << HEAPSTER__MAIN_GRANULE_BITS <= HEAPSTER__SHORT_SIZE + 2,
               "a block with a long size, to the next multiple of 16, covers all the cells that its size may take");

struct heapster__leaf {
  _Atomic uint16_t cells[HEAPSTER__CELLS];
};
struct heapster__branch {
  struct heapster__leaf *_Atomic leaves[HEAPSTER__LEAVES];
};

/* A place in front of the tree. */
struct heapster__near {
  _Atomic uint64_t stretch; /* whose it is, by number; 0: nobody's yet, as the first has no leaf */
  _Atomic uintptr_t origin; /* where the cell of address 0 would be, if the leaf reached down to it */
};

/* 256 GiB of addresses or more before two stretches meet, in 4 MiB, of which a page is taken for each 256 MiB in use or
   more. */
enum { HEAPSTER__NEAR = 1 << 18 };

struct heapster__map {
  struct heapster__near near[HEAPSTER__NEAR];
  struct heapster__branch *_Atomic branches[HEAPSTER__BRANCHES];
};

/* What a map knows of an address; owner 0: nothing. */
struct heapster__block {
  uint64_t size;
  unsigned owner;
  bool is_size_lost; /* its continuation was overwritten; size is then 255, the least it can have been */
};

enum heapster__put { HEAPSTER__PUT, HEAPSTER__PUT_STALE, HEAPSTER__PUT_NO_MEMORY };

/* The map of malloc, python and every heap over the system's allocator. */
extern HEAPSTER__HIDDEN struct heapster__map heapster__main_map;

/* Makes a map of zeros ready, before anything is looked up in it; again, it does nothing. */
void heapster__map_start(struct heapster__map *map);

/* An empty map for a backing of the host's own, or NULL. */
struct heapster__map *heapster__map_create(void);

/* heapster__map_put for any size, with anything in the way, and no leaf yet. */
enum heapster__put heapster__map_put_slow(struct heapster__map *map, const void *address, unsigned owner,
                                          uint64_t size);

/* Takes out the first block that begins inside the cells which a block of `size` at `address` would use: one whose
   free went by unseen. */
struct heapster__block heapster__map_take_stale(struct heapster__map *map, const void *address, uint64_t size);

/* Visits every block, in the order of addresses, while their threads go on: one that is entered or taken out meanwhile
   is visited or not, with its own size or, half written, as one of 255. */
void heapster__map_walk(struct heapster__map *map, void (*visit)(const void *context, unsigned owner, uint64_t size),
                        const void *context);

static inline unsigned heapster__owner(uint16_t cell) { return cell >> 8; }

HEAPSTER__INLINE bool heapster__is_first(uint16_t cell) { return cell && heapster__owner(cell) != HEAPSTER__EXTENSION; }

/* By how much an address is shifted to the number of its granule. */
HEAPSTER__INLINE unsigned heapster__granule_bits(const struct heapster__map *map) {
  return map == &heapster__main_map ? HEAPSTER__MAIN_GRANULE_BITS : HEAPSTER__OWN_GRANULE_BITS;
}

/* The number of an address's granule, and of its stretch. */
HEAPSTER__INLINE uint64_t heapster__granule_of(const struct heapster__map *map, uint64_t bits) {
  return bits >> heapster__granule_bits(map);
}
HEAPSTER__INLINE uint64_t heapster__stretch_of(const struct heapster__map *map, uint64_t bits) {
  return heapster__granule_of(map, bits) / HEAPSTER__CELLS;
}
HEAPSTER__INLINE unsigned heapster__cell_index(const struct heapster__map *map, const void *address) {
  return heapster__granule_of(map, (uintptr_t)address) % HEAPSTER__CELLS;
}

/* The size to ask the allocator below for. */
HEAPSTER__INLINE size_t heapster__size_below(const struct heapster__map *map, size_t size) {
  const size_t least = map == &heapster__main_map ? HEAPSTER__MAIN_LEAST : HEAPSTER__OWN_LEAST;
  return size >= least ? size : least;
}

/* Finds the cell of an address, if its leaf is in the table. */
HEAPSTER__INLINE bool heapster__map_near(struct heapster__map *map, const void *address, _Atomic uint16_t **cell) {
  const uint64_t granule = heapster__granule_of(map, HEAPSTER__ADDRESS(address));
  const uint64_t stretch = heapster__stretch_of(map, HEAPSTER__ADDRESS(address));
  HEAPSTER__IN_ONE_REGISTER(map);
  struct heapster__near *near = &map->near[stretch % HEAPSTER__NEAR];
  /* acquire pairs with the release that gave the place away: the origin is seen, and the leaf's zeroes */
  if (heapster__unlikely(!heapster__is_acquire(&near->stretch, stretch))) return false;
  *cell = (_Atomic uint16_t *)(heapster__load_relaxed(&near->origin) + granule * sizeof **cell);
  return true;
}

HEAPSTER__INLINE uint16_t heapster__extension(uint64_t bits, bool is_last) {
  return (uint16_t)(HEAPSTER__EXTENSION << 8 | (is_last ? 0 : 128) | (bits & 127));
}

/* The marks of the two cells that continue a size of three: the first has another behind it, the second is the last. */
static const uint32_t HEAPSTER__MIDDLE_MARKS = (uint32_t)HEAPSTER__EXTENSION << 24 | HEAPSTER__EXTENSION << 8 | 128;

/* Enters a size that takes three cells, if nothing is in them and they are in one leaf. */
HEAPSTER__INLINE bool heapster__put_middle(_Atomic uint16_t *cells, unsigned index, unsigned owner, uint64_t size) {
  if (heapster__unlikely(size > HEAPSTER__MIDDLE_SIZE || index > 65533)) return false;
  if (heapster__unlikely(heapster__load_one_owned(&cells[0]) | heapster__load_two_owned(&cells[1]))) return false;
  const uint32_t rest = (uint32_t)size - 255;
  heapster__store_relaxed(&cells[0], (uint16_t)(owner << 8 | 255));
  heapster__store_two_owned(&cells[1], HEAPSTER__MIDDLE_MARKS | (rest & 127) | (rest >> 7) << 16);
  return true;
}

/* Enters a block that was just handed out, if there is a leaf and nothing in its cells. */
HEAPSTER__INLINE bool heapster__map_put_at_once(struct heapster__map *map, const void *address, unsigned owner,
                                                uint64_t size) {
  _Atomic uint16_t *cells;
  if (heapster__unlikely(!heapster__map_near(map, address, &cells))) return false;
  if (heapster__unlikely(size > HEAPSTER__SHORT_SIZE))
    return heapster__put_middle(cells, heapster__cell_index(map, address), owner, size);
  if (heapster__unlikely(heapster__load_one_owned(cells))) return false;
  heapster__store_relaxed(cells, (uint16_t)((owner << 8) + size));
  return true;
}

/* Enters a block that was just handed out.
   HEAPSTER__PUT_STALE: not entered, a block stands in the way: take that one out and try again.
   HEAPSTER__PUT_NO_MEMORY: not entered, there is no leaf and none to be had. */
static inline enum heapster__put heapster__map_put(struct heapster__map *map, const void *address, unsigned owner,
                                                   uint64_t size) {
  if (heapster__likely(heapster__map_put_at_once(map, address, owner, size))) return HEAPSTER__PUT;
  return heapster__map_put_slow(map, address, owner, size);
}

/* Takes a size out that takes three cells, if it is whole and in one leaf. */
HEAPSTER__INLINE bool heapster__take_middle(_Atomic uint16_t *cells, unsigned index, uint64_t *size) {
  if (heapster__unlikely(index > 65533)) return false;
  const uint32_t rest = heapster__load_two_owned(&cells[1]) - HEAPSTER__MIDDLE_MARKS; /* wraps where the marks differ */
  if (heapster__unlikely(rest & ~(uint32_t)(127 << 16 | 127))) return false;
  heapster__store_two_owned(&cells[1], 0);
  *size = 255 + ((rest & 127) | rest >> 9);
  return true;
}

/* Takes the block out if `owner` counted it; false, and nothing done, for any other and for what needs a longer look.
   To be called before the block goes down to the allocator: afterwards another thread may own the address. */
HEAPSTER__INLINE bool heapster__map_take_own(struct heapster__map *map, const void *address, unsigned owner,
                                             uint64_t *size) {
  _Atomic uint16_t *cells;
  if (heapster__unlikely(!heapster__map_near(map, address, &cells))) return false;
  *size = heapster__load_relaxed(cells) - (uint64_t)(owner << 8); /* not below 255 where the owner is another */
  if (heapster__unlikely(*size > HEAPSTER__SHORT_SIZE) &&
      (*size != 255 || !heapster__take_middle(cells, heapster__cell_index(map, address), size)))
    return false;
  heapster__store_relaxed(cells, 0);
  return true;
}

/* The same where the size is known, and at most HEAPSTER__SHORT_SIZE: the cell has to agree. */
HEAPSTER__INLINE bool heapster__map_take_known(struct heapster__map *map, const void *address, unsigned owner,
                                               uint64_t size) {
  _Atomic uint16_t *cells;
  if (heapster__unlikely(!heapster__map_near(map, address, &cells))) return false;
  if (heapster__unlikely(heapster__load_one_owned(cells) != (uint16_t)((owner << 8) + size))) return false;
  heapster__store_relaxed(cells, 0);
  return true;
}

/* Takes out whatever block begins there. */
struct heapster__block heapster__map_take(struct heapster__map *map, const void *address);

#endif
