/* Heaps that hooks and hosts open at the same time: none is lost, no number is given twice, no counters are replaced.
   One thread opens a heap and is stopped after an instruction; another thread, or a signal handler of the first, opens
   a second heap there; then the first goes on. This is done for every instruction, each time in a child of its own,
   because a hook's heap opens once a process. law_registry */
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/lock.h"
#include "heap/heap.h"
#include "hooks/malloc/family.h"
#include "hooks/script/domains.h"
#include "support.h"
#include "trap.h"

enum { STEP_LIMIT = 20000, CHILD_SECONDS = 30 };

/* Exit statuses of a child; every other one is a broken law. */
enum { CHILD_STOPPED = 0, CHILD_HAS_FEWER_STEPS = 77 };

/* Something that opens a heap, and the number of that heap; 0: a host's, the next one. */
struct opening {
  const char *name;
  void (*open)(void);
  unsigned number;
};

static struct heapster_heap *created;

static void create_heap(void) { require_ok(heapster_heap_create("mine", NULL, &created)); }

static void import_python(void) { require(heapster__domains_open(), "the heap python could not be opened"); }

static void start_malloc(void) {
  static const struct heapster__malloc_hook hook = {
      .next = {malloc, calloc, realloc, free, posix_memalign, aligned_alloc, NULL, NULL, NULL},
      .mode = HEAPSTER__MODE_PRELOAD};
  require(heapster__malloc_start(&hook), "the heap malloc could not be opened");
}

static const struct opening by_host = {"mine", create_heap, 0};
static const struct opening by_import = {"python", import_python, HEAPSTER__PYTHON};
static const struct opening by_malloc = {"malloc", start_malloc, HEAPSTER__MALLOC};

static volatile sig_atomic_t steps;
static sig_atomic_t stop_at;
static const struct opening *second;
static struct heapster__shard *second_shard; /* the counters that the second opening found or made */
static bool is_nested;                       /* the second is opened by the signal handler itself */
static sem_t may_open;
static sem_t is_opened;

static struct heapster__shard *shard_of(const struct opening *opening) {
  const struct heapster_heap *heap = heapster_heap_find(opening->name);
  return heap ? heapster__load_acquire(&heapster__shared_shards.shards[heap->number]) : NULL;
}

static void open_second(void) {
  second->open();
  second_shard = shard_of(second);
}

static void *open_when_stopped(void *unused) {
  while (sem_wait(&may_open)) continue;
  open_second();
  sem_post(&is_opened);
  return unused;
}

/* Where the stopped thread holds the lock, the other one waits for it, so the stopped one must go on. */
static void stop(int number, siginfo_t *info, void *context) {
  (void)number;
  (void)info;
  if (++steps != stop_at) return;
  trap_no_more_after(context);
  if (is_nested) {
    open_second();
    return;
  }
  sem_post(&may_open);
  if (heapster__is_locked_here()) return;
  while (sem_wait(&is_opened)) continue;
}

static void require_opened(const struct opening *first) {
  struct heapster_heap *next = NULL;
  const struct opening *const openings[] = {first, second};
  for (unsigned i = 0; i < 2; i++) {
    const struct heapster_heap *heap = heapster_heap_find(openings[i]->name);
    require(heap, "heap %s is lost", openings[i]->name);
    require(!openings[i]->number || heap->number == openings[i]->number, "heap %s has number %u", openings[i]->name,
            heap->number);
  }
  require(!created || heapster_heap_find("mine") == created, "heap mine is another one");
  require(second_shard == shard_of(second), "the counters of heap %s were replaced", second->name);
  require_ok(heapster_heap_create("next", NULL, &next));
  require(next != created, "two heaps have number %u", next->number);
}

static _Noreturn void run_child(const struct opening *first) {
  const struct sigaction action = {.sa_sigaction = stop, .sa_flags = SA_SIGINFO};
  pthread_t thread = 0;
  alarm(CHILD_SECONDS); /* otherwise a deadlock would hang the test for ever */
  require(!sem_init(&may_open, 0, 0) && !sem_init(&is_opened, 0, 0), "no semaphore");
  require(!sigaction(SIGTRAP, &action, NULL), "no handler");
  if (!is_nested) start_thread(&thread, open_when_stopped, NULL);
  trap_every_instruction();
  first->open();
  trap_no_more();
  if (steps < stop_at) _exit(CHILD_HAS_FEWER_STEPS);
  if (!is_nested) pthread_join(thread, NULL);
  require_opened(first);
  _exit(CHILD_STOPPED);
}

static int wait_for(pid_t child) {
  int status = 0;
  require(child > 0 && waitpid(child, &status, 0) == child, "no child");
  require(!WIFSIGNALED(status), "the child died by signal %d (%d: it hung)", WTERMSIG(status), SIGALRM);
  return WEXITSTATUS(status);
}

/* Returns the number of instructions at which it stopped. */
static uint64_t stop_at_every_step(const struct opening *first, const struct opening *other, bool nested) {
  second = other;
  is_nested = nested;
  for (stop_at = 1; stop_at < STEP_LIMIT; stop_at++) {
    support_run.step = (uint64_t)stop_at;
    const pid_t child = fork();
    if (!child) run_child(first);
    const int status = wait_for(child);
    if (status == CHILD_HAS_FEWER_STEPS) break;
    require(status == CHILD_STOPPED, "%s %s %s", first->name, nested ? "interrupted by" : "beside", other->name);
  }
  require(stop_at < STEP_LIMIT, "%s has too many instructions", first->name);
  return (uint64_t)stop_at - 1;
}

static void heaps_opened_at_any_instruction_of_each_other_are_kept(void) {
  uint64_t stops = 0;
  stops += stop_at_every_step(&by_import, &by_host, false);
  stops += stop_at_every_step(&by_host, &by_import, false);
  stops += stop_at_every_step(&by_import, &by_import, false);
  stops += stop_at_every_step(&by_malloc, &by_host, false);
  stops += stop_at_every_step(&by_host, &by_malloc, false);
  stops += stop_at_every_step(&by_import, &by_malloc, false);
  if (!stops) skip_law("no instruction was trapped");
}

/* The first request of a process may come from a handler that interrupted the owner of the lock. */
static void a_signal_handler_opens_malloc_at_any_instruction_of_another_opening(void) {
  stop_at_every_step(&by_host, &by_malloc, true);
  stop_at_every_step(&by_import, &by_malloc, true);
}

int main(void) {
  if (!is_sharded()) return skip_law("a hook of an interpreter needs counters per thread");
  heaps_opened_at_any_instruction_of_each_other_are_kept();
  a_signal_handler_opens_malloc_at_any_instruction_of_another_opening();
  return 0;
}
