/* Frame marks of one thread over 8 heaps, for callgrind to count: mark_instructions quiet|busy|hooked|unhooked MARKS.
   In busy frames every heap serves and frees a block; in all others nothing happens. Hooked: malloc is counted as a
   ninth heap, by attaching at run time. Unhooked: it was, so that the heap is there, and is no more. */
#include <heapster/frame.h>
#include <heapster/hook.h>

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

static int is_way(const char *word) {
  static const char *const ways[] = {"quiet", "busy", "hooked", "unhooked"};
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
    if (strcmp(word, ways[i]) == 0) return 1;
  }
  return 0;
}

static int set_up(struct heapster_heap *heaps[HEAPS], const char *way) {
  for (int i = 0; i < HEAPS; i++) {
    const char name[] = {'h', (char)('0' + i), '\0'};
    if (heapster_heap_create(name, NULL, &heaps[i])) return 0;
  }
  turn_over(heaps);
  if (strstr(way, "hooked") && heapster_hook("malloc")) return 0;
  return strcmp(way, "unhooked") != 0 || !heapster_unhook("malloc");
}

int main(int count, char **arguments) {
  if (count != 3 || !is_way(arguments[1])) {
    (void)fprintf(stderr, "usage: %s quiet|busy|hooked|unhooked MARKS\n", arguments[0]);
    return 2;
  }
  struct heapster_heap *heaps[HEAPS];
  if (!set_up(heaps, arguments[1])) return 1;
  const size_t marks = strtoul(arguments[2], NULL, 10);
  const int is_busy = strcmp(arguments[1], "busy") == 0;
  for (size_t i = 0; i < marks; i++) {
    if (is_busy) turn_over(heaps);
    if (heapster_frame_mark()) return 1;
  }
  return 0;
}
