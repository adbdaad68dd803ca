/* A heap over the commandable allocator, for tests that call it by ctypes: exact counts, sizes, moves and refusals. */
#include "commanded.h"

#include <heapster/heapster.h>

#define EXPORT __attribute__((visibility("default")))

static struct commanded commanded;
static struct heapster_heap *heap;

EXPORT bool commanded_heap_open(const char *name) {
  if (!commanded_open(&commanded)) return false;
  const struct heapster_allocator allocator = commanded_allocator(&commanded, COMMANDED_WHOLE);
  return heapster_heap_create(name, &allocator, &heap) == HEAPSTER_OK;
}

/* `count` blocks of `size` bytes, one after the other, each freed before the next. */
EXPORT void commanded_heap_ask(int count, size_t size) {
  for (int i = 0; i < count; i++) heapster_heap_free(heap, heapster_heap_malloc(heap, size));
}

/* A block that moves `count` times while it grows by one byte each time; then it is freed. */
EXPORT void commanded_heap_move(int count) {
  void *block = heapster_heap_malloc(heap, 100);
  commanded.moves = true;
  for (size_t i = 1; i <= (size_t)count; i++) block = heapster_heap_realloc(heap, block, 100 + i);
  commanded.moves = false;
  heapster_heap_free(heap, block);
}

/* `count` requests that are refused. */
EXPORT void commanded_heap_be_refused(int count) {
  commanded.refuses_all = true;
  for (int i = 0; i < count; i++) heapster_heap_free(heap, heapster_heap_malloc(heap, 100));
  commanded.refuses_all = false;
}

/* `count` blocks of `size` bytes that nobody frees. */
EXPORT void commanded_heap_leak(int count, size_t size) {
  for (int i = 0; i < count; i++) {
    void *volatile lost = heapster_heap_malloc(heap, size);
    (void)lost;
  }
}
