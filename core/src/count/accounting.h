/* The books: a block enters and leaves block map and counters together, by the rules of counting.

   Every layer that counts (the malloc hook, named heaps, an interpreter's hook) goes through here:

     a new block           heapster__book_alloc, after the allocator below gave it
     a free                heapster__book_free, before the block goes down
     the common of both    heapster__alloc_at_once, heapster__free_at_once: without a call
     a common resize       heapster__take_at_once, then heapster__resized
     a resize              heapster__book_take before it goes down, then heapster__book_resized; or
                           heapster__book_restore where the allocator below refused, heapster__book_gone
                           where it freed the block

   `heap` is the number of the layer's own heap; a block that is found belongs to the heap that counted it. */
#ifndef HEAPSTER__BOOKS_H
#define HEAPSTER__BOOKS_H

#include "count/counters.h"
#include "count/guard.h"
#include "count/shadow_map.h"

/* What could not be counted exactly; for heapster_status. */
struct heapster__blemishes {
  heapster__counter uncounted;
  heapster__counter lost_sizes;
  heapster__counter crossed;
};
extern HEAPSTER__HIDDEN struct heapster__blemishes heapster__blemishes;

/* What became of a request that was tried the common way. */
enum heapster__at_once {
  HEAPSTER__DONE,
  HEAPSTER__DONE_TELL, /* and heapster__told is to be called */
  HEAPSTER__NOT_DONE,  /* nothing happened: it needs a longer look */
};

/* A new block; NULL is not done. Where the heap's gate is open, no mark is up. */
HEAPSTER__INLINE enum heapster__at_once heapster__alloc_at_once(struct heapster__map *map, unsigned heap,
                                                                const void *block, uint64_t size) {
  struct heapster__shard *shard = heapster__shard_here(heap);
  if (heapster__unlikely(!shard || !heapster__map_put_at_once(map, block, heap, size))) return HEAPSTER__NOT_DONE;
  return heapster__unlikely(heapster__count_alloc_in(shard, size)) ? HEAPSTER__DONE_TELL : HEAPSTER__DONE;
}

/* Takes out a block that the layer's own heap counted; answers where it is to be booked, or NULL: nothing happened. */
HEAPSTER__INLINE struct heapster__shard *heapster__take_at_once(struct heapster__map *map, unsigned heap,
                                                                const void *block, uint64_t *size) {
  struct heapster__shard *shard = heapster__shard_here(heap);
  return heapster__likely(shard && heapster__map_take_own(map, block, heap, size)) ? shard : NULL;
}

HEAPSTER__INLINE enum heapster__at_once heapster__free_at_once(struct heapster__map *map, unsigned heap,
                                                               const void *block) {
  uint64_t size;
  struct heapster__shard *shard = heapster__take_at_once(map, heap, block, &size);
  if (heapster__unlikely(!shard)) return HEAPSTER__NOT_DONE;
  return heapster__unlikely(heapster__count_dealloc_in(shard, size)) ? HEAPSTER__DONE_TELL : HEAPSTER__DONE;
}

void heapster__book_alloc(struct heapster__map *map, unsigned heap, const void *block, uint64_t size);
void heapster__book_free(struct heapster__map *map, unsigned heap, const void *block);

/* A request from inside another layer, which the mark lets through. */
void heapster__book_inner(struct heapster__slot *slot);

bool heapster__book_put_slow(struct heapster__map *map, unsigned heap, const void *block, uint64_t size,
                             enum heapster__put put);

/* Enters a block into the map, whatever stands in the way. False: no memory, it stays uncounted. */
HEAPSTER__INLINE bool heapster__book_put(struct heapster__map *map, unsigned heap, const void *block, uint64_t size) {
  enum heapster__put put = heapster__map_put(map, block, heap, size);
  return heapster__likely(put == HEAPSTER__PUT) || heapster__book_put_slow(map, heap, block, size, put);
}

/* A new block of a layer that is known to be the outermost. */
HEAPSTER__INLINE void heapster__book_outer_alloc(struct heapster__map *map, unsigned heap, const void *block,
                                                 uint64_t size) {
  if (heapster__likely(heapster__book_put(map, heap, block, size))) heapster__count_alloc(heap, size);
}

/* A request for a new block that the allocator below refused. */
HEAPSTER__INLINE void heapster__book_failure(unsigned heap) {
  if (!heapster__is_inner(heapster__slot_here())) heapster__count_alloc_failure(heap);
}

/* The block of `taken`, which was taken out of the map, is freed. */
void heapster__book_gone(unsigned heap, struct heapster__block taken);

static inline struct heapster__block heapster__book_take(struct heapster__map *map, const void *block) {
  return heapster__map_take(map, block);
}

/* The block of `taken`, if there was one, is now `size` large and at `to`. Whether it is on somebody's books. */
bool heapster__book_resized(struct heapster__map *map, unsigned heap, struct heapster__block taken, const void *from,
                            const void *to, uint64_t size);

/* The answer of the allocator below to a resize of a block that was taken at once: books it, or puts it back. */
void *heapster__resized_odd(struct heapster__map *map, unsigned heap, uint64_t old, const void *from, void *to,
                            uint64_t size);
HEAPSTER__INLINE void *heapster__resized(struct heapster__shard *shard, struct heapster__map *map, unsigned heap,
                                         uint64_t old, const void *from, void *to, uint64_t size) {
  if (heapster__likely(heapster__map_put_at_once(map, to, heap, size)))
    return heapster__count_resize_in(shard, old, size, from, to);
  return heapster__resized_odd(map, heap, old, from, to, size);
}

/* The resize was refused: the old block stays. */
void heapster__book_restore(struct heapster__map *map, unsigned heap, struct heapster__block taken, const void *block);

#endif
