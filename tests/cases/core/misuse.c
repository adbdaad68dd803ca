/* Values that make no sense: an allocator without malloc or free, a limit whose min is above its max. They are refused
   where they are given, not found by a crash later. */
#include <heapster/heapster.h>
#include <stdlib.h>

#include "verdict.h"

static void *get(void *context, size_t size) {
  (void)context;
  return malloc(size);
}

static void put(void *context, void *block) {
  (void)context;
  free(block);
}

int main(void) {
  static const struct heapster_allocator empty = {0}, no_malloc = {.free = put}, no_free = {.malloc = get};
  struct heapster_heap *heap;
  struct heapster_limit limit;
  const enum heapster_error answers[] = {
      heapster_heap_create("empty", &empty, &heap), heapster_heap_create("no_malloc", &no_malloc, &heap),
      heapster_heap_create("no_free", &no_free, &heap), heapster_limit_make("alloc_count", 5, 1, &limit)};
  const bool is_right = answers[0] && answers[1] && answers[2] && answers[3];
  return verdict(is_right, "no functions: %s; no malloc: %s; no free: %s; min > max: %s",
                 heapster_error_text(answers[0]), heapster_error_text(answers[1]), heapster_error_text(answers[2]),
                 heapster_error_text(answers[3]));
}
