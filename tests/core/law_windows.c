/* The laws of windows and resets under many threads: thread scope, foreign requests, how windows end.
   law_windows [operations] */
#include <pthread.h>
#include <string.h>

#include "churn.h"
#include "figures.h"

enum { THREADS = 64 };

static struct heapster_heap *heaps[CHURN_HEAPS];
static struct churn churns[THREADS];
static pthread_barrier_t barrier;
static uint64_t operations;
static atomic_bool must_stop;

static uint64_t all_done(void) {
  uint64_t done = 0;
  for (unsigned i = 0; i < THREADS; ++i) done += atomic_load_explicit(&churns[i].done, memory_order_acquire);
  return done;
}

static void *churn_until_stopped(void *context) {
  pthread_barrier_wait(&barrier);
  while (!atomic_load_explicit(&must_stop, memory_order_relaxed)) churn_steps(context, 16);
  churn_finish(context);
  return NULL;
}

/* Each thread may have done one operation that it has not reported yet. */
static void require_counts_since_a_reset(void) {
  struct heapster_stats stats;
  const uint64_t before_reset = all_done();
  heapster_reset();
  const uint64_t after_reset = all_done();
  for (unsigned i = 0; i < 4; ++i) {
    const uint64_t before_read = all_done();
    heapster_stats_read(NULL, &stats);
    const uint64_t after_read = all_done();
    const uint64_t found = figures_operations(&stats);
    require(found <= after_read + THREADS - before_reset, "%llu operations since a reset, at most %llu were done",
            (unsigned long long)found, (unsigned long long)(after_read + THREADS - before_reset));
    require(found + after_reset + THREADS >= before_read, "%llu operations since a reset, at least %llu were done",
            (unsigned long long)found, (unsigned long long)(before_read - after_reset - THREADS));
  }
}

static void law_6_resets_lose_nothing_under_load(void) {
  struct heapster_window windows[CHURN_HEAPS + 1];
  struct heapster_stats found[CHURN_HEAPS + 1];
  struct heapster_stats sums[CHURN_HEAPS + 1];
  pthread_t threads[THREADS];
  pthread_barrier_init(&barrier, NULL, THREADS + 1);
  atomic_store(&must_stop, false);
  churn_start_all(THREADS, churns, threads, heaps, churn_until_stopped);
  churn_windows_begin(heaps, HEAPSTER_PROCESS, windows);
  pthread_barrier_wait(&barrier);
  for (support_run.step = 0; support_run.step < operations / 4000; ++support_run.step) require_counts_since_a_reset();
  atomic_store(&must_stop, true);
  churn_join_all(THREADS, threads);
  churn_windows_end(windows, found);
  churn_sum(sums, churns, THREADS);
  churn_require(__func__, sums, found);
  pthread_barrier_destroy(&barrier);
}

/* In thread scope even the peak is exact while other threads work. */
static void *churn_in_a_window(void *context) {
  struct heapster_window windows[CHURN_HEAPS + 1];
  struct heapster_stats found[CHURN_HEAPS + 1];
  struct heapster_stats sums[CHURN_HEAPS + 1];
  struct churn *churn = context;
  churn_steps(churn, 1000);
  churn_finish(churn);
  churn_begin(churn, heaps, (uint64_t)(churn - churns));
  churn_windows_begin(heaps, HEAPSTER_THREAD, windows);
  churn_steps(churn, operations / THREADS / 8);
  churn_windows_end(windows, found);
  churn_sum(sums, churn, 1);
  churn_require("thread_scope_counts_only_its_own_thread", sums, found);
  require(found[0].scope == HEAPSTER_THREAD && found[0].kind == HEAPSTER_WINDOW, "kind or scope is wrong");
  require(found[0].use_peak == churn->total.use_max, "use_peak of the total is %llu, expected %llu",
          (unsigned long long)found[0].use_peak, (unsigned long long)churn->total.use_max);
  for (unsigned i = 0; i < CHURN_HEAPS; ++i)
    require(found[i + 1].use_peak == churn->totals[i].use_max, "use_peak of heap %u is %llu, expected %llu", i,
            (unsigned long long)found[i + 1].use_peak, (unsigned long long)churn->totals[i].use_max);
  churn_finish(churn);
  return NULL;
}

static void thread_scope_counts_only_its_own_thread(void) {
  pthread_t threads[THREADS];
  churn_start_all(THREADS, churns, threads, heaps, churn_in_a_window);
  churn_join_all(THREADS, threads);
}

static void *do_a_hundred(void *context) {
  pthread_barrier_wait(&barrier);
  churn_steps(context, 100);
  pthread_barrier_wait(&barrier);
  pthread_barrier_wait(&barrier);
  return NULL;
}

/* The barriers make the other thread idle, then busy, then idle again. */
static void requests_of_other_threads_are_foreign(void) {
  struct heapster_window windows[CHURN_HEAPS + 1];
  struct heapster_stats found[CHURN_HEAPS + 1];
  struct churn own;
  pthread_t other;
  pthread_barrier_init(&barrier, NULL, 2);
  churn_begin(&own, heaps, 1);
  churn_begin(&churns[0], heaps, 2);
  start_thread(&other, do_a_hundred, &churns[0]);
  churn_windows_begin(heaps, HEAPSTER_PROCESS, windows);
  churn_steps(&own, 100);
  churn_windows_end(windows, found);
  require(!found[0].foreign_count, "alone, but %llu foreign", (unsigned long long)found[0].foreign_count);
  churn_windows_begin(heaps, HEAPSTER_PROCESS, windows);
  pthread_barrier_wait(&barrier);
  churn_steps(&own, 100);
  pthread_barrier_wait(&barrier);
  churn_windows_end(windows, found);
  require(found[0].foreign_count == 100, "100 foreign, but found %llu", (unsigned long long)found[0].foreign_count);
  require(figures_operations(&found[0]) == 200, "200 in all");
  pthread_barrier_wait(&barrier);
  pthread_join(other, NULL);
  churn_finish(&own);
  churn_finish(&churns[0]);
  pthread_barrier_destroy(&barrier);
}

static void *end_anothers_window(void *context) {
  const struct heapster_window *window = context;
  struct heapster_stats untouched;
  memset(&untouched, 0x5A, sizeof untouched);
  const struct heapster_stats before = untouched;
  require_error(HEAPSTER_WRONG_THREAD, heapster_window_end(*window, &untouched));
  require(!memcmp((const char *)&before, (const char *)&untouched, sizeof before), "stats were touched");
  return NULL;
}

static void a_thread_scope_window_ends_only_on_its_thread(void) {
  struct heapster_window window;
  struct heapster_stats stats;
  pthread_t other;
  require_ok(heapster_window_begin(NULL, HEAPSTER_THREAD, &window));
  start_thread(&other, end_anothers_window, &window);
  pthread_join(other, NULL);
  require_ok(heapster_window_end(window, &stats));
  require(!figures_operations(&stats), "the failed end of the other thread is counted");
}

static void a_window_ends_once(void) {
  struct heapster_window window;
  struct heapster_window reused;
  const struct heapster_window none = {0, 0};
  require_error(HEAPSTER_WINDOW_CLOSED, heapster_window_end(none, NULL));
  require_ok(heapster_window_begin(NULL, HEAPSTER_PROCESS, &window));
  require_ok(heapster_window_end(window, NULL));
  require_error(HEAPSTER_WINDOW_CLOSED, heapster_window_end(window, NULL));
  require_ok(heapster_window_begin(NULL, HEAPSTER_PROCESS, &reused));
  require_error(HEAPSTER_WINDOW_CLOSED, heapster_window_end(window, NULL));
  require_ok(heapster_window_end(reused, NULL));
}

static void without_counters_per_thread_thread_scope_is_refused(void) {
  struct heapster_window window = {1, 1};
  require_error(HEAPSTER_UNSUPPORTED, heapster_window_begin(NULL, HEAPSTER_THREAD, &window));
  require(!window.index && !window.generation, "a refused window is not {0, 0}");
}

static void one_window_too_many_is_refused(void) {
  struct heapster_window windows[HEAPSTER_WINDOWS];
  struct heapster_window refused = {1, 1};
  for (unsigned i = 0; i < HEAPSTER_WINDOWS; ++i)
    require_ok(heapster_window_begin(NULL, HEAPSTER_PROCESS, &windows[i]));
  require_error(HEAPSTER_TOO_MANY_WINDOWS, heapster_window_begin(NULL, HEAPSTER_PROCESS, &refused));
  require(!refused.index && !refused.generation, "a refused window is not {0, 0}");
  for (unsigned i = 0; i < HEAPSTER_WINDOWS; ++i) require_ok(heapster_window_end(windows[i], NULL));
}

int main(int argc, char **argv) {
  operations = argument(argc, argv, 1, 4000000);
  churn_heaps("windows", NULL, heaps);
  a_window_ends_once();
  one_window_too_many_is_refused();
  if (is_sharded()) {
    a_thread_scope_window_ends_only_on_its_thread();
    requests_of_other_threads_are_foreign();
    thread_scope_counts_only_its_own_thread();
  } else {
    without_counters_per_thread_thread_scope_is_refused();
  }
  law_6_resets_lose_nothing_under_load();
  return 0;
}
