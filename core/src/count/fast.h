/* The fast path: how an alloc, a free and a resize are counted while nothing is special. To be read downwards. Only
   what a resize adds to the counters is elsewhere, in heapster__count_resize_in.

   A function that returns false, NULL or HEAPSTER__FAST_MISS has changed nothing. The caller then takes the slow path,
   count/accounting.c, which does the same for every case.

   Of a thread, a heap of number h, and a block of h at an address a:

     head->fast_heap == h                   the thread has a record, h is its active heap, no guard is up, and its shard
                                            of h is neither armed nor outdated
     entry->tag == (segment of a | h)       h owns the segment, and `origin` leads to its leaf
     *byte == 0                             no counted block begins in the granule of a
     *byte == size + 1                      a short block of h begins there, of 0 .. 252 bytes
     *byte == 254                           a long one, and *cell == (size << 3 | which of the cell's granules)

   Of a shard, between the requests of its thread:

     use of the thread = flushed + pending  what it allocated of h less what it freed
     pending = half - left                  and 0 <= left <= span: nothing is due
     highest pending since h became active = half - min(lowest_left, left)

   Only the thread writes its shard, so adding takes one instruction without a lock. Only the thread that owns a block
   writes the block's byte and cell: the allocator has handed the block out, and nobody else may free it. */
#ifndef HEAPSTER__COUNT_FAST_H
#define HEAPSTER__COUNT_FAST_H

#include "count/counters.h"
#include "count/shadow_map.h"

/* The outcome of a fast path. */
enum heapster__fast {
  HEAPSTER__FAST_DONE,
  HEAPSTER__FAST_FLUSH, /* done; the caller must call heapster__flush_here, or for a new block heapster__flush_grown */
  HEAPSTER__FAST_MISS,  /* nothing happened: take the slow path */
};

/* --- which shard: one comparison --- */

/* The calling thread's shard of the heap, if it is the cached one. A thread without a record, one under a guard, an
   armed or an outdated shard: all have a number there that is no heap's, so none of them is tested for. */
HEAPSTER__INLINE struct heapster__shard *heapster__shard_here(unsigned heap) {
  const struct heapster__shard_head *head = heapster__cached_head();
  return heapster__likely(heapster__load_number(&head->fast_heap) == heap) ? (struct heapster__shard *)(uintptr_t)head
                                                                           : NULL;
}

/* --- where the block's byte is: one comparison --- */

/* The tag of an address's segment if `owner` owns it. In the same word, so that one comparison tells both. */
HEAPSTER__INLINE uint64_t heapster__cache_tag_of(const struct heapster__map *map, uint64_t bits, unsigned owner) {
  const uint64_t segment_bytes = (uint64_t)HEAPSTER__GRANULES << heapster__granule_bits(map);
  return (bits & ~(segment_bytes - 1)) | owner;
}

/* The cache's entry for an address. Two segments that share one are at least 256 GiB apart; the later is a miss. */
HEAPSTER__INLINE struct heapster__cache_entry *heapster__cache_entry_of(struct heapster__map *map, uint64_t bits) {
  const uint64_t number = heapster__segment_of(map, bits) % HEAPSTER__LEAF_CACHE;
  HEAPSTER__IN_ONE_REGISTER(map);
  return &map->cache[number];
}

/* Finds the shadow byte of an address. False: the segment has no leaf yet, or it belongs to another heap, or its entry
   to another segment. NULL is in the first segment, which never has a leaf. */
HEAPSTER__INLINE bool heapster__shadow_find(struct heapster__map *map, const void *address, unsigned owner,
                                            _Atomic uint8_t **byte) {
  const uint64_t bits = HEAPSTER__ADDRESS(address);
  struct heapster__cache_entry *entry = heapster__cache_entry_of(map, bits);
  /* acquire pairs with the release in fill_cache: the origin is seen, and the leaf's zeroes */
  if (heapster__unlikely(!heapster__is_acquire(&entry->tag, heapster__cache_tag_of(map, bits, owner)))) return false;
  *byte = (_Atomic uint8_t *)(heapster__granule_of(map, bits) + heapster__load_word(&entry->origin));
  return true;
}

/* --- a new block --- */

/* The size cell of a byte's granule, and which of the cell's granules that is. */
HEAPSTER__INLINE _Atomic uint64_t *heapster__size_cell_of(_Atomic uint8_t *byte) {
  const uintptr_t first = (uintptr_t)byte >> HEAPSTER__SIZE_CELL_BITS << HEAPSTER__SIZE_CELL_BITS;
  return (_Atomic uint64_t *)(first + offsetof(struct heapster__leaf, size_cells));
}
HEAPSTER__INLINE uint64_t heapster__size_cell_part(const _Atomic uint8_t *byte) {
  return (uintptr_t)byte % (1 << HEAPSTER__SIZE_CELL_BITS);
}

/* Writes the size of a long block. False: no address space is as large. */
HEAPSTER__INLINE bool heapster__write_size_cell(_Atomic uint8_t *byte, uint64_t size) {
  if (heapster__unlikely(size > UINT64_MAX >> HEAPSTER__SIZE_CELL_BITS)) return false;
  heapster__store_relaxed(heapster__size_cell_of(byte),
                          size << HEAPSTER__SIZE_CELL_BITS | heapster__size_cell_part(byte));
  return true;
}

/* Enters a block. False: one stands there already, whose free was missed. */
HEAPSTER__INLINE bool heapster__shadow_put_at(_Atomic uint8_t *byte, uint64_t size) {
  if (heapster__unlikely(heapster__load_byte(byte))) return false;
  if (heapster__likely(size <= HEAPSTER__SHORT_SIZE)) {
    heapster__store_relaxed(byte, (uint8_t)(size + 1));
    return true;
  }
  if (!heapster__write_size_cell(byte, size)) return false;
  heapster__store_release(byte, HEAPSTER__BYTE_LONG); /* pairs with the acquire in block_at */
  return true;
}

HEAPSTER__INLINE bool heapster__shadow_put_fast(struct heapster__map *map, const void *address, unsigned owner,
                                                uint64_t size) {
  _Atomic uint8_t *byte;
  if (heapster__unlikely(!heapster__shadow_find(map, address, owner, &byte))) return false;
  return heapster__shadow_put_at(byte, size);
}

/* Counts a new block, except for the use. The number of allocs is the sum of the histogram: no counter of its own. */
HEAPSTER__INLINE void heapster__count_new_in(struct heapster__shard *shard, uint64_t size) {
  heapster__add_owned(&shard->alloc_histogram[heapster__bucket(size)], 1);
  heapster__add_owned(&shard->alloc_sum, size);
}

/* The use grew by `bytes`. Whether a flush is due: the sign of the subtraction says so. */
HEAPSTER__INLINE bool heapster__pending_grow(struct heapster__pending *pending, uint64_t bytes) {
  return heapster__unlikely(heapster__drop_below_zero_owned(&pending->left, (int64_t)bytes));
}

HEAPSTER__INLINE bool heapster__count_alloc_in(struct heapster__shard *shard, uint64_t size) {
  heapster__count_new_in(shard, size);
  return heapster__pending_grow(&shard->pending, size);
}

/* Records a new block, which the next allocator has just returned. Its NULL is a miss. */
HEAPSTER__INLINE enum heapster__fast heapster__record_alloc_fast(struct heapster__map *map, unsigned heap,
                                                                 const void *block, uint64_t size) {
  struct heapster__shard *shard = heapster__shard_here(heap);
  if (heapster__unlikely(!shard || !heapster__shadow_put_fast(map, block, heap, size))) return HEAPSTER__FAST_MISS;
  return heapster__unlikely(heapster__count_alloc_in(shard, size)) ? HEAPSTER__FAST_FLUSH : HEAPSTER__FAST_DONE;
}

/* --- a free --- */

/* Reads the size of a long block. False: the free of that block was missed, and the cell has another's size by now. */
HEAPSTER__INLINE bool heapster__read_size_cell(_Atomic uint8_t *byte, uint64_t *size) {
  const uint64_t cell = heapster__load_relaxed(heapster__size_cell_of(byte));
  *size = cell >> HEAPSTER__SIZE_CELL_BITS;
  return cell % (1 << HEAPSTER__SIZE_CELL_BITS) == heapster__size_cell_part(byte);
}

/* Takes a block out. False: no counted block begins there, or a foreign one. */
HEAPSTER__INLINE bool heapster__shadow_take_at(_Atomic uint8_t *byte, uint64_t *size) {
  *size = (uint64_t)heapster__load_relaxed(byte) - 1; /* an empty byte becomes UINT64_MAX, which is no short size */
  if (heapster__unlikely(*size > HEAPSTER__SHORT_SIZE) &&
      (*size != HEAPSTER__BYTE_LONG - 1 || !heapster__read_size_cell(byte, size)))
    return false;
  heapster__store_relaxed(byte, 0);
  return true;
}

HEAPSTER__INLINE bool heapster__shadow_take_fast(struct heapster__map *map, const void *address, unsigned owner,
                                                 uint64_t *size) {
  _Atomic uint8_t *byte;
  if (heapster__unlikely(!heapster__shadow_find(map, address, owner, &byte))) return false;
  return heapster__shadow_take_at(byte, size);
}

/* Takes out a block that the layer's own heap counted. Returns the shard that counts what follows, or NULL. Call it
   before the block is passed on: afterwards another thread may have the address. */
HEAPSTER__INLINE struct heapster__shard *heapster__take_block_fast(struct heapster__map *map, unsigned heap,
                                                                   const void *block, uint64_t *size) {
  struct heapster__shard *shard = heapster__shard_here(heap);
  return heapster__likely(shard && heapster__shadow_take_fast(map, block, heap, size)) ? shard : NULL;
}

/* The use shrinks by `bytes`. Whether a flush is due. How high it was is noted here, not where it grew: a program that
   builds something only allocates. */
HEAPSTER__INLINE bool heapster__pending_shrink(struct heapster__pending *pending, uint64_t bytes) {
  const int64_t left = heapster__load_owned(&pending->left);
  if (left < heapster__load_owned(&pending->lowest_left)) heapster__store_relaxed(&pending->lowest_left, left);
  heapster__move_owned(&pending->left, (int64_t)bytes);
  return heapster__unlikely(left + (int64_t)bytes > HEAPSTER__PENDING_SPAN); /* reading it back would take longer */
}

HEAPSTER__INLINE bool heapster__count_dealloc_in(struct heapster__shard *shard, uint64_t size) {
  heapster__add_owned(&shard->dealloc_count, 1);
  heapster__add_owned(&shard->dealloc_sum, size);
  return heapster__pending_shrink(&shard->pending, size);
}

/* Records a free, before the block is passed on. */
HEAPSTER__INLINE enum heapster__fast heapster__record_free_fast(struct heapster__map *map, unsigned heap,
                                                                const void *block) {
  uint64_t size;
  struct heapster__shard *shard = heapster__take_block_fast(map, heap, block, &size);
  if (heapster__unlikely(!shard)) return HEAPSTER__FAST_MISS;
  return heapster__unlikely(heapster__count_dealloc_in(shard, size)) ? HEAPSTER__FAST_FLUSH : HEAPSTER__FAST_DONE;
}

/* --- a resize --- */

/* After heapster__take_block_fast: the block is at `to` now, or the next allocator refused, and `to` is NULL: then the
   block is restored. Returns `to`. */
void *heapster__finish_resize_slow(struct heapster__map *map, unsigned heap, uint64_t old, const void *from, void *to,
                                   uint64_t size);
HEAPSTER__INLINE void *heapster__finish_resize(struct heapster__shard *shard, struct heapster__map *map, unsigned heap,
                                               uint64_t old, const void *from, void *to, uint64_t size) {
  if (heapster__likely(heapster__shadow_put_fast(map, to, heap, size)))
    return heapster__count_resize_in(shard, old, size, from, to);
  return heapster__finish_resize_slow(map, heap, old, from, to, size);
}

/* --- where the caller says the size: Lua --- */

/* Takes out a block whose size the caller knows, at most HEAPSTER__SHORT_SIZE. False: the byte says another size. */
HEAPSTER__INLINE bool heapster__shadow_take_short(struct heapster__map *map, const void *address, unsigned owner,
                                                  uint64_t size) {
  _Atomic uint8_t *byte;
  if (heapster__unlikely(!heapster__shadow_find(map, address, owner, &byte))) return false;
  if (heapster__unlikely(heapster__load_byte(byte) != (uint8_t)(size + 1))) return false;
  heapster__store_relaxed(byte, 0);
  return true;
}

#endif
