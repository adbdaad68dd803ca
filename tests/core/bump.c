/* A lock-free allocator that only ever hands out new memory. */
#include "bump.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { BUMP_BYTES = 1 << 30, GRANULE = 16 };

/* Untouched until it is handed out, so it is zero and uses no memory before. */
static _Alignas(4096) unsigned char arena[BUMP_BYTES];
static _Atomic size_t taken;

static size_t round_up(size_t size, size_t to) { return (size + to - 1) & ~(to - 1); }

/* The granule in front of a block holds its size. */
static void *bump(size_t alignment, size_t size) {
  const size_t bytes = round_up(size, GRANULE) + GRANULE + alignment;
  const size_t start = size < BUMP_BYTES ? atomic_fetch_add_explicit(&taken, bytes, memory_order_relaxed) : BUMP_BYTES;
  if (start > BUMP_BYTES - bytes || bytes > BUMP_BYTES) {
    errno = ENOMEM;
    return NULL;
  }
  unsigned char *block = arena + round_up(start + GRANULE, alignment);
  memcpy(block - GRANULE, &size, sizeof size);
  return block;
}

static size_t size_of(const void *block) {
  size_t size = 0;
  memcpy(&size, (const unsigned char *)block - GRANULE, sizeof size);
  return size;
}

void *malloc(size_t size) { return bump(GRANULE, size); }

void free(void *block) { (void)block; }

void *calloc(size_t count, size_t size) {
  if (size != 0 && count > BUMP_BYTES / size) {
    errno = ENOMEM;
    return NULL;
  }
  return bump(GRANULE, count * size);
}

/* A resize to an odd size moves, so that both kinds occur. */
void *realloc(void *block, size_t size) {
  if (!block) return bump(GRANULE, size);
  const size_t old_size = size_of(block);
  if (size <= old_size && size % 2 == 0) return block;
  void *moved = bump(GRANULE, size);
  return moved ? memcpy(moved, block, size < old_size ? size : old_size) : NULL;
}

void *aligned_alloc(size_t alignment, size_t size) { return bump(alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
  *block = bump(alignment, size);
  return *block ? 0 : ENOMEM;
}

static void *backing_malloc(void *context, size_t size) {
  (void)context;
  return malloc(size);
}

static void *backing_calloc(void *context, size_t count, size_t size) {
  (void)context;
  return calloc(count, size);
}

static void *backing_realloc(void *context, void *block, size_t size) {
  (void)context;
  return realloc(block, size);
}

static void backing_free(void *context, void *block) {
  (void)context;
  free(block);
}

static void *backing_aligned_alloc(void *context, size_t alignment, size_t size) {
  (void)context;
  return aligned_alloc(alignment, size);
}

struct heapster_allocator bump_allocator(void) {
  return (struct heapster_allocator){backing_malloc, backing_calloc,        backing_realloc,
                                     backing_free,   backing_aligned_alloc, NULL};
}
