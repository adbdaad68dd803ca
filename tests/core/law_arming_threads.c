/* Threads request, start and end while another arms and disarms: what was counted while armed is at sites or under way,
   and of a thread at most one request is. A fork keeps what it has the thread for. law_arming_threads [rounds] */
#include "churn.h"

#include "base/lock.h"
#include "count/arming.h"
#include "heap/heap.h"

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, SHORT_STEPS = 200, KEPT = 1 << 14 };

static struct heapster_heap *heaps[CHURN_HEAPS];
static struct churn churns[2 * THREADS];
static atomic_bool is_over;
static _Atomic uint64_t counts[KEPT]; /* at sites, by arming: a thread may be late by many */

static uint16_t attribute_alloc(const struct heapster__attribution *to, uint64_t size) {
  (void)size;
  atomic_fetch_add(&counts[to->arming % KEPT], 1);
  return 0;
}

static void attribute_resize(const struct heapster__attribution *to, const struct heapster__resize *resize) {
  (void)to, (void)resize;
}

static uint32_t arm(const struct heapster__thread *armer) {
  static const struct heapster__attributor attributor = {attribute_alloc, attribute_resize};
  heapster__lock();
  const uint32_t arming = heapster__arm(&attributor, armer);
  heapster__unlock();
  return arming;
}

static struct heapster_requests disarm(uint32_t arming, uint64_t *at_sites) {
  struct heapster_requests armed = {0};
  heapster__lock();
  heapster__disarm();
  *at_sites = atomic_load(&counts[arming % KEPT]);
  for (unsigned i = 0; i < CHURN_HEAPS; ++i) heapster__add_armed(&armed, NULL, heaps[i]->number);
  heapster__unlock();
  return armed;
}

static void *churn_on(void *context) {
  while (!atomic_load(&is_over)) churn_step(context);
  churn_finish(context);
  return NULL;
}

static void *churn_shortly(void *context) {
  churn_steps(context, SHORT_STEPS);
  churn_finish(context);
  return NULL;
}

static void *start_short_threads(void *context) {
  while (!atomic_load(&is_over)) {
    pthread_t thread;
    start_thread(&thread, churn_shortly, context);
    pthread_join(thread, NULL);
  }
  return NULL;
}

static void law_requests_are_at_sites_or_under_way(uint64_t round) {
  uint64_t at_sites;
  const uint32_t arming = arm(NULL);
  for (uint64_t i = 0; i < round % 50; ++i) sched_yield();
  const struct heapster_requests armed = disarm(arming, &at_sites);
  require(armed.alloc_count >= at_sites && armed.alloc_count - at_sites <= (uint64_t)2 * THREADS,
          "%llu requests while armed, %llu at sites", (unsigned long long)armed.alloc_count,
          (unsigned long long)at_sites);
}

static void law_at_rest_all_are_at_sites(uint64_t seed) {
  struct churn own;
  struct heapster_window window;
  struct heapster_stats stats;
  uint64_t at_sites;
  churn_begin(&own, heaps, seed);
  const uint32_t arming = arm(heapster__this_thread());
  require_ok(heapster_window_begin(NULL, HEAPSTER_PROCESS, &window));
  churn_steps(&own, SHORT_STEPS);
  require_ok(heapster_window_end(window, &stats));
  const struct heapster_requests armed = disarm(arming, &at_sites);
  require(stats.alloc_count > 0 && stats.alloc_count == armed.alloc_count && stats.alloc_count == at_sites,
          "%llu requests, %llu while armed, %llu at sites", (unsigned long long)stats.alloc_count,
          (unsigned long long)armed.alloc_count, (unsigned long long)at_sites);
  churn_finish(&own);
}

static bool is_armed_in_a_child(void) {
  int status = 0;
  const pid_t child = fork();
  require(child >= 0, "no process could be started");
  if (!child) _exit(heapster__is_armed());
  require(waitpid(child, &status, 0) == child && WIFEXITED(status), "the child did not end");
  return WEXITSTATUS(status);
}

static void *fork_elsewhere(void *is_armed) {
  *(bool *)is_armed = is_armed_in_a_child();
  return NULL;
}

static void law_a_fork_disarms_what_another_thread_armed(const struct heapster__thread *armer) {
  pthread_t thread;
  bool is_armed = false;
  uint64_t at_sites;
  const uint32_t arming = arm(armer);
  require(is_armed_in_a_child(), "the child of the thread that armed is not armed");
  start_thread(&thread, fork_elsewhere, &is_armed);
  pthread_join(thread, NULL);
  require(is_armed == !armer, "the child of another thread is %sarmed", is_armed ? "" : "not ");
  disarm(arming, &at_sites);
}

int main(int argc, char **argv) {
  const uint64_t rounds = argument(argc, argv, 1, 1000);
  pthread_t threads[2 * THREADS];
  if (!is_sharded()) return skip_law("nothing is armed without thread records");
  churn_heaps("armed", NULL, heaps);
  for (unsigned i = 0; i < 2 * THREADS; ++i) {
    churn_begin(&churns[i], heaps, i);
    start_thread(&threads[i], i % 2 ? start_short_threads : churn_on, &churns[i]);
  }
  for (support_run.step = 0; support_run.step < rounds; ++support_run.step)
    law_requests_are_at_sites_or_under_way(support_run.step);
  atomic_store(&is_over, true);
  for (unsigned i = 0; i < 2 * THREADS; ++i) pthread_join(threads[i], NULL);
  for (support_run.step = 0; support_run.step < rounds; ++support_run.step)
    law_at_rest_all_are_at_sites(support_run.step);
  if (!IS_UNDER_TSAN) law_a_fork_disarms_what_another_thread_armed(heapster__this_thread());
  if (!IS_UNDER_TSAN) law_a_fork_disarms_what_another_thread_armed(NULL);
  return 0;
}
