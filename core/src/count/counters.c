/* Counters: a shard, one thread's counters of one heap, and recording. */
#include "count/counters.h"

struct heapster__ledger heapster__ledgers[HEAPSTER__HEAP_NUMBERS];

struct heapster__orphans heapster__orphans;
_Atomic bool heapster__by_kind[HEAPSTER__HEAP_NUMBERS];

/* Where a request is booked: the thread's own shard, or the orphans'. */
struct books {
  struct heapster__shard *shard;
  bool is_own;
};

bool heapster__counters_open(unsigned heap) {
  if (heapster__load_relaxed(&heapster__orphans.shards[heap])) return true;
  struct heapster__shard *made = heapster__piece_take(sizeof *made);
  if (!made) return false;
  heapster__store_relaxed(&made->is_large, true);                 /* who counts here does not look at sizes */
  heapster__store_release(&heapster__orphans.shards[heap], made); /* pairs with the acquire of who reads */
  return true;
}

void heapster__counters_have_kinds(unsigned heap) { heapster__store_relaxed(&heapster__by_kind[heap], true); }

static void chain(struct heapster__slot *slot, struct heapster__shard *shard) {
  shard->next = heapster__load_relaxed(&slot->last);
  while (!heapster__swap_relaxed(&slot->last, &shard->next, shard)) {
  }
}

/* A signal handler that comes here in between makes a shard too; the first one published stays. */
static struct heapster__shard *own_shard(struct heapster__slot *slot, unsigned heap) {
  struct heapster__shard *there = heapster__load_relaxed(&slot->shards[heap]);
  if (there) return there;
  struct heapster__shard *made = heapster__piece_take(sizeof *made);
  if (!made) return NULL;
  made->gate = (struct heapster__gate){slot, heap};
  heapster__drift_start(&made->drift);
  if (!atomic_compare_exchange_strong(&slot->shards[heap], &there, made)) return there;
  chain(slot, made);
  return made;
}

struct heapster__shard *heapster__run_of(struct heapster__slot *slot) {
  const struct heapster__gate *open = heapster__load_acquire(&slot->open); /* pairs with the release in begin_run */
  return open->heap ? (struct heapster__shard *)(uintptr_t)open : NULL;
}

/* Who reads meanwhile finds no run. */
static struct heapster__shard *end_run(struct heapster__slot *slot) {
  struct heapster__shard *run = heapster__run_of(slot);
  heapster__store_relaxed(&slot->open, &slot->closed);
  if (run) heapster__run_end(&run->drift, &slot->total);
  return run;
}

static void begin_run(struct heapster__slot *slot, struct heapster__shard *shard) {
  if (!shard) return;
  heapster__run_begin(&shard->drift, &slot->total);
  heapster__store_release(&slot->open, &shard->gate);
}

/* The total's net by what the heaps say. So what a handler muddled that came while a run began does not stay. */
static void settle_total(struct heapster__slot *slot) {
  int64_t net = -heapster__load_relaxed(&slot->total.told);
  for (struct heapster__shard *each = heapster__load_relaxed(&slot->last); each; each = each->next)
    net += heapster__load_relaxed(&each->drift.told) + heapster__drift_net(&each->drift);
  heapster__store_relaxed(&slot->total.room, HEAPSTER__DRIFT_HALF - net);
}

static void tell_total(struct heapster__slot *slot) {
  settle_total(slot);
  heapster__drift_tell(&slot->total, &heapster__ledgers[0]);
}

static void run_on(struct heapster__slot *slot, struct heapster__shard *shard) {
  end_run(slot);
  begin_run(slot, shard);
  const int64_t rest = heapster__drift_net(&slot->total);
  if (rest > HEAPSTER__DRIFT_HALF || rest < -HEAPSTER__DRIFT_HALF) heapster__tell(slot, 0);
}

bool heapster__turn_to(unsigned heap) {
  struct heapster__slot *slot = heapster__slot_here();
  if (!slot || heapster__load_relaxed(&slot->mark)) return false;
  struct heapster__shard *shard = heapster__load_relaxed(&slot->shards[heap]);
  if (!shard) return false;
  if (heapster__run_of(slot) != shard) run_on(slot, shard);
  heapster__gate_set(slot);
  return true;
}

static struct books books_of(struct heapster__slot *slot, unsigned heap) {
  struct heapster__shard *own = slot ? own_shard(slot, heap) : NULL;
  if (own) {
    if (heapster__run_of(slot) != own) run_on(slot, own);
    heapster__gate_set(slot);
    return (struct books){own, true};
  }
  heapster__store_relaxed(&heapster__orphans.are_used, true);
  return (struct books){heapster__load_acquire(&heapster__orphans.shards[heap]), false};
}

static struct books books_here(unsigned heap) {
  struct heapster__slot *slot = heapster__slot_here();
  return books_of(slot ? slot : heapster__slot_claim(), heap);
}

HEAPSTER__INLINE void add(struct books books, heapster__counter *cell, uint64_t value) {
  if (books.is_own)
    heapster__add_owned(cell, value);
  else
    heapster__add_relaxed(cell, value);
}

static void tell_at_once(unsigned heap, int64_t change) {
  heapster__ledger_move(&heapster__ledgers[heap], change);
  heapster__ledger_move(&heapster__ledgers[0], change);
}

/* The use of the heap changes. These, and all that ends in them, answer whether it is time to tell. */
HEAPSTER__INLINE bool grow(struct books books, unsigned heap, uint64_t bytes) {
  if (books.is_own) return heapster__drift_grow(&books.shard->drift, bytes);
  tell_at_once(heap, (int64_t)bytes);
  return false;
}

HEAPSTER__INLINE bool shrink(struct books books, unsigned heap, uint64_t bytes) {
  if (books.is_own) return heapster__drift_shrink(&books.shard->drift, bytes);
  tell_at_once(heap, -(int64_t)bytes);
  return false;
}

void heapster__count_alloc(unsigned heap, uint64_t size) {
  struct books books = books_here(heap);
  add(books, &books.shard->alloc_histogram.buckets[heapster__bucket(size)], 1);
  add(books, &books.shard->alloc_sum, size);
  if (grow(books, heap, size)) heapster__tell(books.shard->gate.slot, heap);
}

void heapster__count_dealloc(unsigned heap, uint64_t size) {
  struct heapster__slot *slot = heapster__slot_here();
  struct books books = books_of(slot ? slot : heapster__slot_claim_to_free(), heap);
  add(books, &books.shard->dealloc_count, 1);
  add(books, &books.shard->dealloc_sum, size);
  if (shrink(books, heap, size)) heapster__tell(books.shard->gate.slot, heap);
}

HEAPSTER__INLINE bool count_growth(struct books books, unsigned heap, struct heapster__resize resize) {
  struct heapster__shard *shard = books.shard;
  uint64_t bytes = resize.to - resize.from;
  add(books, &shard->realloc_growth_histogram.buckets[heapster__bucket(bytes)], 1);
  add(books, &shard->realloc_growth_sum, bytes);
  if (!resize.is_moved) add(books, &shard->realloc_growth_in_place_count, 1);
  return grow(books, heap, bytes);
}

HEAPSTER__INLINE bool count_shrink(struct books books, unsigned heap, struct heapster__resize resize) {
  struct heapster__shard *shard = books.shard;
  uint64_t bytes = resize.from - resize.to;
  add(books, &shard->realloc_shrink_histogram.buckets[heapster__bucket(bytes)], 1);
  add(books, &shard->realloc_shrink_sum, bytes);
  if (!resize.is_moved) add(books, &shard->realloc_shrink_in_place_count, 1);
  return shrink(books, heap, bytes);
}

HEAPSTER__INLINE void count_move(struct books books, struct heapster__resize resize) {
  add(books, &books.shard->realloc_move_count, 1);
  add(books, &books.shard->realloc_move_sum, resize.from < resize.to ? resize.from : resize.to);
}

HEAPSTER__INLINE bool count_resize(struct books books, unsigned heap, struct heapster__resize resize) {
  if (resize.is_moved) count_move(books, resize);
  if (resize.to > resize.from) return count_growth(books, heap, resize);
  if (resize.to < resize.from) return count_shrink(books, heap, resize);
  add(books, &books.shard->realloc_same_count, 1);
  return false;
}

void heapster__count_resize(unsigned heap, struct heapster__resize resize) {
  struct books books = books_here(heap);
  if (count_resize(books, heap, resize)) heapster__tell(books.shard->gate.slot, heap);
}

HEAPSTER__HOT void *heapster__count_resize_in(struct heapster__shard *shard, uint64_t old, uint64_t size,
                                              const void *from, void *to) {
  struct books books = {shard, true};
  bool is_time_to_tell = count_resize(books, shard->gate.heap, (struct heapster__resize){old, size, from != to});
  return heapster__unlikely(is_time_to_tell) ? heapster__told(to) : to;
}

void heapster__count_alloc_failure(unsigned heap) {
  struct books books = books_here(heap);
  add(books, &books.shard->alloc_fail_count, 1);
}

void heapster__count_realloc_failure(unsigned heap) {
  struct books books = books_here(heap);
  add(books, &books.shard->realloc_fail_count, 1);
}

void heapster__count_kind(unsigned heap, size_t kind, uint64_t size) {
  struct books books = books_here(heap);
  add(books, &books.shard->kinds[2 * kind], 1);
  add(books, &books.shard->kinds[2 * kind + 1], size);
}

void heapster__count_unseen_alloc(unsigned heap) {
  struct books books = books_here(heap);
  add(books, &books.shard->unseen_alloc_count, 1);
}

void heapster__count_unseen_free(unsigned heap) {
  struct books books = books_here(heap);
  add(books, &books.shard->unseen_free_count, 1);
}

/* A drift is in [-D, D) between requests; so one of 4 D or more leaves it beyond 3 D, on either side. */
static void note_size(struct heapster__shard *shard) {
  int64_t net = heapster__drift_net(&shard->drift);
  if (net >= INT64_C(3) * HEAPSTER__DRIFT || net <= INT64_C(-3) * HEAPSTER__DRIFT)
    heapster__store_relaxed(&shard->is_large, true);
}

static void tell_heap(struct heapster__slot *slot, unsigned heap) {
  struct heapster__shard *shard = heapster__load_relaxed(&slot->shards[heap]);
  if (!heap || !shard) return;
  note_size(shard);
  heapster__drift_tell(&shard->drift, &heapster__ledgers[heap]);
}

void heapster__tell(struct heapster__slot *slot, unsigned heap) {
  struct heapster__shard *run = end_run(slot);
  tell_heap(slot, heap);
  tell_total(slot);
  begin_run(slot, run);
}

void *heapster__told(void *block) {
  const struct heapster__gate *gate = heapster__gate_here();
  if (gate->slot) heapster__tell(gate->slot, gate->heap);
  return block;
}

void heapster__tell_all(struct heapster__slot *slot) {
  struct heapster__shard *run = end_run(slot);
  for (struct heapster__shard *each = heapster__load_relaxed(&slot->last); each; each = each->next)
    tell_heap(slot, each->gate.heap);
  tell_total(slot);
  begin_run(slot, run);
}

struct heapster__drift *heapster__drift_of(struct heapster__slot *slot, unsigned heap) {
  if (!heap) return &slot->total;
  struct heapster__shard *shard = own_shard(slot, heap);
  return shard ? &shard->drift : NULL;
}

HEAPSTER__AT_LOAD static void start(void) { heapster__threads_start(heapster__tell_all); }
