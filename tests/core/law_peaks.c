/* The law of peaks under many threads: at most threads x 32 KiB too high, and (threads - 1) x 32 KiB too low.
   law_peaks [windows] */
#include <pthread.h>
#include <sched.h>

#include "churn.h"

enum { THREADS = 64, SPAN = 32768, PIECE = 1000, PIECES = 500, ROUNDS = 20 };
enum { TIDE_BLOCK = 40000, TIDE_BLOCKS = 64, TIDE_WINDOWS = 100 };

static struct heapster_heap *heaps[CHURN_HEAPS];
static struct churn churns[THREADS];
static pthread_barrier_t barrier;
static atomic_bool is_over;
static atomic_bool is_tide_up;

static void allocate_pieces(struct churn *churn, struct churn_block pieces[PIECES]) {
  for (unsigned i = 0; i < PIECES; ++i) pieces[i] = churn_alloc(churn, i % CHURN_HEAPS, PIECE);
}

static void free_pieces(struct churn *churn, struct churn_block pieces[PIECES]) {
  for (unsigned i = 0; i < PIECES; ++i) churn_free(churn, &pieces[i]);
}

/* All are up at every other barrier, and down at those between: the true peak is what all threads hold together. */
static void *go_up_together(void *context) {
  struct churn_block pieces[PIECES];
  struct churn *churn = context;
  pthread_barrier_wait(&barrier);
  for (unsigned round = 0; round < ROUNDS; ++round) {
    allocate_pieces(churn, pieces);
    pthread_barrier_wait(&barrier);
    free_pieces(churn, pieces);
    pthread_barrier_wait(&barrier);
  }
  return NULL;
}

/* Half of the threads are up while the others are down; never more than half. */
static void *go_up_by_turns(void *context) {
  struct churn_block pieces[PIECES];
  struct churn *churn = context;
  const unsigned turn = (unsigned)(churn - churns) % 2;
  pthread_barrier_wait(&barrier);
  for (unsigned phase = 0; phase < 2 * ROUNDS; ++phase) {
    if (phase % 2 == turn) {
      allocate_pieces(churn, pieces);
      free_pieces(churn, pieces);
    }
    pthread_barrier_wait(&barrier);
  }
  return NULL;
}

static void require_peak(const char *law, const char *what, uint64_t found, uint64_t lowest, uint64_t highest) {
  const uint64_t low = (uint64_t)(THREADS - 1) * SPAN;
  const uint64_t high = (uint64_t)THREADS * SPAN;
  if (found + low < lowest || found > highest + high)
    die(law, "%s is %llu, the true one is %llu .. %llu", what, (unsigned long long)found, (unsigned long long)lowest,
        (unsigned long long)highest);
}

/* The true peak of the total is between `lowest` and `highest`, that of each heap is half of it. */
static void require_peaks(const char *law, void *(*run)(void *), uint64_t lowest, uint64_t highest) {
  struct heapster_window windows[CHURN_HEAPS + 1];
  struct heapster_stats found[CHURN_HEAPS + 1];
  struct heapster_stats snapshot;
  pthread_t threads[THREADS];
  pthread_barrier_init(&barrier, NULL, THREADS + 1);
  heapster_reset();
  churn_start_all(THREADS, churns, threads, heaps, run);
  churn_windows_begin(heaps, HEAPSTER_PROCESS, windows);
  for (unsigned i = 0; i <= 2 * ROUNDS; ++i) pthread_barrier_wait(&barrier);
  churn_windows_end(windows, found);
  churn_join_all(THREADS, threads);
  heapster_stats_read(NULL, &snapshot);
  require_peak(law, "use_peak of the total", found[0].use_peak, lowest, highest);
  require_peak(law, "use_max of the total", snapshot.use_max, lowest, highest);
  for (unsigned i = 1; i <= CHURN_HEAPS; ++i)
    require_peak(law, "use_peak of a heap", found[i].use_peak, lowest / 2, highest / 2);
  pthread_barrier_destroy(&barrier);
}

static void law_5_a_peak_reached_together_is_seen(void) {
  const uint64_t together = (uint64_t)THREADS * PIECES * PIECE;
  require_peaks(__func__, go_up_together, together, together);
}

/* One thread alone reaches the lower bound; all threads of a turn in step reach the upper one. */
static void law_5_peaks_reached_by_turns_do_not_add_up(void) {
  const uint64_t alone = (uint64_t)PIECES * PIECE;
  require_peaks(__func__, go_up_by_turns, alone, alone * THREADS / 2);
}

static uint64_t count_done(void) {
  uint64_t done = 0;
  for (unsigned i = 0; i < THREADS; ++i) done += atomic_load_explicit(&churns[i].done, memory_order_acquire);
  return done;
}

/* All threads go up and down together. */
static void *follow_the_tide(void *context) {
  struct churn_block held[TIDE_BLOCKS] = {{0}};
  struct churn *churn = context;
  unsigned count = 0;
  while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
    const bool is_up = atomic_load_explicit(&is_tide_up, memory_order_relaxed);
    if (is_up && count < TIDE_BLOCKS)
      held[count++] = churn_alloc(churn, 1, TIDE_BLOCK);
    else if (!is_up && count > 0)
      churn_free(churn, &held[--count]);
    else
      sched_yield();
  }
  while (count > 0) churn_free(churn, &held[--count]);
  return NULL;
}

/* Each request meanwhile may add a block, and each thread may be inside one that began before. */
static void require_short_window(uint64_t i) {
  struct heapster_window window;
  struct heapster_stats stats;
  const uint64_t before = count_done();
  require_ok(heapster_window_begin(i % 2 == 0 ? NULL : heaps[1], HEAPSTER_PROCESS, &window));
  require_ok(heapster_window_end(window, &stats));
  require_peak(__func__, "use_peak", stats.use_peak, 0, (count_done() - before + THREADS) * TIDE_BLOCK);
}

static void law_5_a_short_window_does_not_show_the_use_before_it(uint64_t windows) {
  pthread_t threads[THREADS];
  atomic_store(&is_over, false);
  churn_start_all(THREADS, churns, threads, heaps, follow_the_tide);
  for (support_run.step = 0; support_run.step < windows; ++support_run.step) {
    if (support_run.step % TIDE_WINDOWS == 0) atomic_store(&is_tide_up, !atomic_load(&is_tide_up));
    require_short_window(support_run.step);
  }
  atomic_store(&is_over, true);
  churn_join_all(THREADS, threads);
}

int main(int argc, char **argv) {
  churn_heaps("peaks", NULL, heaps);
  law_5_a_peak_reached_together_is_seen();
  law_5_peaks_reached_by_turns_do_not_add_up();
  law_5_a_short_window_does_not_show_the_use_before_it(argument(argc, argv, 1, 100000));
  return 0;
}
