/* An allocator that a program carries: its libraries use it too, through their slots; itself it calls it directly. */
#include <stddef.h>
#include <string.h>

static _Alignas(16) unsigned char pool[1 << 22];
static size_t used;

void *malloc(size_t size);
void *malloc(size_t size) {
  const size_t bytes = (size + 31) & ~(size_t)15;
  const size_t place = __atomic_fetch_add(&used, bytes, __ATOMIC_RELAXED);
  if (place + bytes > sizeof pool) return NULL;
  memcpy(pool + place, &size, sizeof size);
  return pool + place + 16;
}

void free(void *block);
void free(void *block) { (void)block; }

void *calloc(size_t count, size_t size);
void *calloc(size_t count, size_t size) { return malloc(count * size); }

void *realloc(void *block, size_t size);
void *realloc(void *block, size_t size) {
  size_t old = 0;
  void *fresh = malloc(size);
  if (block) memcpy(&old, (unsigned char *)block - 16, sizeof old);
  return fresh && block ? memcpy(fresh, block, old < size ? old : size) : fresh;
}
