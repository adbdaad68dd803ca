/* A program that links heapster::malloc: each request of each thread is counted, once, from the first on.
   law_linked [operations] */
#include <heapster/heapster.h>

#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "support.h"

enum { THREADS = 4, BLOCKS = 64, LONGEST = 3000 };

struct worker {
  struct dice dice;
  uint64_t operations;
  void *blocks[BLOCKS];
  size_t sizes[BLOCKS];
  struct heapster_stats done;
  struct heapster_stats found; /* by a window of the thread */
};

static struct worker workers[THREADS];

static void work_on(struct worker *worker, unsigned i) {
  const size_t size = 1 + dice_below(&worker->dice, LONGEST);
  void *const before = worker->blocks[i];
  if (!before) {
    worker->blocks[i] = dice_below(&worker->dice, 2) ? malloc(size) : calloc(1, size);
    figures_alloc(&worker->done, size);
  } else if (dice_below(&worker->dice, 2)) {
    const uintptr_t address = (uintptr_t)before;
    worker->blocks[i] = realloc(before, size);
    figures_resize(&worker->done, worker->sizes[i], size, (uintptr_t)worker->blocks[i] != address);
  } else {
    free(before);
    worker->blocks[i] = NULL;
    figures_free(&worker->done, worker->sizes[i]);
  }
  worker->sizes[i] = size;
  require(!worker->blocks[i] || memset(worker->blocks[i], (int)i, size), "no block");
}

static void *work(void *context) {
  struct worker *const worker = context;
  struct heapster_window window;
  struct heapster_stats all;
  require_ok(heapster_window_begin(heapster_heap_find("malloc"), HEAPSTER_PROCESS, &window));
  for (uint64_t i = 0; i < worker->operations; i++) work_on(worker, (unsigned)dice_below(&worker->dice, BLOCKS));
  require_ok(is_sharded() ? heapster_window_end_with_thread(window, &all, &worker->found)
                          : heapster_window_end(window, &all));
  return NULL;
}

static void the_hook_is_linked_and_proved(void) {
  struct heapster_status status;
  heapster_status_read(&status);
  require(!strcmp(status.malloc_way, "link"), "the mode is %s", status.malloc_way);
  require(!status.malloc_problem, "%s", status.malloc_problem);
  require(status.malloc_is_proved || !is_sharded(), "not proved"); /* the proof is a thread's own count */
}

static void each_thread_finds_its_own_requests(void) {
  for (unsigned i = 0; is_sharded() && i < THREADS; i++) {
    struct worker *const worker = &workers[i];
    worker->done.kind = worker->found.kind;
    require(figures_match("thread", &worker->done, &worker->found, FIGURES_COUNTERS), "thread %u", i);
  }
}

static void all_that_is_counted_is_freed_or_alive(void) {
  struct heapster_stats stats;
  heapster_stats_read(heapster_heap_find("malloc"), &stats);
  require(stats.alloc_count == heapster_histogram_total(&stats.alloc_histogram), "alloc_count is not its sum");
  require(stats.alloc_count - stats.dealloc_count == stats.live_count, "live_count is not what remains");
  require(stats.unseen_alloc_count == 0, "%llu blocks were not seen", (unsigned long long)stats.unseen_alloc_count);
}

int main(int argc, char **argv) {
  pthread_t threads[THREADS];
  the_hook_is_linked_and_proved();
  for (unsigned i = 0; i < THREADS; i++) {
    workers[i].dice = dice_make(i + 1);
    workers[i].operations = argument(argc, argv, 1, 200000) / THREADS;
    start_thread(&threads[i], work, &workers[i]);
  }
  for (unsigned i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  each_thread_finds_its_own_requests();
  all_that_is_counted_is_freed_or_alive();
  return 0;
}
