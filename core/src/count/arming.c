/* Arming: every request takes the slow path, where it is also attributed to a site. */
#include "count/arming.h"

#include "base/lock.h"
#include "count/site_cells.h"

_Atomic uint32_t heapster__arming;

_Atomic unsigned heapster__wanted_sites;

const struct heapster__attributor *_Atomic heapster__attributor;

struct heapster__site (*_Atomic heapster__site_finder)(const void *caller);

struct heapster__site (*_Atomic heapster__lasting_site_finder)(const void *caller);

static struct {
  const struct heapster__thread *armer; /* under the lock, as all below */
  uint32_t armer_generation;
  uint32_t last;
  uint32_t last_closing;
} state;

/* What stands in the place of a heap's number. Each arming has its own, so that an owner that is late opens no shard
   that was armed again meanwhile. */
static unsigned armed_mark(uint32_t arming) { return 1U << 31 | arming; }
static unsigned closed_mark(uint32_t closing) { return 1U << 30 | closing; }

static struct heapster_requests asked_of(struct heapster__shard *shard) {
  return (struct heapster_requests){
      .alloc_count = heapster__total_relaxed(shard->alloc_histogram, HEAPSTER_BUCKETS),
      .alloc_sum = heapster__load_relaxed(&shard->alloc_sum),
      .realloc_growth_count = heapster__total_relaxed(shard->realloc_growth_histogram, HEAPSTER_BUCKETS),
      .realloc_growth_sum = heapster__load_relaxed(&shard->realloc_growth_sum),
      .realloc_move_count = heapster__load_relaxed(&shard->realloc_move_count),
      .realloc_move_sum = heapster__load_relaxed(&shard->realloc_move_sum),
  };
}

/* A signal handler may join in the middle of this. If it did before all was read, what was read is dropped; later it
   noted the same figures, as nothing was counted in between. */
static void join(struct heapster__shard *shard, uint32_t arming) {
  const struct heapster_requests asked = asked_of(shard);
  heapster__fence_signal();
  if (heapster__load_relaxed(&shard->span.joined) == arming) return;
  shard->span.at_joining = asked;
  heapster__store_release(&shard->span.joined, arming); /* pairs with the acquire in add_armed */
}

/* The same for a handler that opens the shard. */
static void open_fast_path(struct heapster__shard *shard, unsigned mark, unsigned heap) {
  const struct heapster_requests asked = asked_of(shard);
  heapster__fence_signal();
  if (heapster__load_relaxed(&shard->head.fast_heap) != mark) return;
  shard->span.at_opening = asked;
  /* release pairs with the acquire in add_armed; fails if the shard was armed again */
  heapster__swap_strong(&shard->head.fast_heap, &mark, heap);
}

void heapster__open_shard(struct heapster__shard *shard) {
  uint32_t arming = heapster__load_acquire(&heapster__arming);
  if (heapster__likely(arming && heapster__load_relaxed(&shard->span.joined) == arming)) return;
  const unsigned mark = heapster__load_acquire(&shard->head.fast_heap); /* pairs with heapster__close_fast_path */
  const unsigned heap = heapster__load_relaxed(&shard->head.heap);      /* 0: it is being retired */
  heapster__fence_seq_cst(); /* pairs with that in heapster__arm: either it finds this shard, or this finds it armed */
  arming = heapster__load_acquire(&heapster__arming);
  if (arming)
    join(shard, arming);
  else if (heap && mark != heap)
    open_fast_path(shard, mark, heap);
}

void heapster__close_fast_path(struct heapster__shard *shard) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  state.last_closing = (state.last_closing + 1) % closed_mark(0);
  heapster__exchange_acq_rel(&shard->head.fast_heap, closed_mark(state.last_closing));
}

static void arm_shard(struct heapster__shard *shard, uint32_t arming) {
  heapster__exchange_acq_rel(&shard->head.fast_heap, armed_mark(arming));
  shard->span.at_arming = asked_of(shard);
  shard->span.armed = arming;
}

/* Calls for every shard of a heap, or of all heaps for 0: of one thread, or of all for NULL. By the arrays of the
   records: the chain of a record may lack a shard whose making a signal handler interrupted. */
typedef void shard_visitor(struct heapster__shard *shard, void *context);

static void visit_record(struct heapster__thread *thread, unsigned heap, shard_visitor *visit, void *context) {
  for (unsigned i = heap ? heap : 1; i <= (heap ? heap : HEAPSTER__HEAP_NUMBERS - 1); i++) {
    struct heapster__shard *shard = heapster__load_acquire(&thread->shards[i]); /* pairs with make_shard's swap */
    if (shard) visit(shard, context);
  }
}

static void visit_shards(const struct heapster__thread *only, unsigned heap, shard_visitor *visit, void *context) {
  const uint32_t threads = heapster__thread_count();
  for (uint32_t i = 0; i < threads; i++) {
    struct heapster__thread *thread = heapster__thread_at(i);
    if (thread && (!only || thread == only)) visit_record(thread, heap, visit, context);
  }
}

static void visit_armed(struct heapster__shard *shard, void *arming) { arm_shard(shard, *(uint32_t *)arming); }

/* The shared shards have no fast path: what they count in between is seen by its difference alone. */
static void visit_shared(unsigned heap, shard_visitor *visit, void *context) {
  for (unsigned i = heap ? heap : 1; i <= (heap ? heap : HEAPSTER__HEAP_NUMBERS - 1); i++) {
    struct heapster__shard *shard = heapster__load_acquire(&heapster__shared_shards.shards[i]);
    if (shard) visit(shard, context);
  }
}

uint32_t heapster__next_arming(void) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  return state.last % (armed_mark(0) - 1) + 1;
}

uint32_t heapster__arm(const struct heapster__attributor *attributor, const struct heapster__thread *armer) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  HEAPSTER__ASSERT(!heapster__load_relaxed(&heapster__arming));
  state.last = heapster__next_arming();
  uint32_t arming = state.last;
  state.armer = armer;
  state.armer_generation = armer ? heapster__load_relaxed(&armer->generation) : 0;
  heapster__store_release(&heapster__attributor, attributor);
  heapster__or_relaxed(&heapster__wanted_sites, (unsigned)HEAPSTER__SITES_OF_ALL);
  heapster__store_release(&heapster__arming, arming);
  heapster__fence_seq_cst();
  visit_shards(NULL, 0, visit_armed, &arming);
  visit_shared(0, visit_armed, &arming);
  return arming;
}

void heapster__disarm(void) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  heapster__store_release(&heapster__arming, 0);
  heapster__and_release(&heapster__wanted_sites, ~(unsigned)HEAPSTER__SITES_OF_ALL);
  heapster__fence_seq_cst();
}

/* What a shard counted from when it was armed, or from its owner's first request since if that is earlier, until it was
   opened. The counters are read before the mark: if it still stands, nothing was counted on the fast path. */
static void add_armed(struct heapster__shard *shard, void *sum) {
  struct heapster_requests *const to = sum;
  const bool has_joined = heapster__load_acquire(&shard->span.joined) == state.last;
  const bool was_there = shard->span.armed == state.last;
  if (!has_joined && !was_there) return;
  const struct heapster_requests *start = was_there ? &shard->span.at_arming : &shard->span.at_joining;
  const struct heapster_requests *other = has_joined ? &shard->span.at_joining : start;
  struct heapster_requests end = asked_of(shard);
  heapster__fence_acquire();
  if (heapster__load_acquire(&shard->head.fast_heap) == shard->number) end = shard->span.at_opening;
#define X(name) to->name += end.name - (start->name < other->name ? start->name : other->name);
  HEAPSTER__REQUEST_FIELDS(X)
#undef X
}

void heapster__add_armed(struct heapster_requests *sum, const struct heapster__thread *thread, unsigned heap) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  HEAPSTER__ASSERT(!heapster__load_relaxed(&heapster__arming));
  visit_shards(thread, heap, add_armed, sum);
}

void heapster__add_armed_shared(struct heapster_requests *sum, unsigned heap) { visit_shared(heap, add_armed, sum); }

void heapster__arming_drop_others(void) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  const bool is_own = !state.armer || (state.armer == heapster__this_thread() &&
                                       state.armer_generation == heapster__load_relaxed(&state.armer->generation));
  if (!is_own) heapster__disarm();
}

void heapster__note_site(enum heapster__site_kind kind, const void *place, uint32_t offset) {
  struct heapster__thread *thread = heapster__this_thread();
  if (heapster__unlikely(!thread)) thread = heapster__thread_claim();
  if (heapster__likely(thread != NULL))
    thread->site = (struct heapster__site){(uintptr_t)place, offset, (uint32_t)kind};
}

/* Whether the shard noted its figures in this arming, before the request was counted. If not, the request began before
   it, and is under way. Takes the noted site; if a signal handler took it before, it is unknown. */
static const struct heapster__attributor *begin_attribution(struct heapster__attribution *to, unsigned heap) {
  const uint32_t arming = heapster__load_acquire(&heapster__arming);
  struct heapster__thread *thread = heapster__this_thread();
  const struct heapster__shard *shard = thread ? heapster__load_relaxed(&thread->shards[heap]) : NULL;
  if (!arming || !shard || heapster__load_relaxed(&shard->span.joined) != arming) return NULL;
  *to = (struct heapster__attribution){arming, heap, thread, thread->site};
  thread->site.kind = HEAPSTER__SITE_UNKNOWN;
  return heapster__load_acquire(&heapster__attributor);
}

void heapster__attribute_alloc(struct heapster__map *map, unsigned heap, const void *block, uint64_t size) {
  struct heapster__attribution to;
  const struct heapster__attributor *attributor = begin_attribution(&to, heap);
  const uint16_t site = attributor ? attributor->alloc(&to, size) : 0;
  if (site && map) heapster__site_put(map, block, site);
}

void heapster__attribute_resize(unsigned heap, const struct heapster__resize *resize) {
  struct heapster__attribution to;
  const struct heapster__attributor *attributor = begin_attribution(&to, heap);
  if (attributor) attributor->resize(&to, resize);
}
