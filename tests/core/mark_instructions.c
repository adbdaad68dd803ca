/* Frame marks of one thread over 8 heaps, for callgrind to count: mark_instructions quiet|busy MARKS. In busy frames
   every heap serves and frees a block. */
#include <heapster/frame.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAPS = 8 };

static void turn_over(struct heapster_heap *const heaps[HEAPS]) {
  for (int i = 0; i < HEAPS; i++) {
    void *volatile block = heapster_heap_malloc(heaps[i], 100);
    heapster_heap_free(heaps[i], block);
  }
}

int main(int count, char **arguments) {
  if (count != 3 || (strcmp(arguments[1], "quiet") != 0 && strcmp(arguments[1], "busy") != 0)) {
    (void)fprintf(stderr, "usage: %s quiet|busy MARKS\n", arguments[0]);
    return 2;
  }
  struct heapster_heap *heaps[HEAPS];
  for (int i = 0; i < HEAPS; i++) {
    const char name[] = {'h', (char)('0' + i), '\0'};
    if (heapster_heap_create(name, NULL, &heaps[i])) return 1;
  }
  turn_over(heaps);
  const size_t marks = strtoul(arguments[2], NULL, 10);
  const int is_busy = strcmp(arguments[1], "busy") == 0;
  for (size_t i = 0; i < marks; i++) {
    if (is_busy) turn_over(heaps);
    if (heapster_frame_mark()) return 1;
  }
  return 0;
}
