/* Counters: a shard, one thread's counters of one heap, and recording. */
#include "count/counters.h"

#include "base/lock.h"
#include "count/arming.h"
#include "count/fast.h"
#include "count/large.h"

struct heapster__high_water heapster__high_water_marks[HEAPSTER__HEAP_NUMBERS];

struct heapster__shared_shards heapster__shared_shards;
_Atomic bool heapster__by_kind[HEAPSTER__HEAP_NUMBERS];
_Atomic uint32_t heapster__heap_generations[HEAPSTER__HEAP_NUMBERS];

/* Where a request is counted: in the thread's own shard, or in the shared one. */
struct target {
  struct heapster__shard *shard;
  bool is_own;
};

bool heapster__counters_open(unsigned heap) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  if (heapster__load_relaxed(&heapster__shared_shards.shards[heap])) return true;
  struct heapster__shard *made = heapster__piece_take(sizeof *made);
  if (!made) return false;
  heapster__store_relaxed(&made->is_large, true); /* no flush looks at the sizes here */
  /* pairs with the acquire in shared_shard_of and in target_of */
  heapster__store_release(&heapster__shared_shards.shards[heap], made);
  return true;
}

void heapster__counters_have_kinds(unsigned heap) { heapster__store_relaxed(&heapster__by_kind[heap], true); }

struct heapster__shard *heapster__active_shard_of(struct heapster__thread *thread) {
  /* pairs with the release in begin_active */
  const struct heapster__shard_head *cached = heapster__load_acquire(&thread->cached);
  return cached != &thread->armed ? (struct heapster__shard *)(uintptr_t)cached : NULL;
}

/* Readers find no active heap meanwhile. */
static struct heapster__shard *end_active(struct heapster__thread *thread) {
  struct heapster__shard *active = heapster__active_shard_of(thread);
  heapster__store_relaxed(&thread->cached, &thread->armed);
  if (active) heapster__active_end(&active->pending, &thread->total);
  return active;
}

static void begin_active(struct heapster__thread *thread, struct heapster__shard *shard) {
  if (!shard) return;
  heapster__active_begin(&shard->pending, &thread->total);
  heapster__store_release(&thread->cached, &shard->head);
}

/* What the outdated shard has pending is dropped, and its fast path may be opened again. The total's pending bytes stay
   what they are: they count what was dropped as the thread's own bytes. */
static void drop_outdated(struct heapster__shard *shard) {
  heapster__pending_drop(&shard->pending);
  /* release: a reader that finds the shard of this generation finds nothing old pending */
  heapster__store_release(&shard->generation, heapster__load_acquire(&heapster__heap_generations[shard->number]));
  heapster__store_release(&shard->head.heap, shard->number);
}

/* An armed shard that is not outdated stays armed: another thread is just finding out whether the heap can be retired.
 */
static __attribute__((noinline)) struct heapster__shard *renew_shard(struct heapster__thread *thread,
                                                                     struct heapster__shard *shard) {
  if (!heapster__is_outdated(shard)) return shard;
  const bool is_active = heapster__active_shard_of(thread) == shard;
  if (is_active) end_active(thread);
  drop_outdated(shard);
  if (is_active) begin_active(thread, shard);
  return shard;
}

/* A signal handler in between makes a shard too; the first one published stays. */
static __attribute__((noinline)) struct heapster__shard *make_shard(struct heapster__thread *thread, unsigned heap) {
  struct heapster__shard *there = NULL;
  struct heapster__shard *made = heapster__piece_take(sizeof *made);
  if (!made) return NULL;
  made->head.thread = thread;
  made->number = heap;
  heapster__store_relaxed(&made->generation, heapster__load_acquire(&heapster__heap_generations[heap]));
  heapster__store_relaxed(&made->head.heap, heap); /* fast_heap is 0 until its owner opens it */
  heapster__pending_init(&made->pending);
  if (!heapster__swap_strong(&thread->shards[heap], &there, made)) return there;
  made->next = heapster__load_relaxed(&thread->last_shard);
  while (!heapster__swap_relaxed(&thread->last_shard, &made->next, made)) {
  }
  return made;
}

HEAPSTER__INLINE struct heapster__shard *ensure_shard(struct heapster__thread *thread, unsigned heap) {
  struct heapster__shard *there = heapster__load_relaxed(&thread->shards[heap]);
  if (heapster__unlikely(!there)) return make_shard(thread, heap);
  return heapster__likely(heapster__load_number(&there->head.heap)) ? there : renew_shard(thread, there);
}

/* The total's pending bytes, computed from the heaps'. So an error that a signal handler made, while a heap became
   active, does not stay. */
static void recompute_total(struct heapster__thread *thread) {
  int64_t pending = -heapster__load_relaxed(&thread->total.flushed);
  for (struct heapster__shard *each = heapster__load_relaxed(&thread->last_shard); each; each = each->next)
    pending += heapster__load_relaxed(&each->pending.flushed) + heapster__pending_bytes(&each->pending);
  heapster__store_relaxed(&thread->total.left, HEAPSTER__PENDING_HALF - pending);
}

static void flush_total(struct heapster__thread *thread) {
  recompute_total(thread);
  heapster__pending_flush(&thread->total, &heapster__high_water_marks[0]);
}

static void switch_active(struct heapster__thread *thread, struct heapster__shard *shard) {
  end_active(thread);
  begin_active(thread, shard);
  const int64_t pending = heapster__pending_bytes(&thread->total);
  if (pending > HEAPSTER__PENDING_HALF || pending < -HEAPSTER__PENDING_HALF) heapster__flush_heap(thread, 0);
}

bool heapster__activate_heap(unsigned heap) {
  struct heapster__thread *thread = heapster__this_thread();
  if (!thread || heapster__load_relaxed(&thread->guard)) return false;
  struct heapster__shard *shard = heapster__load_relaxed(&thread->shards[heap]);
  if (!shard) return false;
  if (heapster__load_relaxed(&thread->cached) != &shard->head) switch_active(thread, shard);
  heapster__refresh_cached_head(thread);
  return true;
}

static struct target target_of(struct heapster__thread *thread, unsigned heap) {
  struct heapster__shard *own = thread ? ensure_shard(thread, heap) : NULL;
  if (own) {
    if (heapster__load_relaxed(&thread->cached) != &own->head) switch_active(thread, own);
    if (heapster__unlikely(heapster__load_relaxed(&own->head.fast_heap) != heap)) heapster__open_shard(own);
    heapster__refresh_cached_head(thread);
    return (struct target){own, true};
  }
  heapster__store_relaxed(&heapster__shared_shards.are_used, true);
  return (struct target){heapster__load_acquire(&heapster__shared_shards.shards[heap]), false};
}

static struct target target_here(unsigned heap) {
  struct heapster__thread *thread = heapster__this_thread();
  return target_of(thread ? thread : heapster__thread_claim(), heap);
}

HEAPSTER__INLINE void add(struct target target, heapster__counter *cell, uint64_t value) {
  if (target.is_own)
    heapster__add_owned(cell, value);
  else
    heapster__add_relaxed(cell, value);
}

static void move_marks(unsigned heap, int64_t change) {
  heapster__high_water_move(&heapster__high_water_marks[heap], change);
  heapster__high_water_move(&heapster__high_water_marks[0], change);
}

/* The use of the heap changes. These functions, and all that end in them, return whether a flush is due. */
HEAPSTER__INLINE bool grow(struct target target, unsigned heap, uint64_t bytes) {
  if (target.is_own) return heapster__pending_grow(&target.shard->pending, bytes);
  move_marks(heap, (int64_t)bytes);
  if (heapster__is_large(bytes)) heapster__meet_large((struct heapster__large){heap, bytes, bytes, NULL});
  return false;
}

HEAPSTER__INLINE bool shrink(struct target target, unsigned heap, uint64_t bytes) {
  if (target.is_own) return heapster__pending_shrink(&target.shard->pending, bytes);
  move_marks(heap, -(int64_t)bytes);
  return false;
}

/* The heap's use grew by `size` bytes, and a flush is due. */
static __attribute__((noinline)) void flush_grown(struct heapster__thread *thread, unsigned heap, uint64_t size,
                                                  uint64_t whole) {
  heapster__flush_heap(thread, heap);
  if (heapster__is_large(size)) heapster__meet_large((struct heapster__large){heap, size, whole, NULL});
}

static __attribute__((noinline)) void count_shared_alloc(struct heapster__shard *shard, unsigned heap, uint64_t size) {
  heapster__add_relaxed(&shard->alloc_histogram[heapster__bucket(size)], 1);
  heapster__add_relaxed(&shard->alloc_sum, size);
  move_marks(heap, (int64_t)size);
  if (heapster__is_large(size)) heapster__meet_large((struct heapster__large){heap, size, size, NULL});
}

void heapster__count_alloc(unsigned heap, uint64_t size) {
  struct target target = target_here(heap);
  if (heapster__likely(target.is_own)) {
    if (heapster__count_alloc_in(target.shard, size)) flush_grown(target.shard->head.thread, heap, size, size);
    return;
  }
  count_shared_alloc(target.shard, heap, size);
}

void heapster__count_dealloc(unsigned heap, uint64_t size) {
  struct heapster__thread *thread = heapster__this_thread();
  struct target target = target_of(thread ? thread : heapster__thread_claim_to_free(), heap);
  add(target, &target.shard->dealloc_count, 1);
  add(target, &target.shard->dealloc_sum, size);
  if (shrink(target, heap, size)) heapster__flush_heap(target.shard->head.thread, heap);
}

HEAPSTER__INLINE void count_change(struct target target, heapster__counter *buckets, heapster__counter *sum,
                                   heapster__counter *in_place_count, uint64_t bytes, bool is_moved) {
  add(target, &buckets[heapster__bucket(bytes)], 1);
  add(target, sum, bytes);
  if (!is_moved) add(target, in_place_count, 1);
}

HEAPSTER__INLINE void count_move(struct target target, struct heapster__resize resize) {
  if (!resize.is_moved) return;
  add(target, &target.shard->realloc_move_count, 1);
  add(target, &target.shard->realloc_move_sum, resize.from < resize.to ? resize.from : resize.to);
}

HEAPSTER__INLINE bool count_growth(struct target target, unsigned heap, uint64_t bytes, bool is_moved) {
  struct heapster__shard *shard = target.shard;
  count_change(target, shard->realloc_growth_histogram, &shard->realloc_growth_sum,
               &shard->realloc_growth_in_place_count, bytes, is_moved);
  return grow(target, heap, bytes);
}

HEAPSTER__INLINE bool count_shrinking(struct target target, unsigned heap, uint64_t bytes, bool is_moved) {
  struct heapster__shard *shard = target.shard;
  count_change(target, shard->realloc_shrink_histogram, &shard->realloc_shrink_sum,
               &shard->realloc_shrink_in_place_count, bytes, is_moved);
  return shrink(target, heap, bytes);
}

void heapster__count_resize(unsigned heap, struct heapster__resize resize) {
  struct target target = target_here(heap);
  struct heapster__thread *thread = target.shard->head.thread;
  count_move(target, resize);
  if (resize.to > resize.from) {
    const uint64_t bytes = resize.to - resize.from;
    if (count_growth(target, heap, bytes, resize.is_moved)) flush_grown(thread, heap, bytes, resize.to);
  } else if (resize.to < resize.from) {
    if (count_shrinking(target, heap, resize.from - resize.to, resize.is_moved)) heapster__flush_heap(thread, heap);
  } else {
    add(target, &target.shard->realloc_same_count, 1);
  }
}

#ifdef __clang__
#define AS_IT_STANDS __attribute__((noinline))
#else
#define AS_IT_STANDS __attribute__((noinline, noipa))
#endif

/* Called in a jump, with what the callers have in those registers: the fast path pays for no move. */
static AS_IT_STANDS void *flush_resized(const struct heapster__shard *shard, uint64_t unused, uint64_t bytes,
                                        const void *from, void *to) {
  (void)unused;
  (void)from;
  const void *const caller =
      heapster__is_armed() ? NULL : __builtin_return_address(0); /* armed, that is the accounting */
  return heapster__flush_grown(shard->number, to, bytes, caller);
}

HEAPSTER__HOT void *heapster__count_resize_in(struct heapster__shard *shard, uint64_t old, uint64_t size,
                                              const void *from, void *to) {
  const struct target target = {shard, true};
  const bool is_moved = from != to;
  count_move(target, (struct heapster__resize){old, size, is_moved});
  if (size > old) {
    const bool is_flush_due = count_growth(target, shard->number, size - old, is_moved);
    return heapster__unlikely(is_flush_due) ? flush_resized(shard, 0, size - old, from, to) : to;
  }
  if (size < old) {
    const bool is_flush_due = count_shrinking(target, shard->number, old - size, is_moved);
    return heapster__unlikely(is_flush_due) ? flush_resized(shard, 0, 0, from, to) : to;
  }
  add(target, &shard->realloc_same_count, 1);
  return to;
}

void heapster__count_at(unsigned heap, size_t offset) {
  struct target target = target_here(heap);
  add(target, (heapster__counter *)(void *)((char *)target.shard + offset), 1);
}

void heapster__count_kind(unsigned heap, size_t kind, uint64_t size) {
  struct target target = target_here(heap);
  add(target, &target.shard->kinds[2 * kind], 1);
  add(target, &target.shard->kinds[2 * kind + 1], size);
}

/* Between requests pending bytes are within half a span of 0, so a request of 4 spans or more leaves them beyond 3, on
   either side. */
static void note_size(struct heapster__shard *shard) {
  int64_t bytes = heapster__pending_bytes(&shard->pending);
  if (bytes >= INT64_C(3) * HEAPSTER__PENDING_SPAN || bytes <= INT64_C(-3) * HEAPSTER__PENDING_SPAN)
    heapster__store_relaxed(&shard->is_large, true);
}

HEAPSTER__INLINE void flush_shard(struct heapster__shard *shard) {
  note_size(shard);
  heapster__pending_flush(&shard->pending, &heapster__high_water_marks[shard->number]);
}

static void flush_own(struct heapster__thread *thread, unsigned heap) {
  struct heapster__shard *shard = heapster__load_relaxed(&thread->shards[heap]);
  if (!heap || !shard) return;
  if (heapster__unlikely(heapster__is_outdated(shard)))
    drop_outdated(shard);
  else
    flush_shard(shard);
}

void heapster__flush_heap(struct heapster__thread *thread, unsigned heap) {
  struct heapster__shard *active = end_active(thread);
  flush_own(thread, heap);
  flush_total(thread);
  begin_active(thread, active);
}

/* Most threads use one heap only: that and the total are then flushed together. */
void *heapster__flush_here(void *block) {
  const struct heapster__shard_head *head = heapster__cached_head();
  struct heapster__thread *thread = head->thread;
  struct heapster__shard *active = (struct heapster__shard *)(uintptr_t)head;
  if (!thread) return block;
  const unsigned heap = head != &thread->armed ? active->number : 0;
  if (!heap || !heapster__pending_is_alone(&active->pending, &thread->total)) {
    heapster__flush_heap(thread, heap);
    return block;
  }
  note_size(active);
  heapster__pending_flush_both(&active->pending, &heapster__high_water_marks[heap], &thread->total,
                               &heapster__high_water_marks[0]);
  return block;
}

/* A thread ends at any time, so the flush arms the shard: the thread that comes first, this one or one that retires the
   heap, holds the other off. What is not flushed stays with the record. The lock holds off retiring, too; a fork may
   have left a shard armed. */
static void flush_last(struct heapster__shard *shard) {
  const bool was_armed = !heapster__exchange_acq_rel(&shard->head.heap, 0); /* pairs with arm in retire.c */
  if (heapster__unlikely(was_armed)) {
    if (heapster__is_outdated(shard)) drop_outdated(shard);
    if (!heapster__is_locked_here()) return;
  }
  flush_shard(shard);
  heapster__store_release(&shard->head.heap, shard->number); /* likewise */
}

void heapster__flush_all(struct heapster__thread *thread) {
  struct heapster__shard *active = end_active(thread);
  for (struct heapster__shard *each = heapster__load_relaxed(&thread->last_shard); each; each = each->next)
    flush_last(each);
  flush_total(thread);
  begin_active(thread, active);
}

struct heapster__pending *heapster__pending_of(struct heapster__thread *thread, unsigned heap) {
  if (!heap) return &thread->total;
  struct heapster__shard *shard = ensure_shard(thread, heap);
  return shard ? &shard->pending : NULL;
}

struct heapster__pending *heapster__find_pending(struct heapster__thread *thread, unsigned heap) {
  if (!heap) return &thread->total;
  struct heapster__shard *shard = heapster__load_acquire(&thread->shards[heap]); /* pairs with the swap in make_shard */
  return shard ? &shard->pending : NULL;
}

HEAPSTER__AT_LOAD static void start(void) { heapster__threads_on_release(heapster__flush_all); }
