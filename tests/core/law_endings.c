/* The laws while heaps are made, used and ended, 250 at a time, by several threads: a heap counts from zero whatever
   the heap before it counted, and the total is what was counted by all heaps, those that ended included. law_endings
   [heaps [seed]] */
#include <heapster/heap.h>
#include <heapster/window.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "heap/heap.h"
#include "support.h"

enum { WORKERS = 5, HEAPS_EACH = 50, BLOCKS = 12, STEPS = 3 * BLOCKS, MAIL = 64, LARGEST = 40000 };

struct block {
  struct heapster_heap *heap;
  void *address;
  uint64_t size;
};

/* Blocks that other threads hand over, to be freed here. */
struct mailbox {
  pthread_mutex_t lock;
  struct block blocks[MAIL];
  size_t count;
};

/* A heap, and what its thread did in it. */
struct level {
  struct heapster_heap *heap;
  struct heapster_stats book;
  uint64_t peak;
  struct block blocks[BLOCKS];
  size_t count;
  bool is_shared; /* other threads free some of its blocks */
  bool has_bytes;
};

struct worker {
  struct dice dice;
  unsigned index;
  struct mailbox mailbox;
  struct level levels[HEAPS_EACH];
  struct heapster_stats book; /* of all that the thread ever did */
};

static struct worker workers[WORKERS];
static uint64_t heaps_each;
static atomic_bool is_over;
static pthread_barrier_t all_open;

/* An allocator of a context of its own, so that heaps over it have a map of their own. */
static void *pass_malloc(void *context, size_t size) {
  (void)context;
  return malloc(size);
}

static void pass_free(void *context, void *block) {
  (void)context;
  free(block);
}

/* --- One thread's work --- */

static void note(struct worker *worker, struct level *level, struct heapster_stats before) {
  struct heapster_stats change = level->book;
  const uint64_t live_count = level->book.live_count, use = level->book.use_curr;
  figures_subtract(&change, &before);
  change.live_count = live_count - before.live_count;
  change.use_curr = use - before.use_curr;
  figures_add(&worker->book, &change);
  if ((int64_t)use > (int64_t)level->peak) level->peak = use;
}

/* Some heaps have no bytes, only blocks. */
static uint64_t choose_size(struct worker *worker, const struct level *level) {
  if (level->has_bytes) return dice_below(&worker->dice, dice_below(&worker->dice, 20) ? 600 : LARGEST);
  return 0;
}

static void request(struct worker *worker, struct level *level) {
  struct block *const block = &level->blocks[level->count];
  const struct heapster_stats before = level->book;
  *block = (struct block){level->heap, NULL, choose_size(worker, level)};
  block->address = heapster_heap_malloc(level->heap, block->size);
  require(block->address, "no block");
  figures_alloc(&level->book, block->size);
  note(worker, level, before);
  level->count++;
}

static struct block take_last(struct level *level) { return level->blocks[--level->count]; }

static void release(struct worker *worker, struct level *level) {
  const struct heapster_stats before = level->book;
  const struct block block = take_last(level);
  heapster_heap_free(block.heap, block.address);
  figures_free(&level->book, block.size);
  note(worker, level, before);
}

/* Of a heap with an allocator of its own too, whose blocks come back through their heap only. */
static void free_mail(struct worker *worker) {
  struct mailbox *const mailbox = &worker->mailbox;
  pthread_mutex_lock(&mailbox->lock);
  struct block blocks[MAIL];
  const size_t count = mailbox->count;
  memcpy(blocks, mailbox->blocks, sizeof blocks);
  mailbox->count = 0;
  pthread_mutex_unlock(&mailbox->lock);
  for (size_t i = 0; i < count; i++) {
    heapster_heap_free(blocks[i].heap, blocks[i].address);
    figures_free(&worker->book, blocks[i].size);
  }
}

static bool try_hand_over(struct worker *to, struct block block) {
  pthread_mutex_lock(&to->mailbox.lock);
  const bool has_room = to->mailbox.count < MAIL;
  if (has_room) to->mailbox.blocks[to->mailbox.count++] = block;
  pthread_mutex_unlock(&to->mailbox.lock);
  return has_room;
}

static void hand_over(struct worker *worker, struct level *level) {
  struct worker *const to = &workers[dice_below(&worker->dice, WORKERS)];
  if (to == worker || !try_hand_over(to, level->blocks[level->count - 1]))
    release(worker, level);
  else
    take_last(level);
}

static void use(struct worker *worker, struct level *level) {
  for (uint64_t steps = dice_below(&worker->dice, STEPS); steps; steps--) {
    if (level->count < BLOCKS && (level->count == 0 || dice_below(&worker->dice, 2)))
      request(worker, level);
    else if (level->is_shared)
      hand_over(worker, level);
    else
      release(worker, level);
  }
}

/* --- What must hold --- */

/* While no other thread takes part in it, a heap is exact in every figure: nothing of an earlier heap of its number is
   left, of no thread. */
static void a_heap_of_one_thread_is_exact(const struct level *level) {
  struct heapster_stats found;
  heapster_stats_read(level->heap, &found);
  require(figures_match(heapster_heap_name(level->heap), &level->book, &found, FIGURES_COUNTERS | FIGURES_LIVE),
          "a heap is not exact");
  require(found.use_max == level->peak, "use_max is %llu, the highest use was %llu", (unsigned long long)found.use_max,
          (unsigned long long)level->peak);
}

static void a_window_of_one_thread_is_exact(struct worker *worker, struct level *level) {
  struct heapster_window window;
  struct heapster_stats found;
  const struct heapster_stats before = level->book;
  const uint64_t peak = level->peak;
  level->peak = level->book.use_curr;
  require_ok(heapster_window_begin(level->heap, HEAPSTER_PROCESS, &window));
  use(worker, level);
  require_ok(heapster_window_end(window, &found));
  require(found.alloc_count == level->book.alloc_count - before.alloc_count && !found.foreign_count,
          "a window shows %llu allocs, %llu foreign", (unsigned long long)found.alloc_count,
          (unsigned long long)found.foreign_count);
  require(found.use_peak == level->peak - before.use_curr, "use_peak is %llu", (unsigned long long)found.use_peak);
  if (peak > level->peak) level->peak = peak;
}

static void open_level(struct worker *worker, unsigned index) {
  struct level *const level = &worker->levels[index];
  char name[HEAPSTER_HEAP_NAME];
  memset(level, 0, sizeof *level);
  level->is_shared = dice_below(&worker->dice, 2);
  level->has_bytes = dice_below(&worker->dice, 8);
  snprintf(name, sizeof name, "level.%u.%u", worker->index, index);
  const struct heapster_allocator backing = {.malloc = pass_malloc, .free = pass_free, .context = level};
  const bool is_own = dice_below(&worker->dice, 4) == 0;
  /* heaps whose blocks are in other threads' mail keep their numbers until these are freed */
  while (heapster_heap_create(name, is_own ? &backing : NULL, &level->heap)) {
    free_mail(worker);
    sched_yield();
  }
}

static void end_level(struct worker *worker, unsigned index) {
  struct level *const level = &worker->levels[index];
  if (!level->is_shared) {
    a_window_of_one_thread_is_exact(worker, level);
    a_heap_of_one_thread_is_exact(level);
  }
  while (level->count && !level->is_shared) release(worker, level);
  while (level->count) hand_over(worker, level);
  if (!level->is_shared) a_heap_of_one_thread_is_exact(level);
  require_ok(heapster_heap_end(level->heap));
}

static void *work(void *context) {
  struct worker *const worker = context;
  for (unsigned i = 0; i < HEAPS_EACH; i++) open_level(worker, i);
  pthread_barrier_wait(&all_open);
  for (uint64_t made = HEAPS_EACH; made < heaps_each; made++) {
    const unsigned index = (unsigned)dice_below(&worker->dice, HEAPS_EACH);
    use(worker, &worker->levels[dice_below(&worker->dice, HEAPS_EACH)]);
    end_level(worker, index);
    free_mail(worker);
    open_level(worker, index);
    use(worker, &worker->levels[index]);
  }
  for (unsigned i = 0; i < HEAPS_EACH; i++) end_level(worker, i);
  pthread_barrier_wait(&all_open);
  free_mail(worker);
  return NULL;
}

/* Threads that free what the workers mailed, and end: their records go from one to the next. Not under ThreadSanitizer,
   which does not know that the core's system calls map what was an ended thread's stack. */
static void *end_at_once(void *context) {
  struct worker *const worker = context;
  free_mail(worker);
  return NULL;
}

static void *start_short_threads(void *unused) {
  static struct worker posts[WORKERS]; /* books only */
  while (!atomic_load(&is_over)) {
    pthread_t threads[WORKERS];
    for (unsigned i = 0; i < WORKERS; i++) {
      struct mailbox *const from = &workers[i].mailbox, *const to = &posts[i].mailbox;
      pthread_mutex_lock(&from->lock);
      memcpy(to->blocks, from->blocks, sizeof to->blocks);
      to->count = from->count;
      from->count = 0;
      pthread_mutex_unlock(&from->lock);
      start_thread(&threads[i], end_at_once, &posts[i]);
    }
    for (unsigned i = 0; i < WORKERS; i++) pthread_join(threads[i], NULL);
  }
  for (unsigned i = 0; i < WORKERS; i++) figures_add(&workers[0].book, &posts[i].book);
  return unused;
}

static void law_3_the_total_is_the_sum_of_the_heaps(void) {
  static struct heapster_heap_stats each[HEAPSTER_HEAPS];
  struct heapster_stats total, sum = {.kind = HEAPSTER_SNAPSHOT};
  const size_t count = heapster_stats_read_all(&total, each, HEAPSTER_HEAPS);
  require(count <= HEAPSTER_HEAPS, "%zu heaps", count);
  for (size_t i = 0; i < count; i++) figures_add(&sum, &each[i].stats);
  require(figures_match("total", &sum, &total, FIGURES_COUNTERS), "the sum differs");
}

/* Neither the total nor `ended` ever goes back. */
static void counts_only_grow(struct heapster_stats *last, const struct heapster_heap *heap) {
  struct heapster_stats now;
  heapster_stats_read(heap, &now);
  require(now.alloc_count >= last->alloc_count && now.alloc_sum >= last->alloc_sum &&
              now.dealloc_count >= last->dealloc_count && now.dealloc_sum >= last->dealloc_sum,
          "%s went back", heapster_heap_name(heap));
  *last = now;
}

static void *read_all_the_time(void *unused) {
  struct heapster_stats total = {.kind = HEAPSTER_SNAPSHOT}, ended = total;
  while (!atomic_load(&is_over)) {
    law_3_the_total_is_the_sum_of_the_heaps();
    counts_only_grow(&total, NULL);
    if (heapster_heap_find("ended")) counts_only_grow(&ended, heapster_heap_find("ended"));
  }
  return unused;
}

static void no_block_is_left(void) {
  struct heapster_histogram live;
  heapster_live_histogram(heapster_heap_find("ended"), &live);
  require(heapster_histogram_total(&live) == 0, "%llu outdated blocks",
          (unsigned long long)heapster_histogram_total(&live));
}

static void all_that_was_counted_is_in_ended(void) {
  struct heapster_stats sum = {.kind = HEAPSTER_SNAPSHOT}, found;
  for (unsigned i = 0; i < WORKERS; i++) figures_add(&sum, &workers[i].book);
  heapster_stats_read(heapster_heap_find("ended"), &found);
  require(figures_match("ended", &sum, &found, FIGURES_COUNTERS | FIGURES_LIVE), "ended differs from the books");
  require(found.live_count == 0 && found.use_curr == 0, "%llu blocks live", (unsigned long long)found.live_count);
  heapster_stats_read(NULL, &found);
  require(figures_match("total", &sum, &found, FIGURES_COUNTERS | FIGURES_LIVE), "the total differs from the books");
}

/* Every number can be used again: as many heaps open as at the start, and they count from zero. */
static void every_number_is_free_again(void) {
  struct heapster_heap *heaps[HEAPSTER_HEAPS];
  unsigned count = 0;
  char name[HEAPSTER_HEAP_NAME];
  struct heapster_stats found;
  const struct heapster_stats zeros = {.kind = HEAPSTER_SNAPSHOT};
  for (; snprintf(name, sizeof name, "again.%u", count) && !heapster_heap_create(name, NULL, &heaps[count]); count++) {
    heapster_stats_read(heaps[count], &found);
    require(figures_match(name, &zeros, &found, FIGURES_COUNTERS | FIGURES_LIVE | FIGURES_MAX), "a heap is not new");
  }
  require(count == HEAPSTER_HEAPS - 3, "%u heaps can be open", count); /* malloc, python, ended */
  while (count) require_ok(heapster_heap_end(heaps[--count]));
}

static void run_workers(void) {
  pthread_t threads[WORKERS], reader, ender;
  require(!pthread_barrier_init(&all_open, NULL, WORKERS), "no barrier");
  start_thread(&reader, read_all_the_time, NULL);
  if (!IS_UNDER_TSAN) start_thread(&ender, start_short_threads, NULL);
  for (unsigned i = 0; i < WORKERS; i++) start_thread(&threads[i], work, &workers[i]);
  for (unsigned i = 0; i < WORKERS; i++) pthread_join(threads[i], NULL);
  atomic_store(&is_over, true);
  pthread_join(reader, NULL);
  if (!IS_UNDER_TSAN) pthread_join(ender, NULL);
}

int main(int argc, char **argv) {
  const uint64_t heaps = argument(argc, argv, 1, 10000);
  support_run.seed = argument(argc, argv, 2, 1);
  heaps_each = heaps / WORKERS > HEAPS_EACH ? heaps / WORKERS : HEAPS_EACH;
  for (unsigned i = 0; i < WORKERS; i++) {
    workers[i].index = i;
    workers[i].dice = dice_make(support_run.seed * WORKERS + i);
    require(!pthread_mutex_init(&workers[i].mailbox.lock, NULL), "no mutex");
  }
  run_workers();
  for (unsigned i = 0; i < WORKERS; i++) free_mail(&workers[i]);
  all_that_was_counted_is_in_ended();
  no_block_is_left();
  every_number_is_free_again();
  return 0;
}
