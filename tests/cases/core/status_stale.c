/* After hook, unhook, hook: does the status say that malloc is counted, as it is? The addresses that the probe gets
   were blocks of before, freed unseen. */
#include <heapster/heapster.h>
#include <stdlib.h>

#include "verdict.h"

enum { BLOCKS = 8, REQUESTS = 100 };

static void *volatile blocks[BLOCKS];

static long counted_of_requests(void) {
  static struct heapster_stats before, after;
  heapster_stats_read(heapster_heap_find("malloc"), &before);
  for (int i = 0; i < REQUESTS; i++) free(malloc(5000));
  heapster_stats_read(heapster_heap_find("malloc"), &after);
  return (long)(after.alloc_count - before.alloc_count);
}

int main(void) {
  struct heapster_status status;
  must(!heapster_hook("malloc"));
  for (int i = 0; i < BLOCKS; i++) blocks[i] = malloc(20);
  must(!heapster_unhook("malloc"));
  for (int i = 0; i < BLOCKS; i++) free(blocks[i]);
  must(!heapster_hook("malloc"));
  heapster_status_read(&status);
  char problem[256];
  snprintf(problem, sizeof problem, "%s", status.malloc_problem ? status.malloc_problem : "none");
  const long counted = counted_of_requests();
  return verdict(counted == REQUESTS && !status.malloc_problem && status.malloc_is_proved,
                 "%ld of %d counted, problem: %s", counted, REQUESTS, problem);
}
