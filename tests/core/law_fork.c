/* The laws across fork: while other threads allocate and have open windows, the child continues to count exactly.
   law_fork [forks] */
#include <heapster/hook.h>

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "churn.h"
#include "figures.h"

enum { THREADS = 8, STEPS = 300, CHILD_SECONDS = 30 };

static struct heapster_heap *heaps[CHURN_HEAPS];
static struct churn churns[THREADS];
static struct heapster_window others[2 * THREADS]; /* a process-scope and a thread-scope window of each */
static pthread_barrier_t barrier;
static atomic_bool must_stop;

static void *churn_with_windows(void *context) {
  const size_t own = 2 * (size_t)((struct churn *)context - churns);
  require_ok(heapster_window_begin(NULL, HEAPSTER_PROCESS, &others[own]));
  require_ok(heapster_window_begin(heaps[0], HEAPSTER_THREAD, &others[own + 1]));
  pthread_barrier_wait(&barrier);
  while (!atomic_load_explicit(&must_stop, memory_order_relaxed)) churn_step(context);
  require_ok(heapster_window_end(others[own], NULL));
  require_ok(heapster_window_end(others[own + 1], NULL));
  churn_finish(context);
  return NULL;
}

static void windows_of_other_threads_are_closed_in_the_child(void) {
  for (unsigned i = 0; i < 2 * THREADS; ++i)
    require_error(HEAPSTER_WINDOW_CLOSED, heapster_window_end(others[i], NULL));
}

static void threads_of_the_parent_are_not_alive_in_the_child(void) {
  struct heapster_status status;
  heapster_status_read(&status);
  require(status.threads_alive == 1, "%u threads count as alive", (unsigned)status.threads_alive);
  require(status.windows_open == CHURN_HEAPS + 2, "%u windows are open", (unsigned)status.windows_open);
}

static void require_own(const char *law, const struct churn *own, const struct heapster_window windows[]) {
  struct heapster_stats sums[CHURN_HEAPS + 1];
  struct heapster_stats found[CHURN_HEAPS + 1];
  churn_windows_end(windows, found);
  churn_sum(sums, own, 1);
  churn_require(law, sums, found);
  if (found[0].foreign_count) die(law, "%llu foreign", (unsigned long long)found[0].foreign_count);
}

static void law_5_the_childs_new_windows_are_exact(void) {
  static struct churn own;
  struct heapster_window windows[CHURN_HEAPS + 1];
  churn_begin(&own, heaps, 99);
  churn_windows_begin(heaps, HEAPSTER_PROCESS, windows);
  churn_steps(&own, STEPS);
  churn_finish(&own);
  require_own(__func__, &own, windows);
}

static void law_5_the_childs_snapshots_are_exact(void) {
  static struct churn own;
  struct heapster_stats sums[CHURN_HEAPS + 1];
  struct heapster_stats before[CHURN_HEAPS + 1];
  struct heapster_stats after[CHURN_HEAPS + 1];
  churn_begin(&own, heaps, 98);
  for (unsigned i = 0; i <= CHURN_HEAPS; ++i) heapster_stats_read(i ? heaps[i - 1] : NULL, &before[i]);
  churn_steps(&own, STEPS);
  for (unsigned i = 0; i <= CHURN_HEAPS; ++i) {
    heapster_stats_read(i ? heaps[i - 1] : NULL, &after[i]);
    require_ok(heapster_stats_diff(&after[i], &after[i], &before[i]));
  }
  churn_sum(sums, &own, 1);
  churn_require(__func__, sums, after);
}

static void *churn_in_the_child(void *context) {
  churn_steps(context, STEPS);
  return NULL;
}

static void law_5_the_childs_threads_are_exact(void) {
  static struct churn own;
  struct heapster_window windows[CHURN_HEAPS + 1];
  struct heapster_stats sums[CHURN_HEAPS + 1];
  struct heapster_stats found[CHURN_HEAPS + 1];
  pthread_t thread;
  churn_begin(&own, heaps, 97);
  churn_windows_begin(heaps, HEAPSTER_PROCESS, windows);
  start_thread(&thread, churn_in_the_child, &own);
  pthread_join(thread, NULL);
  churn_windows_end(windows, found);
  churn_sum(sums, &own, 1);
  churn_require(__func__, sums, found);
  require(found[0].foreign_count == STEPS, "%llu foreign", (unsigned long long)found[0].foreign_count);
}

/* They began before the fork, so they count what their thread did before and after it. */
static void windows_of_the_forking_thread_survive_in_the_child(struct churn *own,
                                                               const struct heapster_window thread_scope[],
                                                               struct heapster_window process_scope) {
  struct heapster_stats stats;
  churn_steps(own, STEPS);
  require_own(__func__, own, thread_scope);
  require_ok(heapster_window_end(process_scope, &stats));
  require(figures_operations(&stats) >= figures_operations(&own->total), "operations are missing");
}

static _Noreturn void run_child(struct churn *own, const struct heapster_window thread_scope[],
                                struct heapster_window process_scope) {
  alarm(CHILD_SECONDS); /* otherwise a lock held at the fork would hang the child for ever */
  windows_of_other_threads_are_closed_in_the_child();
  threads_of_the_parent_are_not_alive_in_the_child();
  windows_of_the_forking_thread_survive_in_the_child(own, thread_scope, process_scope);
  law_5_the_childs_new_windows_are_exact();
  law_5_the_childs_snapshots_are_exact();
  law_5_the_childs_threads_are_exact();
  _exit(0);
}

static void fork_once(struct churn *own, const struct heapster_window thread_scope[],
                      struct heapster_window process_scope) {
  int status = 0;
  const pid_t child = fork();
  require(child >= 0, "fork failed");
  if (!child) run_child(own, thread_scope, process_scope);
  require(waitpid(child, &status, 0) == child, "waitpid failed");
  require(!WIFSIGNALED(status), "the child died by signal %d (%d: it hung)", WTERMSIG(status), SIGALRM);
  require(!WEXITSTATUS(status), "a law broke in the child");
}

static void start_others(pthread_t threads[THREADS]) {
  pthread_barrier_init(&barrier, NULL, THREADS + 1);
  for (uint64_t i = 0; i < THREADS; ++i) {
    churn_begin(&churns[i], heaps, i);
    start_thread(&threads[i], churn_with_windows, &churns[i]);
  }
  pthread_barrier_wait(&barrier);
}

int main(int argc, char **argv) {
  static struct churn own;
  struct heapster_window thread_scope[CHURN_HEAPS + 1];
  struct heapster_window process_scope;
  pthread_t threads[THREADS];
  const uint64_t forks = argument(argc, argv, 1, 200);
  if (!is_sharded()) return skip_law("what a fork must put in order is the counters of threads");
  churn_heaps("fork", NULL, heaps);
  start_others(threads);
  churn_begin(&own, heaps, 100);
  churn_windows_begin(heaps, HEAPSTER_THREAD, thread_scope);
  require_ok(heapster_window_begin(NULL, HEAPSTER_PROCESS, &process_scope));
  for (support_run.step = 0; support_run.step < forks; ++support_run.step) {
    churn_steps(&own, STEPS);
    fork_once(&own, thread_scope, process_scope);
  }
  require_own("the_parents_windows_survive", &own, thread_scope);
  require_ok(heapster_window_end(process_scope, NULL));
  atomic_store(&must_stop, true);
  for (unsigned i = 0; i < THREADS; ++i) pthread_join(threads[i], NULL);
  return 0;
}
