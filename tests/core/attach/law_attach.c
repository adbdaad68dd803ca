/* The laws while malloc is hooked and unhooked in a loop, threads allocate, libraries are opened and closed, and
   children are forked. No block is harmed meanwhile, and afterwards every figure is exact. law_attach FOLDER [seconds
   [threads]] */
#include <heapster/heapster.h>

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "figures.h"
#include "support.h"

enum { MOST_THREADS = 64, BLOCKS = 128, SHARED = 256, STEPS = 500, CHILD_SECONDS = 60 };

struct block {
  unsigned char *bytes; /* NULL: none */
  size_t size;
  unsigned char filling;
};

struct worker {
  struct dice dice;
  struct block blocks[BLOCKS];
  struct heapster_stats totals;
};

static struct worker workers[MOST_THREADS];
static _Atomic(unsigned char *) shared[SHARED]; /* blocks that any thread may free */
static atomic_bool is_over;
static const char *folder;

static void fill(struct block *block, size_t from) { memset(block->bytes + from, block->filling, block->size - from); }

static void require_whole(const struct block *block, size_t size) {
  for (size_t i = 0; i < size; i++) require(block->bytes[i] == block->filling, "a block was written over");
}

static void *request_block(struct worker *worker, size_t size) {
  void *block = NULL;
  switch (dice_below(&worker->dice, 8)) {
  case 0:
    return calloc(1, size);
  case 1:
    return realloc(NULL, size);
  case 2:
    return posix_memalign(&block, 64, size) ? NULL : block;
  case 3:
    return reallocarray(NULL, 1, size);
  default:
    return malloc(size);
  }
}

static void work_on(struct worker *worker, struct block *block) {
  const size_t size = 1 + dice_below(&worker->dice, dice_below(&worker->dice, 64) == 0 ? 200000 : 300);
  if (!block->bytes) {
    *block = (struct block){request_block(worker, size), size, (unsigned char)dice_roll(&worker->dice)};
    fill(block, 0);
    figures_alloc(&worker->totals, size);
  } else if (dice_below(&worker->dice, 3) == 0) {
    const uintptr_t before = (uintptr_t)block->bytes;
    const size_t old = block->size;
    block->bytes = realloc(block->bytes, size);
    block->size = size;
    require_whole(block, old < size ? old : size);
    if (size > old) fill(block, old);
    figures_resize(&worker->totals, old, size, (uintptr_t)block->bytes != before);
  } else {
    require_whole(block, block->size);
    free(block->bytes);
    block->bytes = NULL;
    figures_free(&worker->totals, block->size);
  }
}

static void work(struct worker *worker, unsigned steps) {
  for (unsigned i = 0; i < steps; i++) work_on(worker, &worker->blocks[dice_below(&worker->dice, BLOCKS)]);
}

/* Leaves a block for another thread to free. */
static void hand_on(struct worker *worker) {
  unsigned char *fresh = (unsigned char *)strdup("handed on");
  free(atomic_exchange(&shared[dice_below(&worker->dice, SHARED)], fresh));
}

static void finish(struct worker *worker) {
  for (unsigned i = 0; i < BLOCKS; i++) {
    struct block *block = &worker->blocks[i];
    if (!block->bytes) continue;
    require_whole(block, block->size);
    free(block->bytes);
    block->bytes = NULL;
    figures_free(&worker->totals, block->size);
  }
}

static void *work_on_and_on(void *context) {
  struct worker *worker = context;
  while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
    work(worker, STEPS);
    hand_on(worker);
  }
  return NULL;
}

/* Meanwhile figures have only what was counted between hook and unhook, but counts agree with their histograms. */
static void law_1_counts_are_sums(const struct heapster_stats *stats) {
  require(stats->alloc_count == heapster_histogram_total(&stats->alloc_histogram), "alloc_count is not its sum");
  require(stats->realloc_growth_count == heapster_histogram_total(&stats->realloc_growth_histogram), "nor is growth");
}

static void *hook_and_unhook(void *context) {
  uint64_t *rounds = context;
  struct heapster_stats stats;
  while (!atomic_load(&is_over)) {
    struct heapster_window window;
    require_ok(heapster_hook("malloc"));
    require_ok(heapster_window_begin(NULL, HEAPSTER_PROCESS, &window));
    usleep(200);
    heapster_stats_read(heapster_heap_find("malloc"), &stats);
    law_1_counts_are_sums(&stats);
    require_ok(heapster_window_end(window, &stats));
    heapster_unhook("malloc"); /* a library that is being loaded may keep a slot */
    ++*rounds;
  }
  return NULL;
}

static void open_and_close(const char *name) {
  char path[4096];
  void *(*allocate)(size_t size);
  snprintf(path, sizeof path, "%s/lib%s.so", folder, name);
  void *handle = dlopen(path, RTLD_NOW);
  require(handle, "%s", dlerror());
  void *found = dlsym(handle, "plugin_allocate");
  memcpy(&allocate, &found, sizeof allocate);
  for (unsigned i = 0; i < 10; i++) free(allocate(100));
  dlclose(handle);
}

static void *open_and_close_on_and_on(void *context) {
  uint64_t *rounds = context;
  while (!atomic_load(&is_over)) {
    open_and_close("plugin_now");
    open_and_close("plugin_lazy");
    ++*rounds;
  }
  return NULL;
}

/* The child of a fork among threads must not walk the loaded objects, and must not hang. */
static _Noreturn void be_the_child(void) {
  static struct worker own;
  struct heapster_stats stats;
  alarm(CHILD_SECONDS);
  own.dice = dice_make(7);
  work(&own, STEPS);
  heapster_stats_read(NULL, &stats);
  law_1_counts_are_sums(&stats);
  heapster_hook("malloc");
  finish(&own);
  _exit(0);
}

static void fork_once(void) {
  int status = 0;
  const pid_t child = fork();
  if (child == 0) be_the_child();
  require(child > 0 && waitpid(child, &status, 0) == child, "no child");
  require(!WIFSIGNALED(status), "the child died by signal %d (%d: it hung)", WTERMSIG(status), SIGALRM);
  require(WEXITSTATUS(status) == 0, "a law broke in the child");
}

static void storm(uint64_t seconds, uint64_t count) {
  pthread_t threads[MOST_THREADS + 3];
  uint64_t rounds[3] = {0};
  uint64_t forks = 0;
  for (uint64_t i = 0; i < count; i++) start_thread(&threads[i], work_on_and_on, &workers[i]);
  start_thread(&threads[count], hook_and_unhook, &rounds[0]);
  start_thread(&threads[count + 1], open_and_close_on_and_on, &rounds[1]);
  start_thread(&threads[count + 2], open_and_close_on_and_on, &rounds[2]);
  for (const time_t end = time(NULL) + (time_t)seconds; time(NULL) < end; forks++) fork_once();
  atomic_store(&is_over, true);
  for (uint64_t i = 0; i < count + 3; i++) pthread_join(threads[i], NULL);
  require(rounds[0] > 0 && rounds[1] > 0 && rounds[2] > 0 && forks > 0, "nothing went on");
  printf("%llu hooks, %llu libraries, %llu forks\n", (unsigned long long)rounds[0], 2ULL * (rounds[1] + rounds[2]),
         (unsigned long long)forks);
}

static pthread_barrier_t barrier;

/* Threads allocate when they start and end. So the exact part lies between two barriers. */
static void *work_between_barriers(void *context) {
  struct worker *worker = context;
  work(worker, 1); /* so that it has its record, and glibc its arena */
  finish(worker);
  memset(&worker->totals, 0, sizeof worker->totals);
  pthread_barrier_wait(&barrier);
  pthread_barrier_wait(&barrier);
  work(worker, 20 * STEPS);
  finish(worker);
  pthread_barrier_wait(&barrier);
  pthread_barrier_wait(&barrier);
  return NULL;
}

/* Frees that were missed while the hook was off are recorded when their addresses are handed out again, with sizes
   that no worker knows. Compares the rest. */
static void take_out_unseen(struct heapster_stats *found, struct heapster_stats *sum) {
  if (!found->unseen_free_count) return;
  require(found->dealloc_sum >= sum->dealloc_sum, "frees are missing");
  found->dealloc_count -= found->unseen_free_count;
  found->unseen_free_count = 0;
  found->dealloc_sum = sum->dealloc_sum;
  found->total_dealloc_sum = sum->total_dealloc_sum;
}

static void law_5_what_follows_is_exact(uint64_t count) {
  pthread_t threads[MOST_THREADS];
  struct heapster_window window;
  struct heapster_stats found;
  struct heapster_stats sum;
  pthread_barrier_init(&barrier, NULL, (unsigned)count + 1);
  memset(&sum, 0, sizeof sum);
  require_ok(heapster_hook("malloc"));
  for (uint64_t i = 0; i < count; i++) start_thread(&threads[i], work_between_barriers, &workers[i]);
  pthread_barrier_wait(&barrier);
  require_ok(heapster_window_begin(heapster_heap_find("malloc"), HEAPSTER_PROCESS, &window));
  pthread_barrier_wait(&barrier);
  pthread_barrier_wait(&barrier);
  require_ok(heapster_window_end(window, &found));
  pthread_barrier_wait(&barrier);
  for (uint64_t i = 0; i < count; i++) pthread_join(threads[i], NULL);
  for (uint64_t i = 0; i < count; i++) figures_add(&sum, &workers[i].totals);
  take_out_unseen(&found, &sum);
  require(figures_match("malloc", &sum, &found, FIGURES_COUNTERS), "what was counted is not what the threads did");
}

static void laws_2_and_3_hold(void) {
  struct heapster_stats total;
  struct heapster_heap_stats heaps[2];
  require(heapster_stats_read_all(&total, heaps, 2) == 1, "there are other heaps than malloc");
  const struct heapster_stats *stats = &heaps[0].stats;
  law_1_counts_are_sums(stats);
  require(stats->total_alloc_sum - stats->total_dealloc_sum == stats->use_curr, "use_curr is not what remains");
  require(stats->alloc_count - stats->dealloc_count == stats->live_count, "live_count is not what remains");
  total.use_max = stats->use_max;
  require(heapster_stats_is_equal(&total, stats), "the total is not the sum of its heaps");
}

/* Frees all that is left, under the hook. */
static void clear(uint64_t count) {
  require_ok(heapster_hook("malloc"));
  for (uint64_t i = 0; i < count; i++) finish(&workers[i]);
  for (unsigned i = 0; i < SHARED; i++) free(atomic_exchange(&shared[i], NULL));
}

int main(int argc, char **argv) {
  folder = argc > 1 ? argv[1] : ".";
  const uint64_t seconds = argument(argc, argv, 2, 3);
  const uint64_t count = argument(argc, argv, 3, 8);
  require(count > 0 && count <= MOST_THREADS, "1 to %d threads, not %llu", MOST_THREADS, (unsigned long long)count);
  for (uint64_t i = 0; i < count; i++) workers[i].dice = dice_make(i + 1);
  storm(seconds, count);
  clear(count);
  laws_2_and_3_hold();
  law_5_what_follows_is_exact(count);
  laws_2_and_3_hold();
  require_ok(heapster_unhook("malloc"));
  return 0;
}
