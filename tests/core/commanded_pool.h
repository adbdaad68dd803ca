/* The memory of the commanded allocator: pools of slots, each pool of one power-of-two stride, mapped and not from
   malloc. A freed slot is the next one that its pool hands out, so that addresses repeat in every run. 16 guard bytes
   follow the block in its slot. */
#ifndef TESTS_COMMANDED_POOL_H
#define TESTS_COMMANDED_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  COMMANDED_POOLS = 16,       /* strides of 32 bytes to 1 MiB */
  COMMANDED_GUARD = 16,       /* bytes behind each block that must not be written */
  COMMANDED_LARGEST = 1048560 /* the largest block: 1 MiB less its guard */
};

struct commanded_slot;

struct commanded_pool {
  size_t stride;
  unsigned char *base;
  struct commanded_slot *slots;
  uint32_t made;   /* slots handed out at least once */
  uint32_t vacant; /* the first freed slot, plus 1; 0 if there is none */
};

/* A block and its slot; pool NULL: no slot has that address. */
struct commanded_block {
  struct commanded_pool *pool;
  struct commanded_slot *slot;
  unsigned char *address;
};

/* Maps all pools. False if the system gives no address space: about 600 MiB, of which little is touched. */
bool commanded_pools_open(struct commanded_pool pools[COMMANDED_POOLS]);
void commanded_pools_close(struct commanded_pool pools[COMMANDED_POOLS]);

/* The pool of the smallest stride that holds `size` and its guard, and is a multiple of `alignment`; NULL if none. */
struct commanded_pool *commanded_pool_for(struct commanded_pool pools[COMMANDED_POOLS], size_t size, size_t alignment);
struct commanded_block commanded_pool_find(struct commanded_pool pools[COMMANDED_POOLS], const void *block);

/* A block of spoiled bytes with guard bytes behind it, or NULL: the pool is full. */
void *commanded_slot_take(struct commanded_pool *pool, size_t size);
void commanded_slot_give_back(struct commanded_block block);

/* Changes the size of the block where it is; it must fit. */
void commanded_slot_resize(struct commanded_block block, size_t size);
bool commanded_slot_fits(struct commanded_block block, size_t size);

/* False without a slot, and for one that was freed. */
bool commanded_slot_is_live(struct commanded_block block);
size_t commanded_slot_size(struct commanded_block block);
bool commanded_slot_is_guarded(struct commanded_block block);

/* Whether the guard bytes of all live blocks are intact. */
bool commanded_pool_is_guarded(const struct commanded_pool *pool);

#endif
