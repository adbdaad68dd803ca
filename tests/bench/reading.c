/* What a look at the figures costs, from C.

     reading threads N CALLS   N threads have run, one after the other; prints nanoseconds of heapster_stats_read, and
   of an empty window (begin and end) reading heaps N           prints how many KiB the process has grown by, for N
   heaps with a request each */
#include "anonymous.h"
#include <heapster/heapster.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void fail(const char *what, enum heapster_error error) {
  (void)fprintf(stderr, "%s: %s\n", what, heapster_error_text(error));
  exit(1);
}

static void look(void) {
  struct heapster_stats stats;
  heapster_stats_read(NULL, &stats);
}

static void look_through_a_window(void) {
  struct heapster_stats stats;
  struct heapster_window window;
  enum heapster_error error = heapster_window_begin(NULL, HEAPSTER_PROCESS, &window);
  if (!error) error = heapster_window_end(window, &stats);
  if (error) fail("a window", error);
}

static double nanoseconds(void (*call)(void), size_t calls) {
  for (size_t i = 0; i < calls / 10; i++) call(); /* warm */
  const double start = now();
  for (size_t i = 0; i < calls; i++) call();
  return (now() - start) / (double)calls;
}

static void *ask(void *unused) {
  (void)unused;
  void *volatile block = malloc(100);
  free(block);
  return NULL;
}

static int after_threads(size_t threads, size_t calls) {
  for (size_t i = 0; i < threads; i++) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, ask, NULL)) return 1;
    pthread_join(thread, NULL);
  }
  printf("%.1f", nanoseconds(look, calls));
  printf(" %.1f\n", nanoseconds(look_through_a_window, calls));
  return 0;
}

static int with_heaps(size_t heaps) {
  const long before = anonymous_kib();
  for (size_t i = 0; i < heaps; i++) {
    char name[32];
    struct heapster_heap *heap;
    (void)snprintf(name, sizeof name, "heap_%zu", i);
    const enum heapster_error error = heapster_heap_create(name, NULL, &heap);
    if (error) fail(name, error);
    heapster_heap_free(heap, heapster_heap_malloc(heap, 100));
  }
  printf("%ld\n", anonymous_kib() - before);
  return 0;
}

int main(int count, char **arguments) {
  const char *what = count > 2 ? arguments[1] : "";
  const size_t number = count > 2 ? strtoul(arguments[2], NULL, 10) : 0;
  if (count == 4 && strcmp(what, "threads") == 0) return after_threads(number, strtoul(arguments[3], NULL, 10));
  if (count == 3 && strcmp(what, "heaps") == 0) return with_heaps(number);
  (void)fprintf(stderr, "usage: %s threads N CALLS | heaps N\n", arguments[0]);
  return 2;
}
