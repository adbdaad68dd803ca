/* The memory of the commanded allocator. */
#include "commanded_pool.h"

#include <string.h>
#include <sys/mman.h>

enum {
  SMALLEST_STRIDE = 32,
  POOL_BYTES = 32 << 20, /* of each pool */
  BASE_ALIGNMENT = 1 << 20,
  SPOILED = 4096, /* bytes of a block that are spoiled: enough to be seen, cheap for large blocks */
  NEW_BYTE = 0xCD,
  OLD_BYTE = 0xDD,
  GUARD_BYTE = 0xA5
};

struct commanded_slot {
  size_t size;
  uint32_t next; /* the next vacant slot, plus 1 */
  bool is_live;
};

static void *map_pages(size_t bytes) {
  void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return pages != MAP_FAILED ? pages : NULL;
}

/* Blocks are aligned to their stride, so the base is aligned to the largest one. */
static unsigned char *map_aligned(void) {
  unsigned char *pages = map_pages(POOL_BYTES + BASE_ALIGNMENT);
  if (!pages) return NULL;
  const size_t before = (BASE_ALIGNMENT - (uintptr_t)pages % BASE_ALIGNMENT) % BASE_ALIGNMENT;
  if (before != 0) munmap(pages, before);
  munmap(pages + before + POOL_BYTES, BASE_ALIGNMENT - before);
  return pages + before;
}

static size_t slots_of(const struct commanded_pool *pool) { return POOL_BYTES / pool->stride; }

static bool open_pool(struct commanded_pool *pool, size_t stride) {
  *pool = (struct commanded_pool){.stride = stride};
  pool->base = map_aligned();
  pool->slots = map_pages(slots_of(pool) * sizeof *pool->slots);
  return pool->base && pool->slots;
}

bool commanded_pools_open(struct commanded_pool pools[COMMANDED_POOLS]) {
  bool is_whole = true;
  for (size_t i = 0; i < COMMANDED_POOLS; ++i)
    is_whole = open_pool(&pools[i], (size_t)SMALLEST_STRIDE << i) && is_whole;
  if (!is_whole) commanded_pools_close(pools);
  return is_whole;
}

void commanded_pools_close(struct commanded_pool pools[COMMANDED_POOLS]) {
  for (size_t i = 0; i < COMMANDED_POOLS; ++i) {
    if (pools[i].base) munmap(pools[i].base, POOL_BYTES);
    if (pools[i].slots) munmap(pools[i].slots, slots_of(&pools[i]) * sizeof *pools[i].slots);
    pools[i] = (struct commanded_pool){0};
  }
}

struct commanded_pool *commanded_pool_for(struct commanded_pool pools[COMMANDED_POOLS], size_t size, size_t alignment) {
  if (size > COMMANDED_LARGEST) return NULL;
  for (size_t i = 0; i < COMMANDED_POOLS; ++i)
    if (pools[i].stride >= size + COMMANDED_GUARD && pools[i].stride >= alignment) return &pools[i];
  return NULL;
}

struct commanded_block commanded_pool_find(struct commanded_pool pools[COMMANDED_POOLS], const void *block) {
  for (size_t i = 0; i < COMMANDED_POOLS; ++i) {
    const size_t offset = (size_t)((uintptr_t)block - (uintptr_t)pools[i].base);
    if (offset < POOL_BYTES && offset % pools[i].stride == 0)
      return (struct commanded_block){&pools[i], &pools[i].slots[offset / pools[i].stride], pools[i].base + offset};
  }
  return (struct commanded_block){0};
}

static void guard(unsigned char *block, size_t size) { memset(block + size, GUARD_BYTE, COMMANDED_GUARD); }

static bool is_guarded(const unsigned char *block, size_t size) {
  for (size_t i = 0; i < COMMANDED_GUARD; ++i)
    if (block[size + i] != GUARD_BYTE) return false;
  return true;
}

static void spoil(unsigned char *block, int byte, size_t size) { memset(block, byte, size < SPOILED ? size : SPOILED); }

/* SIZE_MAX: the pool is full. */
static size_t take_vacant(struct commanded_pool *pool) {
  if (pool->vacant == 0) return pool->made < slots_of(pool) ? pool->made++ : SIZE_MAX;
  const size_t index = pool->vacant - 1;
  pool->vacant = pool->slots[index].next;
  return index;
}

void *commanded_slot_take(struct commanded_pool *pool, size_t size) {
  const size_t index = take_vacant(pool);
  if (index == SIZE_MAX) return NULL;
  unsigned char *block = pool->base + index * pool->stride;
  pool->slots[index] = (struct commanded_slot){.size = size, .is_live = true};
  spoil(block, NEW_BYTE, size);
  guard(block, size);
  return block;
}

void commanded_slot_give_back(struct commanded_block block) {
  spoil(block.address, OLD_BYTE, block.slot->size);
  *block.slot = (struct commanded_slot){.next = block.pool->vacant};
  block.pool->vacant = (uint32_t)(block.slot - block.pool->slots) + 1;
}

void commanded_slot_resize(struct commanded_block block, size_t size) {
  block.slot->size = size;
  guard(block.address, size);
}

bool commanded_slot_fits(struct commanded_block block, size_t size) {
  return size <= block.pool->stride - COMMANDED_GUARD;
}

bool commanded_slot_is_live(struct commanded_block block) { return block.pool && block.slot->is_live; }

size_t commanded_slot_size(struct commanded_block block) { return block.slot->size; }

bool commanded_slot_is_guarded(struct commanded_block block) { return is_guarded(block.address, block.slot->size); }

bool commanded_pool_is_guarded(const struct commanded_pool *pool) {
  for (size_t i = 0; i < pool->made; ++i)
    if (pool->slots[i].is_live && !is_guarded(pool->base + i * pool->stride, pool->slots[i].size)) return false;
  return true;
}
