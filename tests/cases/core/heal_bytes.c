/* Hook, unhook, blocks freed unseen, hook: do the figures heal as the addresses are handed out again? */
#include <heapster/heapster.h>
#include <stdlib.h>

#include "verdict.h"

enum { BLOCKS = 1000, ROUNDS = 100 };

static void *volatile blocks[BLOCKS];

static void one_round(void) {
  for (int i = 0; i < BLOCKS; i++) blocks[i] = malloc(300 + (size_t)rand() % 1000);
  for (int i = 0; i < BLOCKS; i++) free(blocks[i]);
}

int main(void) {
  static struct heapster_stats before, after;
  must(!heapster_hook("malloc"));
  heapster_stats_read(heapster_heap_find("malloc"), &before);
  for (int i = 0; i < BLOCKS; i++) blocks[i] = malloc(1000);
  must(!heapster_unhook("malloc"));
  for (int i = 0; i < BLOCKS; i++) free(blocks[i]);
  must(!heapster_hook("malloc"));
  srand(1);
  for (int i = 0; i < ROUNDS; i++) one_round();
  heapster_stats_read(heapster_heap_find("malloc"), &after);
  const long live = (long)(after.live_count - before.live_count), use = (long)(after.use_curr - before.use_curr);
  return verdict(live == 0 && use == 0, "live %ld, use %ld", live, use);
}
