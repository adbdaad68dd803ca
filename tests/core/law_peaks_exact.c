/* Law 5: a window is exact if only the thread that began it made requests, whatever other threads did before, and
   whether they start, end, sleep, begin windows, mark frames, reset or fork meanwhile. With several busy threads the
   peak of a window or a frame is within its use_peak_error, and that within its formula. And use_max of a heap
   is exact while one thread makes requests, however many read. law_peaks_exact [windows [seed]] */
#include <heapster/frame.h>
#include <heapster/heap.h>
#include <heapster/status.h>
#include <heapster/window.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

enum { HEAPS = 3, TARGETS = HEAPS + 1, MOST_THREADS = 32, OPEN = 6, BLOCKS = 48, SPAN = 32768 };

static struct heapster_heap *heaps[HEAPS];

/* The figures of a window by plain bookkeeping: target 0 is the total. */
struct expected_window {
  struct heapster_window window;
  unsigned target;
  int64_t start;
  int64_t peak;
};

struct block {
  void *address;
  size_t size;
  unsigned heap;
};

/* One thread's blocks, and the use of all that follow this model. */
struct worker {
  struct dice dice;
  struct block blocks[BLOCKS];
};

static int64_t use[TARGETS]; /* of all threads, where they take turns */
static struct expected_window open_windows[OPEN];
static unsigned open_count;
static struct expected_window frame[TARGETS]; /* the open frame of each target; `window` is unused */

static void change_use(unsigned heap, int64_t bytes) {
  use[0] += bytes;
  use[heap + 1] += bytes;
  for (unsigned i = 0; i < open_count; i++) {
    struct expected_window *each = &open_windows[i];
    if (use[each->target] > each->peak) each->peak = use[each->target];
  }
  for (unsigned i = 0; i < TARGETS; i++) {
    if (use[i] > frame[i].peak) frame[i].peak = use[i];
  }
}

static size_t random_size(struct dice *dice) {
  static const size_t bounds[] = {32, 300, 5000, 40000, 400000};
  return (size_t)dice_below(dice, bounds[dice_below(dice, sizeof bounds / sizeof *bounds)]) + 1;
}

/* One request, resize or free, and the same in the test's bookkeeping. */
static void step(struct worker *worker) {
  struct block *block = &worker->blocks[dice_below(&worker->dice, BLOCKS)];
  if (!block->address) {
    block->heap = (unsigned)dice_below(&worker->dice, HEAPS);
    block->size = random_size(&worker->dice);
    block->address = heapster_heap_malloc(heaps[block->heap], block->size);
    change_use(block->heap, (int64_t)block->size);
  } else if (dice_below(&worker->dice, 4) == 0) {
    const size_t size = random_size(&worker->dice);
    block->address = heapster_heap_realloc(heaps[block->heap], block->address, size);
    change_use(block->heap, (int64_t)size - (int64_t)block->size);
    block->size = size;
  } else {
    heapster_heap_free(heaps[block->heap], block->address);
    change_use(block->heap, -(int64_t)block->size);
    block->address = NULL;
  }
}

static void begin_one(struct dice *dice) {
  struct expected_window *each = &open_windows[open_count];
  each->target = (unsigned)dice_below(dice, TARGETS);
  require_ok(heapster_window_begin(each->target ? heaps[each->target - 1] : NULL, HEAPSTER_PROCESS, &each->window));
  each->start = each->peak = use[each->target];
  open_count++;
}

static struct heapster_stats end_one(unsigned index, struct expected_window *ended) {
  struct heapster_stats stats;
  *ended = open_windows[index];
  require_ok(heapster_window_end(ended->window, &stats));
  open_windows[index] = open_windows[--open_count];
  return stats;
}

/* --- what other threads do without a request --- */

static atomic_bool is_over;
static pthread_barrier_t ready;

static void *allocate_and_end(void *unused) {
  heapster_heap_free(heaps[0], heapster_heap_malloc(heaps[0], 100));
  return unused;
}

static void *only_end(void *unused) { return unused; }

static void disturb(struct dice *dice) {
  struct heapster_window window;
  pthread_t thread;
  pid_t child;
  switch (dice_below(dice, 8)) {
  case 0:
  case 1:
    if (!heapster_window_begin(heaps[dice_below(dice, HEAPS)], HEAPSTER_PROCESS, &window))
      heapster_window_end(window, NULL);
    break;
  case 2:
    if (!heapster_window_begin(NULL, HEAPSTER_THREAD, &window)) heapster_window_end(window, NULL);
    break;
  case 3:
    require_ok(heapster_frame_mark());
    break;
  case 4:
    heapster_reset();
    break;
  case 5:
    start_thread(&thread, only_end, NULL);
    pthread_join(thread, NULL);
    break;
  case 6:
    if (IS_UNDER_TSAN || dice_below(dice, 50)) break;
    child = fork();
    if (child == 0) _exit(0);
    waitpid(child, NULL, 0);
    break;
  default:
    sched_yield();
  }
}

/* Works first, so that it has pending bytes, then disturbs without a request; some end early. */
static void *bystander(void *context) {
  static _Thread_local struct block kept[BLOCKS];
  struct dice dice = dice_make((uint64_t)(uintptr_t)context);
  const unsigned count = (unsigned)dice_below(&dice, BLOCKS);
  for (unsigned i = 0; i < count; i++) {
    kept[i] = (struct block){NULL, (size_t)dice_below(&dice, 2000) + 1, (unsigned)dice_below(&dice, HEAPS)};
    kept[i].address = heapster_heap_malloc(heaps[kept[i].heap], kept[i].size);
  }
  pthread_barrier_wait(&ready); /* all have worked */
  const uint64_t turns = dice_below(&dice, 3) ? UINT64_MAX : dice_below(&dice, 20);
  for (uint64_t i = 0; i < turns && !atomic_load_explicit(&is_over, memory_order_relaxed); i++) disturb(&dice);
  pthread_barrier_wait(&ready); /* the windows have ended */
  for (unsigned i = 0; i < count; i++) heapster_heap_free(heaps[kept[i].heap], kept[i].address);
  return NULL;
}

static void require_exact(const struct expected_window *expected, const struct heapster_stats *found) {
  const uint64_t peak = (uint64_t)(expected->peak - expected->start);
  require(found->foreign_count == 0, "foreign_count is %llu, only one thread made requests",
          (unsigned long long)found->foreign_count);
  require(found->use_peak == peak, "use_peak is %llu, exactly %llu", (unsigned long long)found->use_peak,
          (unsigned long long)peak);
  require(found->use_peak_error == 0, "use_peak_error is %llu", (unsigned long long)found->use_peak_error);
}

/* --- one thread makes requests, others read --- */

static void *read_all_the_time(void *unused) {
  struct heapster_stats stats;
  while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
    for (unsigned i = 0; i < TARGETS; i++) heapster_stats_read(i ? heaps[i - 1] : NULL, &stats);
  }
  return unused;
}

static void require_use_max_is_exact(void) {
  struct heapster_stats stats;
  for (unsigned i = 1; i < TARGETS; i++) {
    heapster_stats_read(heaps[i - 1], &stats);
    require((int64_t)stats.use_max == frame[i].peak, "use_max of heap %u is %llu, exactly %llu", i,
            (unsigned long long)stats.use_max, (unsigned long long)frame[i].peak);
  }
}

static void use_max_is_exact_while_others_only_read(struct worker *worker, uint64_t rounds) {
  pthread_t readers[2];
  for (unsigned i = 0; i < 2; i++) start_thread(&readers[i], read_all_the_time, NULL);
  for (support_run.step = 0; support_run.step < rounds; support_run.step++) {
    for (unsigned i = 0; i < BLOCKS; i++) step(worker);
    require_use_max_is_exact();
    heapster_reset();
    for (unsigned i = 0; i < TARGETS; i++) frame[i].peak = use[i];
  }
  atomic_store(&is_over, true);
  for (unsigned i = 0; i < 2; i++) pthread_join(readers[i], NULL);
}

/* --- one thread makes requests, others do all else --- */

static uint64_t ended_count; /* windows so far */

static void end_and_require_exact(unsigned index) {
  struct expected_window expected;
  const struct heapster_stats found = end_one(index, &expected);
  require_exact(&expected, &found);
  support_run.step = ++ended_count;
}

static void run_beside_bystanders(struct worker *worker, unsigned count) {
  pthread_t threads[MOST_THREADS];
  pthread_barrier_init(&ready, NULL, count + 1);
  atomic_store(&is_over, false);
  for (unsigned i = 0; i < count; i++)
    start_thread(&threads[i], bystander, (void *)(uintptr_t)(dice_roll(&worker->dice) | 1));
  pthread_barrier_wait(&ready);
  for (unsigned i = 0; i < 2000; i++) {
    if (open_count < OPEN && dice_below(&worker->dice, 8) == 0) begin_one(&worker->dice);
    step(worker);
    if (open_count && dice_below(&worker->dice, 9) == 0)
      end_and_require_exact((unsigned)dice_below(&worker->dice, open_count));
  }
  while (open_count) end_and_require_exact(open_count - 1);
  atomic_store(&is_over, true);
  pthread_barrier_wait(&ready);
  for (unsigned i = 0; i < count; i++) pthread_join(threads[i], NULL);
  pthread_barrier_destroy(&ready);
}

static void law_5_a_window_of_one_busy_thread_is_exact(struct worker *worker, uint64_t windows) {
  while (ended_count < windows)
    run_beside_bystanders(worker, 1 + (unsigned)dice_below(&worker->dice, MOST_THREADS - 1));
}

/* --- all busy: threads take turns by a lock of the test, so that the true use is known --- */

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static uint64_t windows_wanted;

/* `what`: a window or a frame. */
static void require_within_error(const char *what, const struct expected_window *expected,
                                 const struct heapster_frame *found) {
  const uint64_t peak = (uint64_t)(expected->peak - expected->start);
  const uint64_t off = peak > found->use_peak ? peak - found->use_peak : found->use_peak - peak;
  require(off <= found->use_peak_error,
          "%s: use_peak is %llu, exactly %llu: off by %llu, use_peak_error is %llu (target %u)", what,
          (unsigned long long)found->use_peak, (unsigned long long)peak, (unsigned long long)off,
          (unsigned long long)found->use_peak_error, expected->target);
  const uint64_t span = expected->target ? SPAN : 2 * SPAN;
  struct heapster_status status;
  heapster_status_read(&status);
  require(found->use_peak_error <= span * (status.threads_seen + 1), "%s: use_peak_error is %llu with %u threads", what,
          (unsigned long long)found->use_peak_error, status.threads_seen);
  require(found->use_peak_error <= found->total_alloc_sum, "%s: use_peak_error is above what was requested", what);
}

static void require_window_within_error(const struct expected_window *expected, const struct heapster_stats *found) {
  require_within_error("window", expected,
                       &(struct heapster_frame){.total_alloc_sum = found->total_alloc_sum,
                                                .use_peak = found->use_peak,
                                                .use_peak_error = found->use_peak_error});
  require(found->foreign_count || !found->use_peak_error, "use_peak_error is %llu, no other thread acted",
          (unsigned long long)found->use_peak_error);
}

/* The first frame was begun by the law above, whose bystanders mark, and is not looked at. */
static void mark_and_require(void) {
  static struct heapster_frames frames;
  static bool is_begun;
  require_ok(heapster_frame_mark());
  for (unsigned i = 0; i < TARGETS; i++) {
    heapster_frames_read(i ? heaps[i - 1] : NULL, &frames);
    if (is_begun) require_within_error("frame", &frame[i], &frames.last);
    frame[i] = (struct expected_window){.target = i, .start = use[i], .peak = use[i]};
  }
  is_begun = true;
}

static void end_and_require(const struct expected_window *mine) {
  unsigned i = 0;
  while (open_windows[i].window.index != mine->window.index) i++;
  struct expected_window expected;
  const struct heapster_stats found = end_one(i, &expected);
  require_window_within_error(&expected, &found);
  support_run.step = ++ended_count;
}

static void free_all(struct worker *worker) {
  pthread_mutex_lock(&turn);
  for (unsigned i = 0; i < BLOCKS; i++) {
    const struct block *block = &worker->blocks[i];
    if (!block->address) continue;
    heapster_heap_free(heaps[block->heap], block->address);
    change_use(block->heap, -(int64_t)block->size);
  }
  pthread_mutex_unlock(&turn);
}

static void *take_turns(void *context) {
  struct worker worker = {.dice = dice_make((uint64_t)(uintptr_t)context)};
  struct expected_window mine = {.target = TARGETS};
  bool is_open = false;
  for (bool goes_on = true; goes_on;) {
    pthread_mutex_lock(&turn);
    const unsigned steps = (unsigned)dice_below(&worker.dice, 40);
    for (unsigned i = 0; i < steps; i++) step(&worker);
    if (dice_below(&worker.dice, 10) == 0) mark_and_require();
    if (is_open && dice_below(&worker.dice, 3) == 0) {
      end_and_require(&mine);
      is_open = false;
    } else if (!is_open && open_count < OPEN) {
      begin_one(&worker.dice);
      mine = open_windows[open_count - 1];
      is_open = true;
    }
    goes_on = ended_count < windows_wanted || is_open;
    pthread_mutex_unlock(&turn);
    if (dice_below(&worker.dice, 20) == 0) sched_yield();
  }
  free_all(&worker);
  return NULL;
}

static void law_5_a_peak_of_busy_threads_is_within_its_error(uint64_t windows, uint64_t seed) {
  pthread_t threads[8];
  enum { BUSY = sizeof threads / sizeof *threads };
  ended_count = 0;
  windows_wanted = windows;
  for (unsigned i = 0; i < BUSY; i++) start_thread(&threads[i], take_turns, (void *)(uintptr_t)(seed + i + 1));
  for (unsigned i = 0; i < BUSY; i++) pthread_join(threads[i], NULL);
}

int main(int argc, char **argv) {
  static struct worker worker;
  if (!is_sharded()) return skip_law("there are no pending bytes");
  const uint64_t windows = argument(argc, argv, 1, 20000);
  support_run.seed = argument(argc, argv, 2, 1);
  worker.dice = dice_make(support_run.seed);
  for (unsigned i = 0; i < HEAPS; i++) {
    const char name[] = {'h', (char)('0' + i), '\0'};
    require_ok(heapster_heap_create(name, NULL, &heaps[i]));
  }
  use_max_is_exact_while_others_only_read(&worker, windows);
  allocate_and_end(NULL);
  law_5_a_window_of_one_busy_thread_is_exact(&worker, windows);
  law_5_a_peak_of_busy_threads_is_within_its_error(windows, support_run.seed);
  return 0;
}
