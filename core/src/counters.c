/* Counters: a shard, one thread's counters of one heap; recording; summing. */
#include "counters.h"

struct heapster__ledger heapster__ledgers[HEAPSTER__HEAP_NUMBERS];

static struct heapster__shard *_Atomic orphans[HEAPSTER__HEAP_NUMBERS];
static _Atomic bool has_kinds[HEAPSTER__HEAP_NUMBERS];
static _Atomic bool is_orphaned; /* something was booked in one of them */

/* Where a request is booked: the thread's own shard, or the orphans', which has no slot. */
struct books {
  struct heapster__slot *slot;
  struct heapster__shard *shard;
};

bool heapster__counters_open(unsigned heap) {
  if (heapster__load_relaxed(&orphans[heap])) return true;
  struct heapster__shard *made = heapster__piece_take(sizeof *made);
  if (!made) return false;
  heapster__store_relaxed(&made->is_large, true); /* who counts here does not look at sizes */
  heapster__store_release(&orphans[heap], made);  /* pairs with the acquire of who reads */
  return true;
}

void heapster__counters_have_kinds(unsigned heap) { heapster__store_relaxed(&has_kinds[heap], true); }

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
  if (!atomic_compare_exchange_strong(&slot->shards[heap], &there, made)) return there;
  chain(slot, made);
  return made;
}

/* The shard of the slot's run, or NULL. */
static struct heapster__shard *run_of(struct heapster__slot *slot) {
  const struct heapster__gate *open = heapster__load_acquire(&slot->open); /* pairs with the release in begin_run */
  return open->heap ? (struct heapster__shard *)(uintptr_t)open : NULL;
}

/* Who reads meanwhile finds no run. */
static struct heapster__shard *end_run(struct heapster__slot *slot) {
  struct heapster__shard *run = run_of(slot);
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
    net += heapster__load_relaxed(&each->drift.told) + heapster__load_relaxed(&each->drift.net);
  heapster__store_relaxed(&slot->total.net, net);
}

static void tell_total(struct heapster__slot *slot) {
  settle_total(slot);
  heapster__drift_tell(&slot->total, &heapster__ledgers[0]);
}

static void run_on(struct heapster__slot *slot, struct heapster__shard *shard) {
  end_run(slot);
  begin_run(slot, shard);
  int64_t rest = heapster__load_relaxed(&slot->total.net);
  if (rest > HEAPSTER__DRIFT_HALF || rest < -HEAPSTER__DRIFT_HALF) heapster__tell(slot, 0);
}

bool heapster__turn_to(unsigned heap) {
  struct heapster__slot *slot = heapster__slot_here();
  if (!slot || heapster__load_relaxed(&slot->mark)) return false;
  struct heapster__shard *shard = heapster__load_relaxed(&slot->shards[heap]);
  if (!shard) return false;
  if (run_of(slot) != shard) run_on(slot, shard);
  heapster__gate_set(slot);
  return true;
}

static struct books books_of(struct heapster__slot *slot, unsigned heap) {
  struct heapster__shard *own = slot ? own_shard(slot, heap) : NULL;
  if (own) {
    if (run_of(slot) != own) run_on(slot, own);
    heapster__gate_set(slot);
    return (struct books){slot, own};
  }
  heapster__store_relaxed(&is_orphaned, true);
  return (struct books){NULL, heapster__load_acquire(&orphans[heap])};
}

static struct books books_here(unsigned heap) {
  struct heapster__slot *slot = heapster__slot_here();
  return books_of(slot ? slot : heapster__slot_claim(), heap);
}

static void add(struct books books, heapster__counter *cell, uint64_t value) {
  if (books.slot)
    heapster__add_owned(cell, value);
  else
    heapster__add_relaxed(cell, value);
}

static void grow(struct books books, unsigned heap, uint64_t bytes) {
  if (!books.slot) {
    heapster__ledger_move(&heapster__ledgers[heap], (int64_t)bytes);
    heapster__ledger_move(&heapster__ledgers[0], (int64_t)bytes);
    return;
  }
  if (heapster__drift_grow(&books.shard->drift, bytes)) heapster__tell(books.slot, heap);
}

static void shrink(struct books books, unsigned heap, uint64_t bytes) {
  if (!books.slot) {
    heapster__ledger_move(&heapster__ledgers[heap], -(int64_t)bytes);
    heapster__ledger_move(&heapster__ledgers[0], -(int64_t)bytes);
    return;
  }
  if (heapster__drift_shrink(&books.shard->drift, bytes)) heapster__tell(books.slot, heap);
}

void heapster__count_alloc(unsigned heap, uint64_t size) {
  struct books books = books_here(heap);
  add(books, &books.shard->alloc_histogram.buckets[heapster__bucket(size)], 1);
  add(books, &books.shard->alloc_sum, size);
  grow(books, heap, size);
}

void heapster__count_dealloc(unsigned heap, uint64_t size) {
  struct heapster__slot *slot = heapster__slot_here();
  struct books books = books_of(slot ? slot : heapster__slot_claim_to_free(), heap);
  add(books, &books.shard->dealloc_count, 1);
  add(books, &books.shard->dealloc_sum, size);
  shrink(books, heap, size);
}

static void count_growth(struct books books, unsigned heap, struct heapster__resize resize) {
  struct heapster__shard *shard = books.shard;
  uint64_t bytes = resize.to - resize.from;
  add(books, &shard->realloc_growth_histogram.buckets[heapster__bucket(bytes)], 1);
  add(books, &shard->realloc_growth_sum, bytes);
  if (!resize.is_moved) add(books, &shard->realloc_growth_in_place_count, 1);
  grow(books, heap, bytes);
}

static void count_shrink(struct books books, unsigned heap, struct heapster__resize resize) {
  struct heapster__shard *shard = books.shard;
  uint64_t bytes = resize.from - resize.to;
  add(books, &shard->realloc_shrink_histogram.buckets[heapster__bucket(bytes)], 1);
  add(books, &shard->realloc_shrink_sum, bytes);
  if (!resize.is_moved) add(books, &shard->realloc_shrink_in_place_count, 1);
  shrink(books, heap, bytes);
}

static void count_move(struct books books, struct heapster__resize resize) {
  add(books, &books.shard->realloc_move_count, 1);
  add(books, &books.shard->realloc_move_sum, resize.from < resize.to ? resize.from : resize.to);
}

static void count_resize(struct books books, unsigned heap, struct heapster__resize resize) {
  if (resize.is_moved) count_move(books, resize);
  if (resize.to > resize.from)
    count_growth(books, heap, resize);
  else if (resize.to < resize.from)
    count_shrink(books, heap, resize);
  else
    add(books, &books.shard->realloc_same_count, 1);
}

void heapster__count_resize(unsigned heap, struct heapster__resize resize) {
  count_resize(books_here(heap), heap, resize);
}

void *heapster__count_resize_in(struct heapster__shard *shard, uint64_t old, uint64_t size, const void *from,
                                void *to) {
  const struct books books = {shard->gate.slot, shard};
  count_resize(books, shard->gate.heap, (struct heapster__resize){old, size, from != to});
  return to;
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
  int64_t net = heapster__load_relaxed(&shard->drift.net);
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

static unsigned buckets_of(struct heapster__shard *shard) {
  return heapster__load_relaxed(&shard->is_large) ? HEAPSTER_BUCKETS : HEAPSTER__COMMON_BUCKETS;
}

static void sum_shard(struct heapster__tally *sum, struct heapster__shard *shard) {
  if (!shard) return;
  unsigned buckets = buckets_of(shard);
  heapster__sum_relaxed(&sum->alloc_sum, &shard->alloc_sum, HEAPSTER__CELL_COUNT);
#define X(name) heapster__sum_relaxed(sum->name.buckets, shard->name.buckets, buckets);
  HEAPSTER__HISTOGRAMS(X)
#undef X
  sum->is_large |= buckets > HEAPSTER__COMMON_BUCKETS;
}

static uint64_t allocs_of(const struct heapster__tally *sum) {
  uint64_t count = 0;
  for (unsigned i = 0; i < HEAPSTER_BUCKETS; i++) count += sum->alloc_histogram.buckets[i];
  return count;
}

/* A heap of Lua states: the kinds are read before the requests they are of, as an alloc is counted before its kind. */
static void sum_kinds(struct heapster__tally *sum, struct heapster__shard *shard) {
  if (!shard) return;
  uint64_t count = allocs_of(sum);
  uint64_t bytes = sum->alloc_sum;
  heapster__sum_relaxed(sum->kinds.cells, shard->kinds, HEAPSTER__LUA_KIND_CELLS);
  sum_shard(sum, shard);
  sum->kinds.alloc_count += allocs_of(sum) - count;
  sum->kinds.alloc_sum += sum->alloc_sum - bytes;
}

static void sum_one(struct heapster__tally *sum, struct heapster__shard *shard, unsigned heap) {
  if (heapster__likely(!heapster__load_relaxed(&has_kinds[heap]))) {
    sum_shard(sum, shard);
    return;
  }
  sum->has_kinds = true;
  sum_kinds(sum, shard);
}

void heapster__sum_slot(struct heapster__tally *sum, struct heapster__slot *slot, unsigned heap) {
  sum_one(sum, heapster__load_acquire(&slot->shards[heap]), heap); /* pairs with the swap that published it */
}

void heapster__sum_heap(struct heapster__tally *sum, unsigned heap) {
  const uint32_t slots = heapster__slot_count();
  if (heapster__load_relaxed(&is_orphaned)) sum_one(sum, heapster__load_acquire(&orphans[heap]), heap);
  for (uint32_t i = 0; i < slots; i++) {
    struct heapster__slot *slot = heapster__slot_at(i);
    if (slot) heapster__sum_slot(sum, slot, heap);
  }
}

/* An alloc of no bytes shows in its bucket alone, and the first large one is read only once `is_large` is set. Where
   another thread's writes are seen in any order, no cell is known to be the last: there all are looked at. */
static uint64_t activity_of_requests(struct heapster__shard *shard) {
  const unsigned buckets = buckets_of(shard);
  uint64_t activity = buckets + heapster__total_relaxed(&shard->alloc_sum, HEAPSTER__CELL_COUNT);
  if (HEAPSTER__WRITES_IN_ORDER) return activity + heapster__load_relaxed(&shard->alloc_histogram.buckets[0]);
#define X(name) activity += heapster__total_relaxed(shard->name.buckets, buckets);
  HEAPSTER__HISTOGRAMS(X)
#undef X
  return activity;
}

/* Of a Lua state's heap the kind of a new block is what is counted last. */
static uint64_t activity_of(struct heapster__shard *shard, unsigned heap) {
  if (!shard) return 0;
  const uint64_t activity = activity_of_requests(shard);
  if (heapster__likely(!heapster__load_relaxed(&has_kinds[heap]))) return activity;
  return activity + heapster__total_relaxed(shard->kinds, HEAPSTER__LUA_KIND_CELLS);
}

uint64_t heapster__activity_slot(struct heapster__slot *slot, unsigned heap) {
  return activity_of(heapster__load_acquire(&slot->shards[heap]), heap); /* pairs with the swap that published it */
}

uint64_t heapster__activity_heap(unsigned heap) {
  const uint32_t slots = heapster__slot_count();
  uint64_t activity =
      heapster__load_relaxed(&is_orphaned) ? activity_of(heapster__load_acquire(&orphans[heap]), heap) : 0;
  for (uint32_t i = 0; i < slots; i++) {
    struct heapster__slot *slot = heapster__slot_at(i);
    if (slot) activity += heapster__activity_slot(slot, heap);
  }
  return activity;
}

void heapster__activities(uint64_t *activities, unsigned last) {
  const bool has_orphans = heapster__load_relaxed(&is_orphaned);
  for (unsigned heap = 1; heap <= last; heap++)
    activities[heap] = has_orphans ? activity_of(heapster__load_acquire(&orphans[heap]), heap) : 0;
  const uint32_t slots = heapster__slot_count();
  for (uint32_t i = 0; i < slots; i++) {
    struct heapster__slot *slot = heapster__slot_at(i);
    for (unsigned heap = 1; slot && heap <= last; heap++) activities[heap] += heapster__activity_slot(slot, heap);
  }
}

static void add_requests(struct heapster__requests *sum, struct heapster__shard *shard) {
  if (!shard) return;
  const unsigned buckets = buckets_of(shard);
  sum->alloc_count += heapster__total_relaxed(shard->alloc_histogram.buckets, buckets);
  sum->realloc_growth_count += heapster__total_relaxed(shard->realloc_growth_histogram.buckets, buckets);
  sum->total_alloc_sum +=
      heapster__load_relaxed(&shard->alloc_sum) + heapster__load_relaxed(&shard->realloc_growth_sum);
  sum->total_dealloc_sum +=
      heapster__load_relaxed(&shard->dealloc_sum) + heapster__load_relaxed(&shard->realloc_shrink_sum);
}

struct heapster__requests heapster__requests_of(unsigned heap) {
  struct heapster__requests sum = {0};
  const uint32_t slots = heapster__slot_count();
  if (heapster__load_relaxed(&is_orphaned)) add_requests(&sum, heapster__load_acquire(&orphans[heap]));
  for (uint32_t i = 0; i < slots; i++) {
    struct heapster__slot *slot = heapster__slot_at(i);
    if (slot) add_requests(&sum, heapster__load_acquire(&slot->shards[heap]));
  }
  return sum;
}

bool heapster__is_alone(const struct heapster__slot *slot) {
  return heapster__slot_count() == 1 && heapster__slot_at(0) == slot && !heapster__load_relaxed(&is_orphaned);
}

static int64_t total_untold_by(struct heapster__slot *slot) {
  struct heapster__shard *run = run_of(slot);
  int64_t highest = run ? heapster__run_highest(&run->drift, &slot->total) : heapster__load_relaxed(&slot->total.net);
  int64_t before = heapster__load_relaxed(&slot->total.before);
  return highest > before ? highest : before;
}

static int64_t untold_by(struct heapster__slot *slot, unsigned heap) {
  if (!heap) return total_untold_by(slot);
  struct heapster__shard *shard = heapster__load_acquire(&slot->shards[heap]);
  return shard ? heapster__drift_highest(&shard->drift) : 0;
}

int64_t heapster__highest_untold(unsigned heap) {
  const uint32_t slots = heapster__slot_count();
  int64_t highest = 0;
  for (uint32_t i = 0; i < slots; i++) {
    struct heapster__slot *slot = heapster__slot_at(i);
    int64_t untold = slot ? untold_by(slot, heap) : 0;
    if (untold > highest) highest = untold;
  }
  return highest;
}

HEAPSTER__AT_LOAD static void start(void) { heapster__threads_start(heapster__tell_all); }
