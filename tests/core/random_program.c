/* A random program on one thread, over heaps of every kind, with the model beside it. */
#include "random_program.h"

#include <errno.h>
#include <string.h>

enum { KEPT_ERRNO = 4711 };

/* A block may cross between the heaps over the system's allocator; others stay with their own heap. */
static unsigned pick_heap_over_same(struct program *program, unsigned heap) {
  return heap <= SYSTEM_TOO ? SYSTEM + (unsigned)dice_below(&program->dice, 2) : heap;
}

static bool is_over_arena(unsigned heap) { return heap >= MOVING; }

static void make_heap(struct program *program, unsigned heap, const char *name, unsigned parts) {
  require(commanded_open(&program->arenas[heap]), "no address space for the arena of heap %s", name);
  program->backings[heap] = commanded_allocator(&program->arenas[heap], parts);
  require_ok(heapster_heap_create(name, &program->backings[heap], &program->heaps[heap]));
}

void program_open(struct program *program, uint64_t seed) {
  program->dice = dice_make(seed);
  program->count = 0;
  model_open(&program->model, 1 << 20);
  const struct heapster_allocator *system = heapster_allocator_system();
  program->backings[SYSTEM] = *system;
  program->backings[SYSTEM_TOO] = *system;
  require_ok(heapster_heap_create("system", NULL, &program->heaps[SYSTEM]));
  require_ok(heapster_heap_create("system.too", system, &program->heaps[SYSTEM_TOO]));
  make_heap(program, MOVING, "moving", COMMANDED_WHOLE);
  make_heap(program, STAYING, "staying", COMMANDED_WHOLE);
  make_heap(program, FAILING, "failing", COMMANDED_WHOLE);
  make_heap(program, BARE, "bare", COMMANDED_BARE);
  program->arenas[MOVING].moves = true;
}

void program_close(struct program *program) {
  for (unsigned heap = MOVING; heap < PROGRAM_HEAPS; ++heap) commanded_close(&program->arenas[heap]);
  model_close(&program->model);
}

/* Mostly small; often at the bounds of the buckets, of the shadow map's cells, and of pending bytes. */
static size_t pick_size(struct dice *dice) {
  switch (dice_below(dice, 16)) {
  case 0:
  case 1:
    return dice_below(dice, 17);
  case 2:
    return 250 + dice_below(dice, 10);
  case 3:
    return ((size_t)1 << dice_below(dice, 13)) + dice_below(dice, 3) - 1;
  case 4:
    return dice_below(dice, 64) == 0 ? dice_below(dice, 200000) : dice_below(dice, 5000);
  default:
    return dice_below(dice, 300);
  }
}

/* The first and the last byte show whether a resize kept the contents. */
static unsigned char pattern_of(size_t size) { return (unsigned char)(size * 31 + 7); }

static void write_pattern(const struct program_block *block) {
  if (block->size == 0) return;
  block->address[0] = pattern_of(block->size);
  block->address[block->size - 1] = pattern_of(block->size);
}

static bool has_pattern(const struct program_block *block, const unsigned char *address, size_t kept) {
  if (kept == 0) return true;
  const bool is_whole = kept == block->size;
  return address[0] == pattern_of(block->size) && (!is_whole || address[kept - 1] == pattern_of(block->size));
}

/* The failing heaps get an order at times, for one of their next calls. */
static void give_orders(struct program *program, unsigned heap) {
  struct commanded *arena = &program->arenas[heap];
  if ((heap == FAILING || heap == BARE) && arena->refuse_after == 0 && dice_below(&program->dice, 8) == 0)
    arena->refuse_after = 1 + dice_below(&program->dice, 3);
}

static void add_block(struct program *program, unsigned heap, void *address, size_t size) {
  model_alloc(&program->model, heap, address, size);
  struct program_block *block = &program->blocks[program->count++];
  *block = (struct program_block){address, size, heap};
  write_pattern(block);
}

static void *request_zeroed(struct heapster_heap *heap, size_t size) {
  const size_t count = size % 2 == 0 ? 2 : 1;
  unsigned char *block = heapster_heap_calloc(heap, count, size / count);
  for (size_t i = 0; block && i < size; ++i) require(block[i] == 0, "byte %zu of %zu is not 0", i, size);
  return block;
}

static void *request_aligned(struct program *program, unsigned heap, size_t size) {
  const size_t alignment = (size_t)16 << dice_below(&program->dice, 6);
  void *block = heapster_heap_aligned_alloc(program->heaps[heap], alignment, size);
  require((uintptr_t)block % alignment == 0, "%p is not aligned to %zu", block, alignment);
  require(heap != BARE || !block || alignment == 16, "a block aligned to %zu came from malloc", alignment);
  return block;
}

static void *request_any(struct program *program, unsigned heap, size_t size, bool *is_aligned) {
  const uint64_t kind = dice_below(&program->dice, 8);
  *is_aligned = kind == 0;
  if (kind == 0) return request_aligned(program, heap, size);
  if (kind == 1) return request_zeroed(program->heaps[heap], size);
  if (kind == 2) return heapster_heap_realloc(program->heaps[heap], NULL, size);
  return heapster_heap_malloc(program->heaps[heap], size);
}

static void request_one(struct program *program) {
  const unsigned heap = SYSTEM + (unsigned)dice_below(&program->dice, PROGRAM_HEAPS - 1);
  const size_t size = pick_size(&program->dice);
  const uint64_t refused = program->arenas[heap].log.refused;
  bool is_aligned = false;
  give_orders(program, heap);
  errno = 0;
  void *block = request_any(program, heap, size, &is_aligned);
  if (block) {
    add_block(program, heap, block, size);
    return;
  }
  const bool has_none = heap == BARE && is_aligned;
  require(errno != 0, "a refusal of %zu bytes left errno at 0", size);
  require(has_none || program->arenas[heap].log.refused > refused, "%zu bytes refused, but not by the backing", size);
  model_refuse_alloc(&program->model, heap);
}

static struct program_block *pick_block(struct program *program) {
  return &program->blocks[dice_below(&program->dice, program->count)];
}

static void remove_block(struct program *program, struct program_block *block) {
  *block = program->blocks[--program->count];
}

static void free_one(struct program *program, struct program_block *block) {
  const unsigned heap = pick_heap_over_same(program, block->heap);
  require(has_pattern(block, block->address, block->size), "a block of %zu bytes was overwritten", block->size);
  errno = KEPT_ERRNO;
  heapster_heap_free(program->heaps[heap], block->address);
  require(errno == KEPT_ERRNO, "free changed errno to %d", errno);
  model_free(&program->model, heap, block->address);
  remove_block(program, block);
}

static size_t pick_new_size(struct dice *dice, size_t size) {
  switch (dice_below(dice, 8)) {
  case 0:
    return size;
  case 1:
    return dice_below(dice, 4) == 0 ? 0 : size / 2;
  case 2:
    return size + dice_below(dice, 40);
  default:
    return pick_size(dice);
  }
}

static void resize_one(struct program *program, struct program_block *block) {
  const unsigned heap = pick_heap_over_same(program, block->heap);
  const size_t size = pick_new_size(&program->dice, block->size);
  const uint64_t refused = program->arenas[heap].log.refused;
  give_orders(program, heap);
  unsigned char *address = heapster_heap_realloc(program->heaps[heap], block->address, size);
  if (!address) {
    require(program->arenas[heap].log.refused > refused, "%zu bytes refused, but not by the backing", size);
    model_refuse_resize(&program->model, heap, block->address);
    return;
  }
  const size_t kept = size < block->size ? size : block->size;
  require(has_pattern(block, address, kept), "a resize from %zu to %zu lost the contents", block->size, size);
  model_resize(&program->model, heap, block->address, address, size);
  block->address = address;
  block->size = size;
  write_pattern(block);
}

/* More than any allocator has. */
static void request_the_impossible(struct program *program) {
  const unsigned heap = SYSTEM + (unsigned)dice_below(&program->dice, PROGRAM_HEAPS - 1);
  const size_t half = SIZE_MAX / 2;
  require(!heapster_heap_calloc(program->heaps[heap], half, 3), "calloc(SIZE_MAX / 2, 3) was served");
  require(!heapster_heap_malloc(program->heaps[heap], half + 9), "malloc(SIZE_MAX / 2 + 9) was served");
  model_refuse_alloc(&program->model, heap);
  model_refuse_alloc(&program->model, heap);
  struct program_block *block = pick_block(program);
  require(!heapster_heap_realloc(program->heaps[block->heap], block->address, half + 9),
          "realloc(block, SIZE_MAX / 2 + 9) was served");
  model_refuse_resize(&program->model, block->heap, block->address);
}

/* A block from below heapster: a free of it passes uncounted, a resize is its first record. */
static void use_unknown_block(struct program *program) {
  const unsigned heap = SYSTEM + (unsigned)dice_below(&program->dice, STAYING);
  const struct heapster_allocator *backing = &program->backings[heap];
  void *block = backing->malloc(backing->context, 16 + dice_below(&program->dice, 500));
  require(block, "heap %u: the backing gave nothing", heap);
  if (dice_below(&program->dice, 2) == 0) {
    heapster_heap_free(program->heaps[heap], block);
    model_free(&program->model, heap, block);
    return;
  }
  const size_t size = dice_below(&program->dice, 500);
  unsigned char *address = heapster_heap_realloc(program->heaps[heap], block, size);
  require(address, "a resize of an unknown block to %zu was refused", size);
  model_resize(&program->model, heap, block, address, size);
  program->blocks[program->count] = (struct program_block){address, size, heap};
  write_pattern(&program->blocks[program->count++]);
}

/* A free that heapster misses. Only over arenas: the system may hand out a part of the old block, and the outcome then
   depends on the layout of the shadow map. */
static void free_below(struct program *program, struct program_block *block) {
  if (!is_over_arena(block->heap)) return;
  const struct heapster_allocator *backing = &program->backings[block->heap];
  backing->free(backing->context, block->address);
  remove_block(program, block);
}

static void take_rare_step(struct program *program) {
  switch (dice_below(&program->dice, 16)) {
  case 0:
    request_the_impossible(program);
    break;
  case 1:
    free_below(program, pick_block(program));
    break;
  case 2:
    heapster_heap_free(program->heaps[SYSTEM], NULL);
    break;
  default:
    use_unknown_block(program);
  }
}

/* As many frees as requests, except at the bounds of the block count. */
void program_step(struct program *program) {
  const uint64_t chance = dice_below(&program->dice, 1024);
  if (program->count < 16 || (chance < 380 && program->count + 1 < PROGRAM_BLOCKS))
    request_one(program);
  else if (chance < 640)
    resize_one(program, pick_block(program));
  else if (chance < 1018 || program->count + 1 == PROGRAM_BLOCKS)
    free_one(program, pick_block(program));
  else
    take_rare_step(program);
}

void program_finish(struct program *program) {
  while (program->count > 0) free_one(program, &program->blocks[program->count - 1]);
}
