/* A heap of its own, and malloc: prints "<requests of the heap> <requests of malloc, or none> <way of malloc>". */
#include <heapster/heapster.h>

#include <stdio.h>
#include <stdlib.h>

static void *volatile kept;

int main(void) {
  struct heapster_heap *heap = NULL;
  if (heapster_heap_create("textures", NULL, &heap)) return 1;
  kept = heapster_heap_malloc(heap, 1000);
  struct heapster_heap *malloc_heap = heapster_heap_find("malloc");
  struct heapster_window window;
  if (heapster_window_begin(malloc_heap, HEAPSTER_PROCESS, &window)) return 1;
  for (int i = 0; i < 10; i++) kept = malloc(64);
  struct heapster_stats own, through_malloc;
  if (heapster_window_end(window, &through_malloc)) return 1;
  heapster_stats_read(heap, &own);
  struct heapster_status status;
  heapster_status_read(&status);
  printf("%d %d %s\n", (int)own.alloc_count, malloc_heap ? (int)through_malloc.alloc_count : -1, status.malloc_way);
  return 0;
}
