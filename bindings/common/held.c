/* A heap that a script holds. */
#include "common/held.h"

#include "heap/heap.h"

struct heapster__held_heap heapster__hold_heap(const struct heapster_heap *heap) {
  struct heapster__held_heap held = {heap, 0, ""};
  do {
    held.serial = heapster__heap_serial(heap);
    heapster__heap_copy_name(heap, held.name);
  } while (heapster__heap_serial(heap) != held.serial);
  return held;
}

const struct heapster_heap *heapster__held_heap(const struct heapster__held_heap *held) {
  return held->serial && heapster__heap_serial(held->heap) == held->serial ? held->heap : NULL;
}

bool heapster__holds_same(const struct heapster__held_heap *one, const struct heapster__held_heap *other) {
  return one->heap == other->heap && one->serial == other->serial;
}
