/* One pattern of requests on so many threads at once; prints nanoseconds an operation.

     micro PATTERN THREADS LIMIT [COLD_BLOCKS]
     micro                                       the patterns' names

   LIMIT is a time ("100ms"), so that a slow counter does fewer operations rather than take longer, or a number of
   operations a thread, for a count of instructions. A thread has a processor of its own where there are enough. The
   nanoseconds printed are the threads' processor time, so that other programs disturb them less: what a thread sleeps
   through, waiting for a lock or for a neighbour, is not in them. */
#include "micro.h"
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_THREADS = 64, COLD_BLOCKS = 4000000 };

static struct {
  const struct pattern *pattern;
  double nanoseconds; /* 0: operations decide */
  size_t operations;
  pthread_barrier_t together;
} task;

struct job {
  pthread_t thread;
  struct worker worker;
  double nanoseconds; /* of processor time */
  size_t operations;
};

static double now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* Where there are too few processors the scheduler shares them out. */
static void pin(const struct worker *worker) {
  cpu_set_t usable, own;
  if (sched_getaffinity(0, sizeof usable, &usable) || (size_t)CPU_COUNT(&usable) < worker->threads) return;
  size_t before = worker->index;
  for (size_t processor = 0; processor < CPU_SETSIZE; processor++) {
    if (!CPU_ISSET(processor, &usable) || before-- > 0) continue;
    CPU_ZERO(&own);
    CPU_SET(processor, &own);
    sched_setaffinity(0, sizeof own, &own);
    return;
  }
}

static bool is_over(const struct job *job, double end) {
  if (task.pattern->is_done_whole) return job->worker.left == 0;
  return task.nanoseconds > 0 ? now(CLOCK_MONOTONIC) >= end : job->operations >= task.operations;
}

static void work_until_over(struct job *job) {
  const double start = now(CLOCK_THREAD_CPUTIME_ID), end = now(CLOCK_MONOTONIC) + task.nanoseconds;
  while (!is_over(job, end)) job->operations += task.pattern->batch(&job->worker);
  job->nanoseconds = now(CLOCK_THREAD_CPUTIME_ID) - start;
}

static void warm(struct worker *worker) {
  const double end = now(CLOCK_MONOTONIC) + task.nanoseconds / 10;
  while (!task.pattern->is_done_whole && now(CLOCK_MONOTONIC) < end) task.pattern->batch(worker);
}

static void *work(void *argument) {
  struct job *job = argument;
  pin(&job->worker);
  if (task.pattern->prepare) task.pattern->prepare(&job->worker);
  pthread_barrier_wait(&task.together);
  warm(&job->worker);
  pthread_barrier_wait(&task.together);
  work_until_over(job);
  pthread_barrier_wait(&task.together);
  if (task.pattern->clear) task.pattern->clear(&job->worker);
  return NULL;
}

static double nanoseconds_an_operation(size_t threads, size_t cold_blocks) {
  static struct job jobs[MAX_THREADS];
  struct ring *rings = rings_create(threads);
  pthread_barrier_init(&task.together, NULL, (unsigned)threads);
  for (size_t i = 0; i < threads; i++) {
    jobs[i].worker =
        (struct worker){.index = i, .threads = threads, .random = 88172645 + 7919 * i, .cold_blocks = cold_blocks};
    rings_connect(&jobs[i].worker, rings);
    if (pthread_create(&jobs[i].thread, NULL, work, &jobs[i])) abort();
  }
  double nanoseconds = 0, operations = 0;
  for (size_t i = 0; i < threads; i++) {
    pthread_join(jobs[i].thread, NULL);
    nanoseconds += jobs[i].nanoseconds;
    operations += (double)jobs[i].operations;
  }
  free(rings);
  return nanoseconds / operations;
}

/* False: not a limit. */
static bool read_limit(const char *text) {
  char *unit;
  const unsigned long long limit = strtoull(text, &unit, 10);
  if (strcmp(unit, "ms") == 0) task.nanoseconds = (double)limit * 1e6;
  task.operations = (size_t)limit;
  return limit > 0 && (*unit == '\0' || strcmp(unit, "ms") == 0);
}

static bool can_be_done(size_t threads, size_t cold_blocks) {
  if (!task.pattern || threads < 1 || threads > MAX_THREADS || cold_blocks < 4 * threads) return false;
  return !task.pattern->needs_a_time || task.nanoseconds > 0;
}

static int list(void) {
  for (size_t i = 0; pattern_at(i); i++) puts(pattern_at(i)->name);
  return 0;
}

static int usage(const char *program) {
  (void)fprintf(stderr,
                "usage: %s PATTERN THREADS LIMIT [COLD_BLOCKS]\n"
                "PATTERN one of those that %s alone prints, THREADS 1 to %d, LIMIT as 100ms or, but for\n"
                "handing over, 20000 operations; COLD_BLOCKS at least 4 a thread\n",
                program, program, MAX_THREADS);
  return 2;
}

int main(int count, char **arguments) {
  if (count == 1) return list();
  if (count < 4 || count > 5) return usage(arguments[0]);
  task.pattern = pattern_find(arguments[1]);
  const size_t threads = strtoul(arguments[2], NULL, 10);
  const size_t cold_blocks = count == 5 ? strtoul(arguments[4], NULL, 10) : COLD_BLOCKS;
  if (!read_limit(arguments[3]) || !can_be_done(threads, cold_blocks)) return usage(arguments[0]);
  printf("%.3f\n", nanoseconds_an_operation(threads, cold_blocks));
  return 0;
}
