/* Threads that open heaps together, for hosts and for hooks: none is lost, no number is given twice. A hook's heap
   opens once a process, so this is done in many. law_registry_threads [processes] */
#include <heapster/hook.h>

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "heap/heap.h"
#include "hooks/script/domains.h"
#include "support.h"

enum { CHILD_SECONDS = 30, MAKERS = 4, HEAPS_EACH = 8, IMPORTERS = 2, THREADS = MAKERS + IMPORTERS + 1 };

static pthread_barrier_t barrier;
static struct heapster_heap *made[MAKERS][HEAPS_EACH];

static void name_heap(char name[HEAPSTER_HEAP_NAME], unsigned maker, unsigned heap) {
  snprintf(name, HEAPSTER_HEAP_NAME, "heap.%u.%u", maker, heap);
}

static void *create_heaps(void *context) {
  struct heapster_heap **own = context;
  const unsigned maker = (unsigned)(own - made[0]) / HEAPS_EACH;
  pthread_barrier_wait(&barrier);
  for (unsigned i = 0; i < HEAPS_EACH; i++) {
    char name[HEAPSTER_HEAP_NAME];
    name_heap(name, maker, i);
    require_ok(heapster_heap_create(name, NULL, &own[i]));
    heapster_heap_free(own[i], heapster_heap_malloc(own[i], 40));
  }
  return NULL;
}

static void *import(void *unused) {
  pthread_barrier_wait(&barrier);
  require(heapster__domains_open(), "the heap python could not be opened");
  return unused;
}

/* Where malloc cannot be hooked in a running process, both calls say so and do nothing. */
static void *hook_and_unhook(void *unused) {
  pthread_barrier_wait(&barrier);
  for (unsigned i = 0; i < 4; i++) {
    const enum heapster_error error = heapster_hook("malloc");
    require(!error || error == HEAPSTER_UNSUPPORTED, "%s", heapster_error_text(error));
    heapster_unhook("malloc");
  }
  return unused;
}

static void require_all_made(void) {
  bool is_used[HEAPSTER_HEAPS + 1] = {false};
  for (unsigned maker = 0; maker < MAKERS; maker++) {
    for (unsigned i = 0; i < HEAPS_EACH; i++) {
      const struct heapster_heap *const heap = made[maker][i];
      char name[HEAPSTER_HEAP_NAME];
      struct heapster_stats stats;
      name_heap(name, maker, i);
      require(heapster_heap_find(name) == heap, "heap %s is lost", name);
      require(!is_used[heap->number], "two heaps have number %u", heap->number);
      is_used[heap->number] = true;
      heapster_stats_read(heap, &stats);
      require(stats.alloc_count == 1 && stats.dealloc_count == 1, "heap %s counts %llu allocs", name,
              (unsigned long long)stats.alloc_count);
    }
  }
  require(heapster__heap_at(HEAPSTER__PYTHON), "heap python is lost");
}

static void threads_that_open_heaps_together_lose_none(void) {
  pthread_t threads[THREADS];
  unsigned count = 0;
  pthread_barrier_init(&barrier, NULL, THREADS);
  for (unsigned i = 0; i < MAKERS; i++) start_thread(&threads[count++], create_heaps, made[i]);
  for (unsigned i = 0; i < IMPORTERS; i++) start_thread(&threads[count++], import, NULL);
  start_thread(&threads[count++], hook_and_unhook, NULL);
  for (unsigned i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  require_all_made();
}

static void threads_of_many_processes_lose_none(uint64_t processes) {
  for (support_run.step = 0; support_run.step < processes; support_run.step++) {
    const pid_t child = fork();
    if (!child) {
      alarm(CHILD_SECONDS); /* otherwise a deadlock would hang the test for ever */
      threads_that_open_heaps_together_lose_none();
      _exit(0);
    }
    int status = 0;
    require(child > 0 && waitpid(child, &status, 0) == child, "no child");
    require(!status, "status %d of a child", status);
  }
}

int main(int argc, char **argv) {
  const uint64_t processes = argument(argc, argv, 1, 200);
  if (!is_sharded()) return skip_law("a hook of an interpreter needs counters per thread");
  threads_of_many_processes_lose_none(processes);
  threads_that_open_heaps_together_lose_none();
  return 0;
}
