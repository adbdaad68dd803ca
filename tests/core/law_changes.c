/* Reading only counters that changed misses nothing: frames and windows over threads that work meanwhile.
   law_changes [rounds [seed]] */
#include <heapster/heapster.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "support.h"

enum { THREADS = 4, HEAPS = 3, STEPS = 400 };

static struct heapster_heap *heaps[HEAPS];
static atomic_uint working;

/* What the threads of a round did in each heap. */
static struct done {
  atomic_ullong allocs;
  atomic_ullong growths;
  atomic_ullong bytes;
} done[HEAPS];

static void count(atomic_ullong *counter, uint64_t by) { atomic_fetch_add_explicit(counter, by, memory_order_relaxed); }

/* Allocates a block of 0 bytes to an uncommon size, perhaps grows it, and frees it. */
static void step(struct dice *dice) {
  const unsigned i = (unsigned)dice_below(dice, HEAPS);
  const size_t size = dice_below(dice, 2) ? dice_below(dice, 3) : dice_below(dice, 300000);
  void *block = heapster_heap_malloc(heaps[i], size);
  count(&done[i].allocs, 1);
  count(&done[i].bytes, size);
  if (dice_below(dice, 2)) {
    block = heapster_heap_realloc(heaps[i], block, size + 50);
    count(&done[i].growths, 1);
    count(&done[i].bytes, 50);
  }
  heapster_heap_free(heaps[i], block);
}

static void *work(void *dice) {
  for (unsigned i = 0; i < STEPS; i++) step(dice);
  atomic_fetch_sub_explicit(&working, 1, memory_order_release);
  return NULL;
}

/* Runs the threads, and calls `meanwhile` again and again until they end. */
static void run_threads(struct dice *dice, void (*meanwhile)(void)) {
  pthread_t threads[THREADS];
  struct dice each[THREADS];
  atomic_store_explicit(&working, THREADS, memory_order_relaxed);
  for (unsigned i = 0; i < THREADS; i++) {
    each[i] = dice_make(dice_roll(dice));
    start_thread(&threads[i], work, &each[i]);
  }
  while (atomic_load_explicit(&working, memory_order_acquire)) meanwhile();
  for (unsigned i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
}

static struct heapster_frame seen[HEAPS]; /* the sums of all frames of a round */

static void add(struct heapster_frame *sum, const struct heapster_frame *frame) {
  sum->alloc_count += frame->alloc_count;
  sum->realloc_growth_count += frame->realloc_growth_count;
  sum->total_alloc_sum += frame->total_alloc_sum;
}

static void the_total_of_a_frame_is_the_sum_of_its_heaps(void) {
  static struct heapster_frames frames;
  struct heapster_frame sum = {0};
  require_ok(heapster_frame_mark());
  for (unsigned i = 0; i < HEAPS; i++) {
    heapster_frames_read(heaps[i], &frames);
    require(frames.last.use_peak <= frames.last.total_alloc_sum, "the peak is more than was requested");
    add(&sum, &frames.last);
    add(&seen[i], &frames.last);
  }
  heapster_frames_read(NULL, &frames);
  require(frames.last.alloc_count == sum.alloc_count, "alloc_count");
  require(frames.last.realloc_growth_count == sum.realloc_growth_count, "realloc_growth_count");
  require(frames.last.total_alloc_sum == sum.total_alloc_sum, "total_alloc_sum");
}

static void frames_lose_nothing(struct dice *dice) {
  for (unsigned i = 0; i < HEAPS; i++) {
    done[i] = (struct done){0};
    seen[i] = (struct heapster_frame){0};
  }
  require_ok(heapster_frame_mark());
  run_threads(dice, the_total_of_a_frame_is_the_sum_of_its_heaps);
  the_total_of_a_frame_is_the_sum_of_its_heaps();
  for (unsigned i = 0; i < HEAPS; i++) {
    require(seen[i].alloc_count == done[i].allocs, "%llu allocs in frames", (unsigned long long)seen[i].alloc_count);
    require(seen[i].realloc_growth_count == done[i].growths, "growths");
    require(seen[i].total_alloc_sum == done[i].bytes, "bytes");
  }
}

static void use_window(void) {
  struct heapster_window window;
  struct heapster_stats stats;
  require_ok(heapster_window_begin(heaps[0], HEAPSTER_PROCESS, &window));
  require_ok(heapster_window_end(window, &stats));
  require(heapster_histogram_total(&stats.alloc_histogram) == stats.alloc_count, "alloc_count");
}

/* The window's entry has sums that were cached while the threads worked. */
static void a_window_after_the_load_counts_only_what_follows(struct dice *dice) {
  struct heapster_window window;
  struct heapster_stats stats;
  run_threads(dice, use_window);
  require_ok(heapster_window_begin(heaps[0], HEAPSTER_PROCESS, &window));
  heapster_heap_free(heaps[0], heapster_heap_malloc(heaps[0], 40));
  require_ok(heapster_window_end(window, &stats));
  require(stats.alloc_count == 1 && stats.alloc_sum == 40, "%llu allocs", (unsigned long long)stats.alloc_count);
  require(stats.dealloc_count == 1 && stats.dealloc_sum == 40, "%llu frees", (unsigned long long)stats.dealloc_count);
  require(!stats.realloc_growth_count && !stats.realloc_move_count, "earlier resizes are counted");
}

int main(int argc, char **argv) {
  const uint64_t rounds = argument(argc, argv, 1, 200);
  support_run.seed = argument(argc, argv, 2, 1);
  struct dice dice = dice_make(support_run.seed);
  for (unsigned i = 0; i < HEAPS; i++) {
    const char name[] = {'h', (char)('0' + i), '\0'};
    require_ok(heapster_heap_create(name, NULL, &heaps[i]));
  }
  for (support_run.step = 0; support_run.step < rounds; support_run.step++) {
    frames_lose_nothing(&dice);
    a_window_after_the_load_counts_only_what_follows(&dice);
  }
  return 0;
}
