/* The block map: for each live block, which heap counted it and how many bytes were asked for.

   A radix tree by address. A leaf is for a stretch of 65536 granules: of 32 bytes in the main map, of 16 in a map of a
   host's own backing. The heap that was the first to have a block in a stretch is at home there; the others are guests.
   Each granule has one byte, the code of the block that begins in it:

     0            none that is counted
     1 .. 253     the home's, of code - 1 bytes
     254          the home's, and longer: its size is in the long cell
     255          a guest's: its owner, and its code of 1 .. 254, are in the granule's cell for guests

   A long cell is for eight granules, as blocks of 253 bytes and more begin that far apart, and holds

     size << 3 | which of the eight

   where another one of the eight means that the free of a long block went by unseen, and another long one was handed
   out over a part of it.

   So a block of the home's, which most are, costs one byte for 32, and where it is long as much again. Only the thread
   that owns a block touches its cells; the cells are atomic for those who read the whole map meanwhile, and what a code
   stands for is written before it. The first stretch has no leaf, so NULL needs no test of its own.

   No two blocks begin in one granule. malloc and its like align what they hand out to 16 bytes, so that blocks of 17
   and more begin 32 apart; smaller requests go down as 17. A host's own backing, which a Lua state may have, promises
   nothing: there granules are half as wide, and blocks below 16 bytes go down as 16, or are not in the map.

   In front of the tree stands a table, which leads to a leaf in one step. A stretch has its place there by the low bits
   of its number. The first to come keeps it for ever; another of the same place, 256 GiB away or more, is found through
   the tree alone, by who takes a longer look. */
#ifndef HEAPSTER__BLOCK_MAP_H
#define HEAPSTER__BLOCK_MAP_H

#include "base/atomics.h"
#include "base/platform.h"

#include <stddef.h>

enum {
  HEAPSTER__MAIN_GRANULE_BITS = 5, /* a granule of the main map is 2^5 bytes */
  HEAPSTER__MAIN_LEAST = 17,       /* that is asked for below, so that no two blocks begin in one granule */
  HEAPSTER__OWN_GRANULE_BITS = 4,
  HEAPSTER__OWN_LEAST = 16,
  HEAPSTER__GRANULES = 65536, /* of a leaf */
  HEAPSTER__LEAVES = 16384,   /* of a branch */
  HEAPSTER__BRANCHES = 16384, /* more than 48 bits of address fill */
  HEAPSTER__SHORT_SIZE = 252, /* the largest size that a code tells */
  HEAPSTER__LONG = 254,       /* codes */
  HEAPSTER__GUEST = 255,
  HEAPSTER__WHICH_BITS = 3 /* of a long cell: which of its granules */
};
_Static_assert(((HEAPSTER__SHORT_SIZE + 1 + 15) & ~15) >> HEAPSTER__MAIN_GRANULE_BITS >= 1 << HEAPSTER__WHICH_BITS &&
                   (HEAPSTER__SHORT_SIZE + 1) >> HEAPSTER__OWN_GRANULE_BITS >= 1 << HEAPSTER__WHICH_BITS,
               "no two long blocks, aligned to 16 in the main map, begin in the granules of one long cell");

/* Begins at a page, so that the way from a code to its long cell is in the code's address. */
struct heapster__leaf {
  _Atomic uint8_t codes[HEAPSTER__GRANULES];
  _Atomic uint64_t longs[HEAPSTER__GRANULES >> HEAPSTER__WHICH_BITS];
  _Atomic uint16_t guests[HEAPSTER__GRANULES]; /* owner << 8 | code */
};
struct heapster__branch {
  _Atomic uintptr_t leaves[HEAPSTER__LEAVES]; /* a leaf's address, and in its low bits who is at home there */
};

/* A place in front of the tree. */
struct heapster__near {
  _Atomic uint64_t home;    /* where the stretch begins | who is at home there; 0: it is nobody's place yet */
  _Atomic uintptr_t origin; /* where the code of address 0 would be, if the leaf reached down to it */
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
  bool is_size_lost; /* its long cell is another's; size is then 253, the least it can have been */
};

enum heapster__put {
  HEAPSTER__PUT,
  HEAPSTER__PUT_STALE,     /* not entered: one whose free went by unseen stands there; to be taken out first */
  HEAPSTER__PUT_NO_MEMORY, /* not entered: there is no leaf and none to be had */
};

/* The map of malloc, python and every heap over the system's allocator. */
extern HEAPSTER__HIDDEN struct heapster__map heapster__main_map;

/* An empty map for a backing of the host's own, or NULL. */
struct heapster__map *heapster__map_create(void);

/* Enters a block that was just handed out. */
enum heapster__put heapster__map_put(struct heapster__map *map, const void *address, unsigned owner, uint64_t size);

/* Takes out whatever block begins there. To be called before the block goes down to the allocator: afterwards another
   thread may own the address. */
struct heapster__block heapster__map_take(struct heapster__map *map, const void *address);

/* Visits every block, in the order of addresses, while their threads go on: one that is entered or taken out meanwhile
   is visited or not, or, if it was long and another long one came in its place, as one of 253 bytes. */
void heapster__map_walk(struct heapster__map *map, void (*visit)(const void *context, unsigned owner, uint64_t size),
                        const void *context);

/* By how much an address is shifted to the number of its granule. */
HEAPSTER__INLINE unsigned heapster__granule_bits(const struct heapster__map *map) {
  return map == &heapster__main_map ? HEAPSTER__MAIN_GRANULE_BITS : HEAPSTER__OWN_GRANULE_BITS;
}

/* The number of an address's granule, and of its stretch. */
HEAPSTER__INLINE uint64_t heapster__granule_of(const struct heapster__map *map, uint64_t bits) {
  return bits >> heapster__granule_bits(map);
}
HEAPSTER__INLINE uint64_t heapster__stretch_of(const struct heapster__map *map, uint64_t bits) {
  return heapster__granule_of(map, bits) / HEAPSTER__GRANULES;
}

/* What stands in the table where `owner` is at home in an address's stretch, and at which place. */
HEAPSTER__INLINE uint64_t heapster__home_of(const struct heapster__map *map, uint64_t bits, unsigned owner) {
  const uint64_t stretch_bytes = (uint64_t)HEAPSTER__GRANULES << heapster__granule_bits(map);
  return (bits & ~(stretch_bytes - 1)) | owner;
}
HEAPSTER__INLINE struct heapster__near *heapster__near_of(struct heapster__map *map, uint64_t bits) {
  const uint64_t number = heapster__stretch_of(map, bits) % HEAPSTER__NEAR;
  HEAPSTER__IN_ONE_REGISTER(map);
  return &map->near[number];
}

/* The size to ask the allocator below for. */
HEAPSTER__INLINE size_t heapster__size_below(const struct heapster__map *map, size_t size) {
  const size_t least = map == &heapster__main_map ? HEAPSTER__MAIN_LEAST : HEAPSTER__OWN_LEAST;
  return size >= least ? size : least;
}

/* Finds the code of an address, if `owner` is at home there and its leaf is in the table. */
HEAPSTER__INLINE bool heapster__map_home(struct heapster__map *map, const void *address, unsigned owner,
                                         _Atomic uint8_t **code) {
  const uint64_t bits = HEAPSTER__ADDRESS(address);
  struct heapster__near *near = heapster__near_of(map, bits);
  /* acquire pairs with the release that gave the place away: the origin is seen, and the leaf's zeroes */
  if (heapster__unlikely(!heapster__is_acquire(&near->home, heapster__home_of(map, bits, owner)))) return false;
  *code = (_Atomic uint8_t *)(heapster__granule_of(map, bits) + heapster__load_word(&near->origin));
  return true;
}

/* The long cell of a code's granule, and which of the cell's granules that is. */
HEAPSTER__INLINE _Atomic uint64_t *heapster__long_cell(_Atomic uint8_t *code) {
  const uintptr_t first = (uintptr_t)code >> HEAPSTER__WHICH_BITS << HEAPSTER__WHICH_BITS;
  return (_Atomic uint64_t *)(first + offsetof(struct heapster__leaf, longs));
}
HEAPSTER__INLINE uint64_t heapster__which(const _Atomic uint8_t *code) {
  return (uintptr_t)code % (1 << HEAPSTER__WHICH_BITS);
}

/* Writes the size of a long block; false: no address space is as large. */
HEAPSTER__INLINE bool heapster__put_long(_Atomic uint8_t *code, uint64_t size) {
  if (heapster__unlikely(size > UINT64_MAX >> HEAPSTER__WHICH_BITS)) return false;
  heapster__store_relaxed(heapster__long_cell(code), size << HEAPSTER__WHICH_BITS | heapster__which(code));
  return true;
}

/* Reads it; false: the cell is another block's by now. */
HEAPSTER__INLINE bool heapster__read_long(_Atomic uint8_t *code, uint64_t *size) {
  const uint64_t cell = heapster__load_relaxed(heapster__long_cell(code));
  *size = cell >> HEAPSTER__WHICH_BITS;
  return cell % (1 << HEAPSTER__WHICH_BITS) == heapster__which(code);
}

/* Enters a block that was just handed out, if its owner is at home there and nothing stands in the way. */
HEAPSTER__INLINE bool heapster__map_put_at_once(struct heapster__map *map, const void *address, unsigned owner,
                                                uint64_t size) {
  _Atomic uint8_t *code;
  if (heapster__unlikely(!heapster__map_home(map, address, owner, &code))) return false;
  if (heapster__unlikely(heapster__load_code(code))) return false;
  if (heapster__likely(size <= HEAPSTER__SHORT_SIZE)) {
    heapster__store_relaxed(code, (uint8_t)(size + 1));
    return true;
  }
  if (!heapster__put_long(code, size)) return false;
  heapster__store_release(code, HEAPSTER__LONG); /* pairs with the acquire in block_at */
  return true;
}

/* Takes the block out if `owner` counted it and is at home there; false, and nothing done, for what needs a longer
   look. */
HEAPSTER__INLINE bool heapster__map_take_own(struct heapster__map *map, const void *address, unsigned owner,
                                             uint64_t *size) {
  _Atomic uint8_t *code;
  if (heapster__unlikely(!heapster__map_home(map, address, owner, &code))) return false;
  *size = (uint64_t)heapster__load_relaxed(code) - 1; /* 0 wraps */
  if (heapster__unlikely(*size > HEAPSTER__SHORT_SIZE) &&
      (*size != HEAPSTER__LONG - 1 || !heapster__read_long(code, size)))
    return false;
  heapster__store_relaxed(code, 0);
  return true;
}

/* The same where the size is known, and at most HEAPSTER__SHORT_SIZE: the code has to agree. */
HEAPSTER__INLINE bool heapster__map_take_known(struct heapster__map *map, const void *address, unsigned owner,
                                               uint64_t size) {
  _Atomic uint8_t *code;
  if (heapster__unlikely(!heapster__map_home(map, address, owner, &code))) return false;
  if (heapster__unlikely(heapster__load_code(code) != (uint8_t)(size + 1))) return false;
  heapster__store_relaxed(code, 0);
  return true;
}

#endif
