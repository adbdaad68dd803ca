/* Threads that start and end: the counters of an ended thread are the next one's, with their values. So memory does not
   grow after the first few, and no request is lost. law_short_threads [threads] */
#include <heapster/heapster.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "support.h"

enum { AT_A_TIME = 10, BYTES = 1000 };

static struct heapster_heap *named;

static void *live_shortly(void *context) {
  heapster_heap_free(named, heapster_heap_malloc(named, BYTES));
  free(malloc(BYTES));
  return context;
}

static void start_and_end(uint64_t count) {
  pthread_t threads[AT_A_TIME];
  for (uint64_t done = 0; done < count; done += AT_A_TIME) {
    for (unsigned i = 0; i < AT_A_TIME; i++) start_thread(&threads[i], live_shortly, NULL);
    for (unsigned i = 0; i < AT_A_TIME; i++) pthread_join(threads[i], NULL);
  }
}

static struct heapster_status status(void) {
  struct heapster_status found;
  heapster_status_read(&found);
  return found;
}

/* glibc allocates a few hundred bytes a thread and keeps stacks, so malloc counts other sizes as well. */
static void no_request_is_lost(struct heapster_window window, uint64_t count) {
  struct heapster_stats stats;
  heapster_stats_read(named, &stats);
  require(stats.alloc_count == count && stats.dealloc_count == count, "%llu of %llu",
          (unsigned long long)stats.alloc_count, (unsigned long long)count);
  require_ok(heapster_window_end(window, &stats));
  require(stats.alloc_histogram.buckets[9] >= count, "%llu of %llu from malloc",
          (unsigned long long)stats.alloc_histogram.buckets[9], (unsigned long long)count);
}

int main(int argc, char **argv) {
  const uint64_t count = (argument(argc, argv, 1, 20000) + AT_A_TIME - 1) / AT_A_TIME * AT_A_TIME;
  struct heapster_window window;
  mallopt(M_ARENA_MAX, 1); /* threads that run at once get more arenas, whose addresses need more of the shadow map */
  require_ok(heapster_heap_create("named", NULL, &named));
  require_ok(heapster_hook("malloc"));
  start_and_end(1000);
  heapster_reset();
  const struct heapster_status before = status();
  require_ok(heapster_window_begin(heapster_heap_find("malloc"), HEAPSTER_PROCESS, &window));
  start_and_end(count);
  const struct heapster_status after = status();
  no_request_is_lost(window, count);
  require(after.own_bytes <= before.own_bytes + (1 << 20), "own memory grew from %llu to %llu bytes",
          (unsigned long long)before.own_bytes, (unsigned long long)after.own_bytes);
  require(after.threads_seen <= AT_A_TIME + 2, "%u sets of counters", (unsigned)after.threads_seen);
  return 0;
}
