/* The patterns of requests that ./dev bench micro times. Every block is written to or kept, so that none can be
   optimised away; a kept block holds its size in its first bytes. */
#include "micro.h"
#include "request.h"
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum { BATCH = 256, LIVE_SLOTS = 64, COLD_REPLACED = 4 /* one block in so many */, LARGEST_GROWN = 65536, RING = 1024 };

static uint64_t next_random(struct worker *worker) {
  worker->random ^= worker->random << 13;
  worker->random ^= worker->random >> 7;
  return worker->random ^= worker->random << 17;
}

static size_t size_between(struct worker *worker, size_t least, size_t most) {
  return least + next_random(worker) % (most - least + 1);
}

static void *kept(size_t size) {
  void *block = allocate(size);
  if (!block) abort();
  memcpy(block, &size, sizeof size);
  return block;
}

static void drop(void *block) {
  size_t size;
  memcpy(&size, block, sizeof size);
  release(block, size);
}

/* --- churn: a block is freed at once --- */

static size_t churn_between(struct worker *worker, size_t least, size_t most) {
  for (size_t i = 0; i < BATCH; i++) {
    const size_t size = size_between(worker, least, most);
    void *volatile block = allocate(size);
    release(block, size);
  }
  return BATCH;
}

/* A size of up to 252 bytes stands in the shadow byte itself, a longer one in a size cell. A range that holds both adds
   a mispredicted branch at each end of a block's life. */
static size_t churn(struct worker *worker) { return churn_between(worker, 16, 2048); }
static size_t churn_short(struct worker *worker) { return churn_between(worker, 16, 252); }
static size_t churn_long(struct worker *worker) { return churn_between(worker, 256, 2048); }

/* --- live set: one of 64 live blocks is replaced --- */

static void keep_slots(struct worker *worker, size_t count, size_t largest) {
  worker->slot_count = count;
  worker->slots = calloc(count ? count : 1, sizeof *worker->slots);
  if (!worker->slots) abort();
  for (size_t i = 0; i < count; i++) worker->slots[i] = kept(size_between(worker, 16, largest));
}

static void clear_slots(struct worker *worker) {
  for (size_t i = 0; i < worker->slot_count; i++) drop(worker->slots[i]);
  free(worker->slots);
}

static void replace_one(struct worker *worker, size_t largest) {
  void **thread = &worker->slots[next_random(worker) % worker->slot_count];
  drop(*thread);
  *thread = kept(size_between(worker, 16, largest));
}

static void keep_live_set(struct worker *worker) { keep_slots(worker, LIVE_SLOTS, 2048); }

static size_t live_set(struct worker *worker) {
  for (size_t i = 0; i < BATCH; i++) replace_one(worker, 2048);
  return BATCH;
}

/* --- growth: a block is resized from 16 bytes to 64 KiB; an operation is a resize --- */

static size_t doubled(size_t size) { return size * 2; }
static size_t tenth_more(size_t size) { return size + (size < 20 ? 2 : size / 10); }

static size_t grow(size_t (*next)(size_t)) {
  size_t resizes = 0, size = 16;
  void *volatile block = kept(size);
  for (size_t larger = next(size); larger <= LARGEST_GROWN; larger = next(size)) {
    block = resize(block, size, larger);
    size = larger;
    resizes++;
  }
  release(block, size);
  return resizes;
}

static size_t grow_by_doubling(struct worker *worker) {
  (void)worker;
  size_t resizes = 0;
  while (resizes < BATCH) resizes += grow(doubled);
  return resizes;
}

static size_t grow_by_tenths(struct worker *worker) {
  (void)worker;
  return grow(tenth_more);
}

/* --- cold heap: millions of blocks, far more than a cache holds; a random one is replaced --- */

static void keep_cold_heap(struct worker *worker) {
  const size_t blocks = worker->cold_blocks / worker->threads;
  keep_slots(worker, blocks, 128);
  worker->left = blocks / COLD_REPLACED;
}

static size_t cold_heap(struct worker *worker) {
  const size_t batch = worker->left < BATCH ? worker->left : BATCH;
  for (size_t i = 0; i < batch; i++) replace_one(worker, 128);
  worker->left -= batch;
  return batch;
}

/* --- handing over: what a thread allocates the next one frees; an operation is a block --- */

struct ring {
  _Alignas(64) atomic_size_t filled;  /* written by the thread that fills it */
  _Alignas(64) atomic_size_t emptied; /* by the one that empties it */
  _Alignas(64) void *blocks[RING];
};

struct ring *rings_create(size_t threads) {
  struct ring *rings = aligned_alloc(_Alignof(struct ring), threads * sizeof *rings);
  if (!rings) abort();
  for (size_t i = 0; i < threads; i++) {
    atomic_init(&rings[i].filled, 0);
    atomic_init(&rings[i].emptied, 0);
  }
  return rings;
}

void rings_connect(struct worker *worker, struct ring *rings) {
  worker->out = &rings[worker->index];
  worker->in = &rings[(worker->index + worker->threads - 1) % worker->threads];
}

static size_t fill(struct worker *worker) {
  struct ring *ring = worker->out;
  size_t filled = atomic_load_explicit(&ring->filled, memory_order_relaxed);
  const size_t room = RING - (filled - atomic_load_explicit(&ring->emptied, memory_order_acquire));
  const size_t blocks = room < BATCH ? room : BATCH;
  for (size_t i = 0; i < blocks; i++) ring->blocks[filled++ % RING] = kept(size_between(worker, 16, 2048));
  atomic_store_explicit(&ring->filled, filled, memory_order_release);
  return blocks;
}

static size_t empty(struct worker *worker) {
  struct ring *ring = worker->in;
  size_t emptied = atomic_load_explicit(&ring->emptied, memory_order_relaxed);
  const size_t blocks = atomic_load_explicit(&ring->filled, memory_order_acquire) - emptied;
  for (size_t i = 0; i < blocks; i++) drop(ring->blocks[emptied++ % RING]);
  atomic_store_explicit(&ring->emptied, emptied, memory_order_release);
  return blocks;
}

static size_t hand_over(struct worker *worker) {
  const size_t given = fill(worker), taken = empty(worker);
  const struct timespec moment = {.tv_nsec = 20000};
  if (!given && !taken) nanosleep(&moment, NULL); /* the neighbours are not running; sleep is not in the figure */
  return given;
}

static void empty_for_good(struct worker *worker) { (void)empty(worker); }

static const struct pattern patterns[] = {
    {.name = "churn", .batch = churn},
    {.name = "churn short", .batch = churn_short},
    {.name = "churn long", .batch = churn_long},
    {.name = "live set", .prepare = keep_live_set, .batch = live_set, .clear = clear_slots},
    {.name = "growth by doubling", .batch = grow_by_doubling},
    {.name = "growth by a tenth", .batch = grow_by_tenths},
    {.name = "handing over", .needs_a_time = true, .batch = hand_over, .clear = empty_for_good},
    {.name = "cold heap", .is_done_whole = true, .prepare = keep_cold_heap, .batch = cold_heap, .clear = clear_slots},
};

const struct pattern *pattern_at(size_t i) { return i < sizeof patterns / sizeof *patterns ? &patterns[i] : NULL; }

const struct pattern *pattern_find(const char *name) {
  for (const struct pattern *pattern = patterns; (size_t)(pattern - patterns) < sizeof patterns / sizeof *patterns;
       pattern++)
    if (strcmp(pattern->name, name) == 0) return pattern;
  return NULL;
}
