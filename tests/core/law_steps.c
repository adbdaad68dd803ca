/* One thread stops after each instruction of a request in turn, while another frees a large block, opens a window and
   resets: neither shows a peak that is over, and nothing is lost. law_steps */
#include "figures.h"
#include "support.h"
#include "trap.h"

#include <heapster/heap.h>
#include <heapster/window.h>

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>

enum { THREADS = 2, SPAN = 32768, SMALL = 70000, LARGE = 100 << 20, MOST_STEPS = 100000 };

enum stage { IDLE, RUN, STOPPED, GO_ON, DONE, OVER };

static struct heapster_heap *heap;
static unsigned char *memory; /* the large block, and the small one behind it */
static _Atomic int stage;
static void (*request)(void);
static volatile sig_atomic_t steps;
static volatile sig_atomic_t stop_at;
static void *large;
static void *small;

/* Two fixed blocks: the stopped thread cannot hold a lock of an allocator. */
static void *get_fixed(void *context, size_t size) {
  (void)context;
  return size == LARGE ? memory : memory + LARGE;
}

static void free_nothing(void *context, void *block) {
  (void)context;
  (void)block;
}

static void set_stage(enum stage next) { atomic_store(&stage, next); }

static enum stage wait_while(enum stage first, enum stage second) {
  int now = atomic_load(&stage);
  while (now == (int)first || now == (int)second) {
    sched_yield();
    now = atomic_load(&stage);
  }
  return (enum stage)now;
}

static void stop_at_step(int number) {
  (void)number;
  if (++steps != stop_at) return;
  set_stage(STOPPED);
  wait_while(STOPPED, STOPPED);
}

static void alloc_small(void) { small = heapster_heap_malloc(heap, SMALL); }

static void free_small(void) { heapster_heap_free(heap, small); }

static void *run_requests(void *unused) {
  while (wait_while(IDLE, DONE) == RUN) {
    steps = 0;
    trap_every_instruction();
    request();
    trap_no_more();
    set_stage(DONE);
  }
  return unused;
}

/* Runs `act` on the other thread up to its n-th instruction. False: it ended before. */
static bool stop_inside(void (*act)(void), sig_atomic_t step) {
  request = act;
  stop_at = step;
  set_stage(RUN);
  return wait_while(RUN, RUN) == STOPPED;
}

static void finish(void) {
  set_stage(GO_ON);
  wait_while(GO_ON, GO_ON);
}

static void alloc_large(void) { large = heapster_heap_malloc(heap, LARGE); }

static void free_large(void) { heapster_heap_free(heap, large); }

static struct heapster_window begin_window(const struct heapster_heap *which) {
  struct heapster_window window;
  require_ok(heapster_window_begin(which, HEAPSTER_PROCESS, &window));
  return window;
}

static void require_low_peak(const char *law, struct heapster_window window) {
  struct heapster_stats stats;
  require_ok(heapster_window_end(window, &stats));
  if (stats.use_peak > SMALL + THREADS * SPAN)
    die(law, "use_peak is %llu, at most %d bytes were requested", (unsigned long long)stats.use_peak, SMALL);
}

/* The use before the window is not in its peak, however late the other thread flushes. */
static void law_5_a_window_does_not_show_the_use_before_it(void) {
  free_large();
  const struct heapster_window total = begin_window(NULL);
  const struct heapster_window one = begin_window(heap);
  finish();
  require_low_peak(__func__, total);
  require_low_peak(__func__, one);
}

static void law_6_a_reset_forgets_the_use_before_it(void) {
  struct heapster_stats stats;
  free_large();
  heapster_reset();
  finish();
  heapster_stats_read(heap, &stats);
  require(figures_operations(&stats) <= 1, "%llu requests since the reset",
          (unsigned long long)figures_operations(&stats));
  require(stats.use_max <= SMALL + THREADS * SPAN, "use_max is %llu", (unsigned long long)stats.use_max);
}

/* In a whole round both blocks were allocated and freed, whatever was checked meanwhile. */
static void law_5_at_rest_all_is_counted(struct heapster_window whole) {
  struct heapster_stats found;
  struct heapster_stats expected = {.kind = HEAPSTER_WINDOW};
  require_ok(heapster_window_end(whole, &found));
  figures_alloc(&expected, LARGE);
  figures_alloc(&expected, SMALL);
  figures_free(&expected, LARGE);
  figures_free(&expected, SMALL);
  require(figures_match("a round", &expected, &found, FIGURES_COUNTERS | FIGURES_LIVE | FIGURES_CHANGES), "at rest");
  require(found.use_peak >= LARGE, "use_peak is %llu", (unsigned long long)found.use_peak);
}

/* False: the request has no more instructions. */
static bool check_at_step(void (*check)(void), void (*act)(void), sig_atomic_t step) {
  const struct heapster_window whole = begin_window(heap);
  alloc_large();
  if (act == free_small) alloc_small();
  const bool is_stopped = stop_inside(act, step);
  if (is_stopped)
    check();
  else
    free_large();
  if (act == alloc_small) free_small();
  law_5_at_rest_all_is_counted(whole);
  return is_stopped;
}

static void check_at_every_step(void (*check)(void), void (*act)(void)) {
  for (support_run.step = 1; support_run.step < MOST_STEPS; ++support_run.step)
    if (!check_at_step(check, act, (sig_atomic_t)support_run.step)) return;
}

static void make_heap(void) {
  const struct heapster_allocator backing = {.malloc = get_fixed, .free = free_nothing};
  memory = mmap(NULL, LARGE + SMALL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  require(memory != MAP_FAILED, "no address space");
  require_ok(heapster_heap_create("steps", &backing, &heap));
}

int main(void) {
  pthread_t thread;
  struct sigaction action = {.sa_handler = stop_at_step};
  sigemptyset(&action.sa_mask);
  require(sigaction(SIGTRAP, &action, NULL) == 0, "no handler could be set");
  make_heap();
  start_thread(&thread, run_requests, NULL);
  check_at_every_step(law_5_a_window_does_not_show_the_use_before_it, alloc_small);
  check_at_every_step(law_5_a_window_does_not_show_the_use_before_it, free_small);
  check_at_every_step(law_6_a_reset_forgets_the_use_before_it, alloc_small);
  check_at_every_step(law_6_a_reset_forgets_the_use_before_it, free_small);
  set_stage(OVER);
  pthread_join(thread, NULL);
  return support_run.step > 1 ? 0 : skip_law("no instruction was trapped");
}
