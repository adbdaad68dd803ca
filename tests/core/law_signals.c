/* The laws under signals: all requests of main, and of a handler that interrupts it anywhere, are counted.
   law_signals [operations]

   The program's malloc is lock-free (bump.c): over a real allocator a request in a handler is undefined. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <time.h>

#include "bump.h"
#include "churn.h"
#include "figures.h"
#include "trap.h"

enum { MAIN, HANDLER, BOTH };
enum { HANDLER_STEPS = 4, LEAST_SIGNALS = 50, MOST_SIGNALS = 100000, LONGEST_PAUSE = 3000, JUMPS = 1000, TRAPPED = 20 };

static struct heapster_heap *system_heaps[CHURN_HEAPS];
static struct heapster_heap *backed_heaps[CHURN_HEAPS];
static struct churn churns[BOTH];
static volatile sig_atomic_t signals_seen;
static volatile sig_atomic_t must_jump;
static atomic_bool is_over;
static pthread_t interrupted;

/* Passes a block from main to the handler, or back. The reader frees the block and empties the box. */
struct mailbox {
  volatile sig_atomic_t is_full;
  struct churn_block block;
};

static struct mailbox to_handler;
static struct mailbox to_main;

static void post(struct mailbox *box, struct churn *from) {
  if (box->is_full) return;
  box->block = churn_alloc(from, 0, 77);
  atomic_signal_fence(memory_order_release);
  box->is_full = 1;
}

static void collect(struct mailbox *box, struct churn *by) {
  if (!box->is_full) return;
  atomic_signal_fence(memory_order_acquire);
  churn_free(by, &box->block);
  atomic_signal_fence(memory_order_release);
  box->is_full = 0;
}

/* No more signals than the memory suffices for: it is handed out only once. */
static void churn_and_post(int number) {
  (void)number;
  if (++signals_seen > MOST_SIGNALS) return;
  churn_steps(&churns[HANDLER], HANDLER_STEPS);
  collect(&to_handler, &churns[HANDLER]);
  post(&to_main, &churns[HANDLER]);
}

/* A block that does not outlive the handler. It is counted, or, if the signal interrupts a backing, not at all. */
static void allocate_and_free(int number) {
  (void)number;
  ++signals_seen;
  heapster_heap_free(backed_heaps[0], heapster_heap_malloc(backed_heaps[0], 40));
}

/* Pauses of random length, so that every instruction may be interrupted. */
static void *storm(void *unused) {
  struct dice dice = dice_make(support_run.seed);
  while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
    pthread_kill(interrupted, SIGUSR1);
    for (uint64_t i = dice_below(&dice, LONGEST_PAUSE); i > 0; --i) atomic_signal_fence(memory_order_seq_cst);
  }
  return unused;
}

static void handle(int number, void (*handler)(int)) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  require(sigaction(number, &action, NULL) == 0, "no handler could be set");
}

static void work_in_a_storm(void (*handler)(int), void (*work)(uint64_t), uint64_t operations) {
  pthread_t thread;
  handle(SIGUSR1, handler);
  signals_seen = 0;
  interrupted = pthread_self();
  atomic_store(&is_over, false);
  start_thread(&thread, storm, NULL);
  work(operations);
  while (signals_seen < LEAST_SIGNALS) nanosleep(&(struct timespec){.tv_nsec = 1000}, NULL);
  atomic_store(&is_over, true);
  pthread_join(thread, NULL);
  handle(SIGUSR1, SIG_IGN);
}

static void churn_and_collect(uint64_t operations) {
  for (uint64_t i = 0; i < operations; ++i) {
    churn_step(&churns[MAIN]);
    post(&to_handler, &churns[MAIN]);
    collect(&to_main, &churns[MAIN]);
  }
}

static void begin_both(struct heapster_heap *const heaps[CHURN_HEAPS]) {
  churn_begin(&churns[MAIN], heaps, 1);
  churn_begin(&churns[HANDLER], heaps, 2);
}

static void require_both(const char *law, const struct heapster_window windows[CHURN_HEAPS + 1]) {
  struct heapster_stats found[CHURN_HEAPS + 1];
  struct heapster_stats sums[CHURN_HEAPS + 1];
  churn_windows_end(windows, found);
  churn_sum(sums, churns, BOTH);
  churn_require(law, sums, found);
  if (found[0].foreign_count != 0) die(law, "%llu foreign", (unsigned long long)found[0].foreign_count);
}

static void law_5_a_handler_loses_no_request(uint64_t operations) {
  struct heapster_window windows[CHURN_HEAPS + 1];
  begin_both(system_heaps);
  churn_windows_begin(system_heaps, HEAPSTER_PROCESS, windows);
  work_in_a_storm(churn_and_post, churn_and_collect, operations);
  require_both(__func__, windows);
}

/* One request of each kind, with the handler's own between any two instructions. */
static void make_trapped_requests(void) {
  struct churn *churn = &churns[MAIN];
  trap_every_instruction();
  struct churn_block block = churn_alloc(churn, 0, 300);
  churn_resize(churn, &block, 20);
  churn_resize(churn, &block, 70001); /* more than a thread's pending bytes may be */
  churn_free(churn, &block);
  trap_no_more();
}

static void law_5_no_instruction_is_a_bad_moment(void) {
  struct heapster_window windows[CHURN_HEAPS + 1];
  begin_both(system_heaps);
  signals_seen = 0;
  handle(SIGTRAP, churn_and_post);
  churn_windows_begin(system_heaps, HEAPSTER_PROCESS, windows);
  for (support_run.step = 0; support_run.step < TRAPPED; ++support_run.step) make_trapped_requests();
  require_both(__func__, windows);
}

static void churn_only(uint64_t operations) { churn_steps(&churns[MAIN], operations); }

/* A request of a handler that interrupts a host's backing looks like one of the backing: it is nested. But main loses
   nothing, and the live figures are right. */
static void law_5_a_handler_inside_a_backing_harms_nobody(uint64_t operations) {
  struct heapster_window windows[CHURN_HEAPS + 1];
  struct heapster_stats found[CHURN_HEAPS + 1];
  begin_both(backed_heaps);
  churns[MAIN].crosses = false; /* a heap over a host's backing has a shadow map of its own */
  churn_windows_begin(backed_heaps, HEAPSTER_PROCESS, windows);
  work_in_a_storm(allocate_and_free, churn_only, operations);
  churn_windows_end(windows, found);
  const uint64_t counted = found[1].alloc_count - churns[MAIN].totals[0].alloc_count;
  require(counted <= (uint64_t)signals_seen, "%lld requests of %d signals", (long long)counted, (int)signals_seen);
  for (uint64_t i = 0; i < counted; ++i) {
    const struct churn_block block = {.size = 40, .heap = 0};
    figures_alloc(&churns[HANDLER].totals[block.heap], block.size);
    figures_free(&churns[HANDLER].totals[block.heap], block.size);
    figures_alloc(&churns[HANDLER].total, block.size);
    figures_free(&churns[HANDLER].total, block.size);
  }
  struct heapster_stats sums[CHURN_HEAPS + 1];
  churn_sum(sums, churns, BOTH);
  churn_require(__func__, sums, found);
}

static sigjmp_buf jump_target;

static void jump_out(int number) {
  (void)number;
  siglongjmp(jump_target, 1);
}

static void *interrupted_malloc(void *context, size_t size) {
  if (must_jump) raise(SIGUSR2);
  const struct heapster_allocator backing = bump_allocator();
  return backing.malloc(context, size);
}

static struct heapster_heap *jumping_heap(void) {
  struct heapster_heap *heap = NULL;
  struct heapster_allocator backing = bump_allocator();
  backing.malloc = interrupted_malloc;
  require_ok(heapster_heap_create("jumping", &backing, &heap));
  return heap;
}

/* The first request after the jump is at the stack height of the one that was left, the others at any. */
static void after_siglongjmp_counting_goes_on(struct heapster_heap *heap) {
  struct churn *churn = &churns[MAIN];
  must_jump = 1;
  if (sigsetjmp(jump_target, 1) == 0) {
    void *volatile never = heapster_heap_malloc(heap, 40); /* jumps */
    (void)never;
  }
  must_jump = 0;
  void *block = heapster_heap_malloc(churn->heaps[0], 10);
  heapster_heap_free(churn->heaps[0], block);
  figures_alloc(&churn->totals[0], 10);
  figures_free(&churn->totals[0], 10);
  figures_alloc(&churn->total, 10);
  figures_free(&churn->total, 10);
  churn_steps(churn, 20);
}

static void law_5_a_handler_that_jumps_away_harms_nobody(void) {
  struct heapster_window windows[CHURN_HEAPS + 1];
  struct heapster_heap *heap = jumping_heap();
  handle(SIGUSR2, jump_out);
  begin_both(system_heaps);
  churn_windows_begin(system_heaps, HEAPSTER_PROCESS, windows);
  for (support_run.step = 0; support_run.step < JUMPS; ++support_run.step) after_siglongjmp_counting_goes_on(heap);
  require_both(__func__, windows);
}

int main(int argc, char **argv) {
  const uint64_t operations = argument(argc, argv, 1, 1000000);
  const struct heapster_allocator backing = bump_allocator();
  churn_heaps("system", NULL, system_heaps);
  churn_heaps("backed", &backing, backed_heaps);
  law_5_no_instruction_is_a_bad_moment();
  law_5_a_handler_loses_no_request(operations);
  law_5_a_handler_inside_a_backing_harms_nobody(operations / 4);
  law_5_a_handler_that_jumps_away_harms_nobody();
  return 0;
}
