/* Accounting: a block enters and leaves shadow map and counters together, by the rules of counting. */
#include "count/accounting.h"

#include "count/armed.h"

struct heapster__inaccuracies heapster__inaccuracies;

void heapster__record_missed(struct heapster__block missed) {
  heapster__count_dealloc(missed.owner, missed.size);
  heapster__count_one(missed.owner, unseen_free_count);
  if (missed.is_size_lost) heapster__add_relaxed(&heapster__inaccuracies.lost_sizes, 1);
}

void heapster__record_missed_free(struct heapster__map *map, const void *block) {
  struct heapster__block missed = heapster__take_block(map, block);
  if (missed.owner) heapster__record_missed(missed);
}

bool heapster__enter_block_slow(struct heapster__map *map, unsigned heap, const void *block, uint64_t size,
                                enum heapster__put_result put) {
  while (put == HEAPSTER__PUT_MISSED_FREE) {
    heapster__record_missed_free(map, block);
    put = heapster__shadow_put(map, block, heap, size);
  }
  if (put == HEAPSTER__PUT_DONE) return true;
  heapster__add_relaxed(&heapster__inaccuracies.uncounted, 1);
  return false;
}

/* The site that a nested hook noted is not that of the next request. */
static void drop_site(struct heapster__thread *thread) {
  thread->large.whole = 0;
  if (heapster__is_armed()) thread->site.kind = HEAPSTER__SITE_UNKNOWN;
}

void heapster__record_nested(struct heapster__thread *thread) {
  heapster__add_owned(&thread->nested_count, 1);
  drop_site(thread);
}

/* The thread's shard of `heap`, made the cached one; NULL if it has none, or while a guard is up or the shard is armed.
 */
static struct heapster__shard *activate_shard(unsigned heap) {
  struct heapster__shard *shard = heapster__shard_here(heap);
  return shard || !heapster__activate_heap(heap) ? shard : heapster__shard_here(heap);
}

static __attribute__((noinline)) void record_nested_alloc(struct heapster__thread *thread,
                                                          struct heapster__nested_request request) {
  if (heapster__nested_keep(thread, request))
    drop_site(thread);
  else
    heapster__record_nested(thread);
}

/* Where the thread has no shard yet, a guard is up, the shard is armed, or the map refused the block. */
static __attribute__((noinline)) void *record_alloc_anywhere(struct heapster__map *map, unsigned heap,
                                                             const void *block, uint64_t size) {
  struct heapster__thread *thread = heapster__this_thread();
  if (heapster__is_nested(thread))
    record_nested_alloc(thread, (struct heapster__nested_request){map, block, size, heap, 0});
  else
    heapster__record_outer_alloc(map, heap, block, size);
  return (void *)(uintptr_t)block;
}

void *heapster__record_alloc(struct heapster__map *map, unsigned heap, const void *block, uint64_t size) {
  struct heapster__shard *shard = activate_shard(heap);
  if (heapster__unlikely(!shard || heapster__shadow_put(map, block, heap, size) != HEAPSTER__PUT_DONE))
    return record_alloc_anywhere(map, heap, block, size);
  void *const same = (void *)(uintptr_t)block;
  return heapster__count_alloc_in(shard, size) ? heapster__flush_grown(heap, same, size, NULL) : same;
}

/* If the request is a large one, the hook noted its caller. */
static __attribute__((noinline)) void *flush_armed(unsigned heap, void *block, uint64_t size) {
  return heapster__flush_grown(heap, block, size, NULL);
}

static __attribute__((noinline)) void *record_alloc_noted(struct heapster__map *map, unsigned heap, void *block,
                                                          uint64_t size, struct heapster__site site) {
  if (heapster__is_armed())
    heapster__note_site((enum heapster__site_kind)site.kind, (const void *)site.place, site.offset);
  return heapster__record_alloc(map, heap, block, size);
}

/* As the fast path, and with the same limits. Everything else goes the way of requests that are not armed. */
void *heapster__record_alloc_at(struct heapster__map *map, unsigned heap, void *block, uint64_t size,
                                struct heapster__site site) {
  const uint32_t arming = heapster__load_acquire(&heapster__arming);
  struct heapster__shard *shard = arming ? heapster__armed_shard_here(heap, arming) : NULL;
  _Atomic uint8_t *byte;
  if (heapster__unlikely(!shard || !heapster__shadow_find(map, block, heap, &byte) ||
                         !heapster__shadow_put_at(byte, size))) {
    return record_alloc_noted(map, heap, block, size, site);
  }
  const struct heapster__attribution to = {arming, heap, shard->head.thread, site};
  const bool is_flush_due = heapster__count_alloc_in(shard, size);
  const uint16_t number = heapster__load_acquire(&heapster__attributor)->alloc(&to, size);
  heapster__put_site_at(map, block, heapster__site_cell_of(map, block, byte), number);
  return is_flush_due ? flush_armed(heap, block, size) : block;
}

/* The same for a free. False: nothing happened. */
static __attribute__((noinline)) bool record_free_armed(struct heapster__map *map, unsigned heap, const void *block) {
  const struct heapster__shard_head *head = heapster__cached_head();
  struct heapster__shard *shard = (struct heapster__shard *)(uintptr_t)head;
  _Atomic uint8_t *byte;
  uint64_t size;
  if (heapster__load_number(&head->heap) != heap || !heapster__shadow_find(map, block, heap, &byte)) return false;
  if (!heapster__shadow_take_at(byte, &size)) return false;
  _Atomic uint16_t *const cell = heapster__site_cell_of(map, block, byte);
  if (cell) heapster__store_relaxed(cell, 0);
  if (heapster__count_dealloc_in(shard, size)) heapster__flush_here(NULL);
  return true;
}

/* Notes what is inaccurate about a block that comes back through the hook of `heap`. */
static void note_inaccuracies(unsigned heap, struct heapster__block taken) {
  if (taken.owner != heap) heapster__add_relaxed(&heapster__inaccuracies.crossed, 1);
  if (taken.is_size_lost) heapster__add_relaxed(&heapster__inaccuracies.lost_sizes, 1);
}

static void record_known_free(unsigned heap, struct heapster__block taken) {
  note_inaccuracies(heap, taken);
  heapster__count_dealloc(taken.owner, taken.size);
}

/* Counts a nested request that is kept, because its block is freed or resized. Returns the block, or none. */
static __attribute__((noinline)) struct heapster__block
count_kept_in(struct heapster__thread *thread, const struct heapster__map *map, const void *block) {
  struct heapster__nested_request kept;
  if (!heapster__nested_take(thread, map, block, &kept)) return (struct heapster__block){0, 0, false, 0};
  heapster__count_entered(NULL, kept.heap, NULL, kept.size);
  return (struct heapster__block){kept.size, kept.heap, false, 0};
}

HEAPSTER__INLINE struct heapster__block count_kept(const struct heapster__map *map, const void *block) {
  struct heapster__thread *thread = heapster__this_thread();
  const bool may_be_kept = thread && heapster__load_relaxed(&thread->has_kept);
  return heapster__unlikely(may_be_kept) ? count_kept_in(thread, map, block) : (struct heapster__block){0, 0, false, 0};
}

/* A free of a block from before the hook. A program that was hooked late makes many of these at its end. */
static __attribute__((noinline)) void record_unknown_free(const struct heapster__map *map, unsigned heap,
                                                          const void *block) {
  const struct heapster__block kept = count_kept(map, block);
  struct heapster__shard *shard = heapster__shard_here(heap);
  struct heapster__thread *thread = heapster__this_thread();
  if (kept.owner)
    record_known_free(heap, kept);
  else if (shard)
    heapster__add_owned(&shard->unseen_alloc_count, 1);
  else if (heapster__is_nested(thread))
    heapster__record_nested(thread);
  else
    heapster__count_one(heap, unseen_alloc_count);
}

HEAPSTER__INLINE void record_gone(const struct heapster__map *map, unsigned heap, struct heapster__block taken,
                                  const void *block) {
  if (taken.owner)
    record_known_free(heap, taken);
  else
    record_unknown_free(map, heap, block);
}

void heapster__record_gone_from(const struct heapster__map *map, unsigned heap, struct heapster__block taken,
                                const void *block) {
  record_gone(map, heap, taken, block);
}

void heapster__record_gone(unsigned heap, struct heapster__block taken) { record_gone(NULL, heap, taken, NULL); }

static __attribute__((noinline)) void record_free_anywhere(struct heapster__map *map, unsigned heap,
                                                           struct heapster__block taken, const void *block) {
  if (heapster__is_armed()) heapster__site_take(map, block);
  record_gone(map, heap, taken, block);
}

void heapster__record_free(struct heapster__map *map, unsigned heap, const void *block) {
  struct heapster__shard *shard = heapster__shard_here(heap);
  if (heapster__unlikely(!shard)) {
    if (heapster__is_armed() && record_free_armed(map, heap, block)) return;
    if (heapster__activate_heap(heap)) shard = heapster__shard_here(heap);
  }
  struct heapster__block taken = heapster__shadow_take(map, block);
  if (heapster__unlikely(!shard || taken.owner != heap || taken.is_size_lost))
    record_free_anywhere(map, heap, taken, block);
  else if (heapster__count_dealloc_in(shard, taken.size))
    heapster__flush_here(NULL);
}

static bool record_first_met(struct heapster__map *map, unsigned heap, const void *block, uint64_t size) {
  struct heapster__thread *thread = heapster__this_thread();
  if (heapster__is_nested(thread)) {
    heapster__record_nested(thread);
    return false;
  }
  if (!heapster__enter_block(map, heap, block, size)) return false;
  heapster__count_entered(map, heap, block, size);
  heapster__count_one(heap, unseen_alloc_count);
  return true;
}

bool heapster__record_resize(struct heapster__map *map, unsigned heap, struct heapster__block taken, const void *from,
                             const void *to, uint64_t size) {
  if (!taken.owner) taken = count_kept(map, from);
  if (!taken.owner) return record_first_met(map, heap, to, size);
  note_inaccuracies(heap, taken);
  bool is_put = heapster__enter_block(map, taken.owner, to, size);
  if (is_put && heapster__unlikely(taken.site)) heapster__site_put(map, to, taken.site);
  if (is_put)
    heapster__count_resized(taken.owner, (struct heapster__resize){taken.size, size, from != to});
  else
    heapster__count_dealloc(taken.owner, taken.size);
  return is_put;
}

void heapster__restore_block(struct heapster__map *map, unsigned heap, struct heapster__block taken,
                             const void *block) {
  if (taken.owner) heapster__shadow_put(map, block, taken.owner, taken.size);
  if (heapster__unlikely(taken.site)) heapster__site_put(map, block, taken.site);
  if (taken.owner || !heapster__is_nested(heapster__this_thread()))
    heapster__count_one(taken.owner ? taken.owner : heap, realloc_fail_count);
}

void *heapster__finish_resize_slow(struct heapster__map *map, unsigned heap, uint64_t old, const void *from, void *to,
                                   uint64_t size) {
  const struct heapster__block taken = {old, heap, false, 0};
  heapster__note_large(size, __builtin_return_address(0));
  if (to)
    heapster__record_resize(map, heap, taken, from, to, size);
  else
    heapster__restore_block(map, heap, taken, from);
  return to;
}
