/* The peak of a window on the total, with two heaps and THREADS threads: is it within the bound of core/README.md, 64
   KiB too high for each thread and 64 KiB too low for each other thread? Each thread's pending bytes go from nearly -32
   KiB to nearly +32 KiB in both heaps at once, without a flush.

   usage: total_peak THREADS */
#include <heapster/heapster.h>
#include <pthread.h>
#include <stdlib.h>

#include "verdict.h"

enum { HELD = 32767, MOST_THREADS = 16 };

static struct heapster_heap *heaps[2];
static pthread_barrier_t barrier;

static void together(void) { pthread_barrier_wait(&barrier); }

static void ask(void *blocks[2], int heap) {
  for (int i = 0; i < 2; i++) blocks[i] = heapster_heap_malloc(heaps[heap], HELD);
}

static void give_back(void *blocks[2], int heap) {
  for (int i = 0; i < 2; i++) heapster_heap_free(heaps[heap], blocks[i]);
}

/* From the window's begin to its end: four blocks more, and none again. */
static void rise_and_fall(void) {
  void *first[2], *second[2];
  ask(second, 1);
  ask(first, 0);
  together(); /* the peak: all hold theirs */
  give_back(first, 0);
  give_back(second, 1);
}

/* Begins with two blocks of the main thread, which it frees: so its pending bytes are below 0. Before that it asks for
   blocks of its own, as a thread that only frees has no counters of its own. */
static void *work(void *given) {
  void **blocks = given;
  for (int i = 0; i < 2; i++) heapster_heap_free(heaps[i], heapster_heap_malloc(heaps[i], 1));
  for (int i = 0; i < 2; i++) heapster_heap_free(heaps[i], blocks[i]);
  together();
  together(); /* the window is open */
  rise_and_fall();
  together();
  return NULL;
}

int main(int argc, char **argv) {
  const int count = argc > 1 ? atoi(argv[1]) : 2;
  must(count > 1 && count <= MOST_THREADS);
  pthread_t threads[MOST_THREADS];
  void *blocks[MOST_THREADS][2];
  struct heapster_window window;
  static struct heapster_stats stats;
  must(!heapster_heap_create("one", NULL, &heaps[0]) && !heapster_heap_create("two", NULL, &heaps[1]));
  for (int i = 0; i < 2 * count; i++) blocks[i / 2][i % 2] = heapster_heap_malloc(heaps[i % 2], HELD);
  pthread_barrier_init(&barrier, NULL, (unsigned)count);
  for (int i = 1; i < count; i++) pthread_create(&threads[i], NULL, work, blocks[i]);
  together();
  must(!heapster_window_begin(NULL, HEAPSTER_PROCESS, &window));
  together();
  rise_and_fall();
  together();
  must(!heapster_window_end(window, &stats));
  for (int i = 1; i < count; i++) pthread_join(threads[i], NULL);
  const long truth = 4L * HELD * count, off = (long)stats.use_peak - truth;
  const bool is_right = off <= count * 65536L && off >= (count - 1) * -65536L;
  return verdict(is_right, "use_peak %ld, truth %ld: off by %ld", (long)stats.use_peak, truth, off);
}
