/* Accounting: a block enters and leaves shadow map and counters together, by the rules of counting.

   Every layer that counts (the malloc hook, named heaps, an interpreter's hook) goes through here:

     a new block       heapster__record_alloc, after the next allocator returned it
     a free            heapster__record_free, before the block is passed on
     all, fast         inline, in count/fast.h; a resize while armed, in count/armed.h
     a resize          heapster__take_block before it is passed on, then heapster__record_resize;
                       heapster__restore_block where the next allocator refused;
                       heapster__record_gone where it freed the block

   `heap` is the number of the layer's own heap; a block that is found belongs to the heap that counted it. */
#ifndef HEAPSTER__COUNT_ACCOUNTING_H
#define HEAPSTER__COUNT_ACCOUNTING_H

#include "count/arming.h"
#include "count/counters.h"
#include "count/fast.h"
#include "count/large.h"
#include "count/nested.h"
#include "count/shadow_map.h"
#include "count/site_cells.h"

/* What could not be counted exactly; for heapster_status. Shared by all threads. */
struct heapster__inaccuracies {
  heapster__counter uncounted;
  heapster__counter lost_sizes;
  heapster__counter crossed;
};
extern HEAPSTER__HIDDEN struct heapster__inaccuracies heapster__inaccuracies;

/* Returns `block`. */
void *heapster__record_alloc(struct heapster__map *map, unsigned heap, const void *block, uint64_t size);
/* The same for a hook that knows the site, after heapster__wants_site. */
void *heapster__record_alloc_at(struct heapster__map *map, unsigned heap, void *block, uint64_t size,
                                struct heapster__site site);
void heapster__record_free(struct heapster__map *map, unsigned heap, const void *block);

/* The free of this block, which was taken out of its map, was missed: records it now. */
void heapster__record_missed(struct heapster__block missed);

/* If a block is recorded at the address, its free was missed: takes it out, and records the free now. */
void heapster__record_missed_free(struct heapster__map *map, const void *block);

/* A request nested in another layer, which passes uncounted. */
void heapster__record_nested(struct heapster__thread *thread);

bool heapster__enter_block_slow(struct heapster__map *map, unsigned heap, const void *block, uint64_t size,
                                enum heapster__put_result put);

/* Enters a block into the map; a block that stands in the way is recorded as a missed free. False: no memory, the new
   block stays uncounted. */
HEAPSTER__INLINE bool heapster__enter_block(struct heapster__map *map, unsigned heap, const void *block,
                                            uint64_t size) {
  enum heapster__put_result put = heapster__shadow_put(map, block, heap, size);
  return heapster__likely(put == HEAPSTER__PUT_DONE) || heapster__enter_block_slow(map, heap, block, size, put);
}

/* Counts a new block that was entered into `map`, or into no shadow map for NULL; while armed, at its site as well. */
HEAPSTER__INLINE void heapster__count_entered(struct heapster__map *map, unsigned heap, const void *block,
                                              uint64_t size) {
  heapster__count_alloc(heap, size);
  if (heapster__is_armed()) heapster__attribute_alloc(map, heap, block, size);
}

/* The same for a resize. */
HEAPSTER__INLINE void heapster__count_resized(unsigned heap, struct heapster__resize resize) {
  heapster__count_resize(heap, resize);
  if (heapster__is_armed()) heapster__attribute_resize(heap, &resize);
}

/* A new block of a layer that is the outermost. */
HEAPSTER__INLINE void heapster__record_outer_alloc(struct heapster__map *map, unsigned heap, const void *block,
                                                   uint64_t size) {
  if (heapster__likely(heapster__enter_block(map, heap, block, size))) heapster__count_entered(map, heap, block, size);
}

/* A request for a new block that the next allocator refused. */
HEAPSTER__INLINE void heapster__record_failure(unsigned heap) {
  if (!heapster__is_nested(heapster__this_thread())) heapster__count_one(heap, alloc_fail_count);
}

/* The block of `taken`, which was taken out of the map, was freed. If the map had none, a nested request may have been
   kept for it; see count/nested.h. */
void heapster__record_gone_from(const struct heapster__map *map, unsigned heap, struct heapster__block taken,
                                const void *block);

/* The same for a layer whose nested requests are never kept. */
void heapster__record_gone(unsigned heap, struct heapster__block taken);

static inline struct heapster__block heapster__take_block(struct heapster__map *map, const void *block) {
  struct heapster__block taken = heapster__shadow_take(map, block);
  if (heapster__is_armed()) taken.site = heapster__site_take(map, block);
  return taken;
}

/* The block of `taken`, if there was one, now has `size` bytes and is at `to`. Whether a heap counts it. */
bool heapster__record_resize(struct heapster__map *map, unsigned heap, struct heapster__block taken, const void *from,
                             const void *to, uint64_t size);

/* The next allocator refused the resize: the old block stays. */
void heapster__restore_block(struct heapster__map *map, unsigned heap, struct heapster__block taken, const void *block);

#endif
