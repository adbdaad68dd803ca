/* The books: a block enters and leaves block map and counters together, by the rules of counting. */
#include "count/accounting.h"

struct heapster__blemishes heapster__blemishes;

/* A free of this block went by unseen: it is booked now. */
static void book_stale(struct heapster__block stale) {
  heapster__count_dealloc(stale.owner, stale.size);
  heapster__count_unseen_free(stale.owner);
  if (stale.is_size_lost) heapster__add_relaxed(&heapster__blemishes.lost_sizes, 1);
}

bool heapster__book_put_slow(struct heapster__map *map, unsigned heap, const void *block, uint64_t size,
                             enum heapster__put put) {
  while (put == HEAPSTER__PUT_STALE) {
    struct heapster__block stale = heapster__map_take(map, block);
    if (stale.owner) book_stale(stale);
    put = heapster__map_put(map, block, heap, size);
  }
  if (put == HEAPSTER__PUT) return true;
  heapster__add_relaxed(&heapster__blemishes.uncounted, 1);
  return false;
}

void heapster__book_inner(struct heapster__slot *slot) { heapster__add_owned(&slot->passed, 1); }

/* The shard of a request for `heap` that is to be counted without a further question: the thread has one, and no mark
   is up. Else NULL. */
static struct heapster__shard *shard_opened(unsigned heap) {
  struct heapster__shard *shard = heapster__shard_here(heap);
  return shard || !heapster__turn_to(heap) ? shard : heapster__shard_here(heap);
}

void heapster__book_alloc(struct heapster__map *map, unsigned heap, const void *block, uint64_t size) {
  struct heapster__shard *shard = shard_opened(heap);
  if (heapster__likely(shard && heapster__map_put(map, block, heap, size) == HEAPSTER__PUT)) {
    if (heapster__count_alloc_in(shard, size)) heapster__told(NULL);
    return;
  }
  struct heapster__slot *slot = heapster__slot_here();
  if (heapster__is_inner(slot))
    heapster__book_inner(slot);
  else
    heapster__book_outer_alloc(map, heap, block, size);
}

/* A program that was hooked late frees many of these at its end. */
static void book_unknown(unsigned heap) {
  struct heapster__shard *shard = heapster__shard_here(heap);
  if (shard) {
    heapster__add_owned(&shard->unseen_alloc_count, 1);
    return;
  }
  struct heapster__slot *slot = heapster__slot_here();
  if (heapster__is_inner(slot))
    heapster__book_inner(slot);
  else
    heapster__count_unseen_alloc(heap);
}

/* Which of the blemishes a block has that comes back through the hook of `heap`. */
static void note_blemishes(unsigned heap, struct heapster__block taken) {
  if (taken.owner != heap) heapster__add_relaxed(&heapster__blemishes.crossed, 1);
  if (taken.is_size_lost) heapster__add_relaxed(&heapster__blemishes.lost_sizes, 1);
}

void heapster__book_gone(unsigned heap, struct heapster__block taken) {
  if (!taken.owner) {
    book_unknown(heap);
    return;
  }
  note_blemishes(heap, taken);
  heapster__count_dealloc(taken.owner, taken.size);
}

void heapster__book_free(struct heapster__map *map, unsigned heap, const void *block) {
  struct heapster__shard *shard = shard_opened(heap);
  struct heapster__block taken = heapster__map_take(map, block);
  if (heapster__unlikely(!shard || taken.owner != heap || taken.is_size_lost))
    heapster__book_gone(heap, taken);
  else if (heapster__count_dealloc_in(shard, taken.size))
    heapster__told(NULL);
}

static bool book_first_met(struct heapster__map *map, unsigned heap, const void *block, uint64_t size) {
  struct heapster__slot *slot = heapster__slot_here();
  if (heapster__is_inner(slot)) {
    heapster__book_inner(slot);
    return false;
  }
  if (!heapster__book_put(map, heap, block, size)) return false;
  heapster__count_alloc(heap, size);
  heapster__count_unseen_alloc(heap);
  return true;
}

bool heapster__book_resized(struct heapster__map *map, unsigned heap, struct heapster__block taken, const void *from,
                            const void *to, uint64_t size) {
  if (!taken.owner) return book_first_met(map, heap, to, size);
  note_blemishes(heap, taken);
  bool is_put = heapster__book_put(map, taken.owner, to, size);
  if (is_put)
    heapster__count_resize(taken.owner, (struct heapster__resize){taken.size, size, from != to});
  else
    heapster__count_dealloc(taken.owner, taken.size);
  return is_put;
}

void heapster__book_restore(struct heapster__map *map, unsigned heap, struct heapster__block taken, const void *block) {
  if (taken.owner) heapster__map_put(map, block, taken.owner, taken.size);
  if (taken.owner || !heapster__is_inner(heapster__slot_here()))
    heapster__count_realloc_failure(taken.owner ? taken.owner : heap);
}

void *heapster__resized_odd(struct heapster__map *map, unsigned heap, uint64_t old, const void *from, void *to,
                            uint64_t size) {
  const struct heapster__block taken = {old, heap, false};
  if (to)
    heapster__book_resized(map, heap, taken, from, to, size);
  else
    heapster__book_restore(map, heap, taken, from);
  return to;
}
