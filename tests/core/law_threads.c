/* The laws under many threads: at rest, counts and sums are the sum of the threads' own totals.
   law_threads [operations] */
#include <pthread.h>
#include <string.h>

#include <heapster/hook.h>

#include "churn.h"
#include "figures.h"

enum { THREADS = 64, SHORT_THREADS = 10000, BATCH = 50, PAIRS = 8, QUEUE = 256 };

static struct heapster_heap *heaps[CHURN_HEAPS];
static struct churn churns[THREADS];
static uint64_t operations;
static atomic_bool is_over;

static void start_churns(void) {
  for (uint64_t i = 0; i < THREADS; ++i) churn_begin(&churns[i], heaps, i);
}

/* Windows around `work`: they must show the sum of all churns, and nothing of this thread. */
static void require_sums(const char *law, void (*work)(void)) {
  struct heapster_window windows[CHURN_HEAPS + 1];
  struct heapster_stats found[CHURN_HEAPS + 1];
  struct heapster_stats sums[CHURN_HEAPS + 1];
  start_churns();
  churn_windows_begin(heaps, HEAPSTER_PROCESS, windows);
  work();
  churn_windows_end(windows, found);
  churn_sum(sums, churns, THREADS);
  churn_require(law, sums, found);
  for (unsigned i = 0; is_sharded() && i <= CHURN_HEAPS; ++i)
    if (found[i].foreign_count != figures_operations(&sums[i]))
      die(law, "foreign_count is %llu, the others did %llu", (unsigned long long)found[i].foreign_count,
          (unsigned long long)figures_operations(&sums[i]));
}

static void law_1_holds_in_every_snapshot_under_load(const struct heapster_stats *stats) {
  require(stats->alloc_count == heapster_histogram_total(&stats->alloc_histogram), "allocs");
  require(stats->realloc_growth_count == heapster_histogram_total(&stats->realloc_growth_histogram), "growths");
  require(stats->realloc_shrink_count == heapster_histogram_total(&stats->realloc_shrink_histogram), "shrinks");
  require(stats->total_alloc_sum == stats->alloc_sum + stats->realloc_growth_sum, "total_alloc_sum");
  require(stats->total_dealloc_sum == stats->dealloc_sum + stats->realloc_shrink_sum, "total_dealloc_sum");
}

/* The bound is far more than the threads can hold: only a negative number without a clamp exceeds it. */
static void law_2_use_is_clamped_under_load(const struct heapster_stats *stats) {
  require(stats->use_curr < (uint64_t)1 << 40, "use_curr is %llu", (unsigned long long)stats->use_curr);
  require(stats->live_count < (uint64_t)1 << 40, "live_count is %llu", (unsigned long long)stats->live_count);
  require(stats->use_max >= stats->use_curr, "use_curr is above use_max");
}

static void law_3_the_total_is_the_sum_in_one_read(void) {
  struct heapster_heap_stats each[CHURN_HEAPS];
  struct heapster_stats total;
  struct heapster_stats sum = {.kind = HEAPSTER_SNAPSHOT};
  require(heapster_stats_read_all(&total, each, CHURN_HEAPS) == CHURN_HEAPS, "heaps are missing");
  for (unsigned i = 0; i < CHURN_HEAPS; ++i) figures_add(&sum, &each[i].stats);
  require(figures_match("total", &sum, &total, FIGURES_COUNTERS), "the sum differs");
}

static void *read_all_the_time(void *unused) {
  struct heapster_stats stats;
  for (unsigned i = 0; !atomic_load(&is_over); ++i) {
    heapster_stats_read(i % 3 == 0 ? NULL : heaps[i % 3 - 1], &stats);
    law_1_holds_in_every_snapshot_under_load(&stats);
    law_2_use_is_clamped_under_load(&stats);
    law_3_the_total_is_the_sum_in_one_read();
  }
  return unused;
}

static void *churn_own(void *context) {
  churn_steps(context, operations / THREADS);
  return NULL;
}

static void work_on_64_threads(void) {
  pthread_t threads[THREADS];
  pthread_t reader;
  atomic_store(&is_over, false);
  start_thread(&reader, read_all_the_time, NULL);
  for (unsigned i = 0; i < THREADS; ++i) start_thread(&threads[i], churn_own, &churns[i]);
  for (unsigned i = 0; i < THREADS; ++i) pthread_join(threads[i], NULL);
  atomic_store(&is_over, true);
  pthread_join(reader, NULL);
}

static void law_5_sums_are_exact_over_64_threads(void) { require_sums(__func__, work_on_64_threads); }

/* Frees the blocks that the threads of the law before left live, on a thread that allocated none of them. */
static void law_5_blocks_of_ended_threads_are_freed_exactly(void) {
  static struct churn all[THREADS];
  struct heapster_window windows[CHURN_HEAPS + 1];
  struct heapster_stats found[CHURN_HEAPS + 1];
  struct heapster_stats sums[CHURN_HEAPS + 1];
  for (unsigned i = 0; i < THREADS; ++i) {
    churn_begin(&all[i], heaps, i);
    memcpy(all[i].blocks, churns[i].blocks, sizeof all[i].blocks);
  }
  churn_windows_begin(heaps, HEAPSTER_PROCESS, windows);
  for (unsigned i = 0; i < THREADS; ++i) churn_finish(&all[i]);
  churn_windows_end(windows, found);
  churn_sum(sums, all, THREADS);
  churn_require(__func__, sums, found);
  require(found[0].foreign_count == 0, "%llu foreign", (unsigned long long)found[0].foreign_count);
}

static void *churn_shortly(void *context) {
  churn_steps(context, 40);
  return NULL;
}

/* Each thread continues the churn of an ended one, blocks included. */
static void work_on_short_threads(void) {
  pthread_t threads[BATCH];
  for (unsigned done = 0; done < SHORT_THREADS; done += BATCH) {
    for (unsigned i = 0; i < BATCH; ++i) start_thread(&threads[i], churn_shortly, &churns[(done + 7 * i) % BATCH]);
    for (unsigned i = 0; i < BATCH; ++i) pthread_join(threads[i], NULL);
  }
}

static void law_5_sums_are_exact_over_10000_short_threads(void) {
  struct heapster_status after;
  require_sums(__func__, work_on_short_threads);
  for (unsigned i = 0; i < THREADS; ++i) churn_finish(&churns[i]);
  heapster_status_read(&after);
  require(after.threads_seen <= THREADS + 1, "%u sets of counters for %u threads at a time", after.threads_seen,
          THREADS + 1);
  require(after.threads_alive <= 1, "%u threads are counted as alive", (unsigned)after.threads_alive);
}

/* Blocks handed from one thread to the next. */
struct queue {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  struct churn_block blocks[QUEUE];
  size_t first;
  size_t count;
};

static struct queue queues[PAIRS];

static void put(struct queue *queue, struct churn_block block) {
  pthread_mutex_lock(&queue->lock);
  while (queue->count == QUEUE) pthread_cond_wait(&queue->changed, &queue->lock);
  queue->blocks[(queue->first + queue->count++) % QUEUE] = block;
  pthread_cond_broadcast(&queue->changed);
  pthread_mutex_unlock(&queue->lock);
}

static struct churn_block get(struct queue *queue) {
  pthread_mutex_lock(&queue->lock);
  while (queue->count == 0) pthread_cond_wait(&queue->changed, &queue->lock);
  const struct churn_block block = queue->blocks[queue->first];
  queue->first = (queue->first + 1) % QUEUE;
  queue->count -= 1;
  pthread_cond_broadcast(&queue->changed);
  pthread_mutex_unlock(&queue->lock);
  return block;
}

static void *produce(void *context) {
  const size_t pair = (size_t)((struct churn *)context - churns) / 2;
  for (uint64_t i = 0; i < operations / THREADS; ++i) {
    struct churn_block block = churn_alloc(context, (unsigned)(i % CHURN_HEAPS), i % 700);
    if (i % 5 == 0) churn_resize(context, &block, i % 300);
    put(&queues[pair], block);
  }
  return NULL;
}

static void *consume(void *context) {
  const size_t pair = (size_t)((struct churn *)context - churns) / 2;
  for (uint64_t i = 0; i < operations / THREADS; ++i) {
    struct churn_block block = get(&queues[pair]);
    if (i % 3 == 0) churn_resize(context, &block, i % 900);
    churn_free(context, &block);
  }
  return NULL;
}

static void work_in_pairs(void) {
  pthread_t threads[2 * PAIRS];
  for (size_t i = 0; i < PAIRS; ++i) {
    queues[i] = (struct queue){.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    start_thread(&threads[2 * i], produce, &churns[2 * i]);
    start_thread(&threads[2 * i + 1], consume, &churns[2 * i + 1]);
  }
  for (unsigned i = 0; i < 2 * PAIRS; ++i) pthread_join(threads[i], NULL);
}

static void law_5_sums_are_exact_between_producers_and_consumers(void) { require_sums(__func__, work_in_pairs); }

static pthread_key_t late_key;

/* Sets its key again until the system stops calling it, so that it also runs after heapster's end of the thread. */
static void work_late(void *context) {
  struct churn *churn = context;
  churn_steps(churn, 200);
  pthread_setspecific(late_key, churn);
}

static void *end_with_work(void *context) {
  pthread_setspecific(late_key, context);
  churn_steps(context, 100);
  return NULL;
}

static void work_in_destructors(void) {
  pthread_t threads[THREADS];
  for (unsigned i = 0; i < THREADS; ++i) start_thread(&threads[i], end_with_work, &churns[i]);
  for (unsigned i = 0; i < THREADS; ++i) pthread_join(threads[i], NULL);
}

static void law_5_sums_are_exact_after_a_thread_ended(void) {
  require(pthread_key_create(&late_key, work_late) == 0, "no key could be made");
  require_sums(__func__, work_in_destructors);
  for (unsigned i = 0; i < THREADS; ++i) churn_finish(&churns[i]);
  pthread_key_delete(late_key);
}

int main(int argc, char **argv) {
  operations = argument(argc, argv, 1, 10000000);
  churn_heaps("threads", NULL, heaps);
  law_5_sums_are_exact_over_64_threads();
  law_5_blocks_of_ended_threads_are_freed_exactly();
  law_5_sums_are_exact_over_10000_short_threads();
  law_5_sums_are_exact_between_producers_and_consumers();
  if (!IS_UNDER_TSAN) law_5_sums_are_exact_after_a_thread_ended();
  return 0;
}
