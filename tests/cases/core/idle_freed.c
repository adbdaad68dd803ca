/* Blocks of two threads that a third one frees; then all sleep. A window of the main thread, in which nobody else does
   anything, has the peak of what it does itself. */
#include <heapster/heapster.h>
#include <pthread.h>

#include "verdict.h"

/* A keeper's bytes stay pending (up to 32 KiB), while what the third thread frees, of both, is flushed. */
enum { KEEPERS = 2, BLOCKS = 32, SIZE = 1000, OWN = 5000 };

static struct heapster_heap *heap;
static void *blocks[KEEPERS][BLOCKS];
static pthread_barrier_t kept, end;

static void *keep(void *mine) {
  for (int i = 0; i < BLOCKS; i++) ((void **)mine)[i] = heapster_heap_malloc(heap, SIZE);
  pthread_barrier_wait(&kept);
  pthread_barrier_wait(&end);
  return NULL;
}

static void *free_all(void *unused) {
  (void)unused;
  for (int i = 0; i < KEEPERS * BLOCKS; i++) heapster_heap_free(heap, blocks[i / BLOCKS][i % BLOCKS]);
  return NULL;
}

int main(void) {
  pthread_t keepers[KEEPERS], freer;
  struct heapster_window window;
  static struct heapster_stats stats;
  must(!heapster_heap_create("heap", NULL, &heap));
  pthread_barrier_init(&kept, NULL, KEEPERS + 1);
  pthread_barrier_init(&end, NULL, KEEPERS + 1);
  for (int i = 0; i < KEEPERS; i++) pthread_create(&keepers[i], NULL, keep, blocks[i]);
  pthread_barrier_wait(&kept);
  pthread_create(&freer, NULL, free_all, NULL);
  pthread_join(freer, NULL);
  must(!heapster_window_begin(heap, HEAPSTER_PROCESS, &window));
  heapster_heap_free(heap, heapster_heap_malloc(heap, OWN));
  must(!heapster_window_end(window, &stats));
  pthread_barrier_wait(&end);
  for (int i = 0; i < KEEPERS; i++) pthread_join(keepers[i], NULL);
  return verdict(stats.use_peak == OWN && stats.foreign_count == 0, "use_peak %lu, foreign_count %lu",
                 (unsigned long)stats.use_peak, (unsigned long)stats.foreign_count);
}
