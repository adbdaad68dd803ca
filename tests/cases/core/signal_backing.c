/* A signal handler asks a heap for memory while the interrupted thread is inside a host's own backing. core/README.md
   says that such a handler loses nothing. The signal is raised inside the backing, so every request of the handler is
   one of those. */
#include <heapster/heapster.h>
#include <signal.h>

#include "verdict.h"

enum { ROUNDS = 1000, ARENA = 1 << 20 };

static _Alignas(16) char arena[ARENA];
static _Atomic size_t used;
static struct heapster_heap *heap;
static volatile sig_atomic_t is_armed;

static void *carve(void *context, size_t size) {
  (void)context;
  const size_t taken = (size + 15) & ~(size_t)15, end = used += taken;
  if (is_armed) {
    is_armed = 0;
    raise(SIGUSR1);
  }
  return end <= ARENA ? arena + end - taken : NULL;
}

static void keep(void *context, void *block) {
  (void)context;
  (void)block;
}

static void handle(int number) {
  (void)number;
  heapster_heap_free(heap, heapster_heap_malloc(heap, 48));
}

int main(void) {
  static const struct heapster_allocator backing = {.malloc = carve, .free = keep};
  static struct heapster_stats stats;
  must(!heapster_heap_create("pool", &backing, &heap) && signal(SIGUSR1, handle) != SIG_ERR);
  for (int i = 0; i < ROUNDS; i++) {
    is_armed = 1;
    heapster_heap_free(heap, heapster_heap_malloc(heap, 100));
  }
  heapster_stats_read(heap, &stats);
  return verdict(stats.alloc_count == 2 * ROUNDS, "%lu of %d requests counted", stats.alloc_count, 2 * ROUNDS);
}
