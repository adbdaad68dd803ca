/* A resize while armed, as short as it can be: counted as in count/fast.h, with the same limits, and attributed to its
   site. Everything else takes the way of requests that are not armed. New blocks and frees are in accounting.c. */
#ifndef HEAPSTER__COUNT_ARMED_H
#define HEAPSTER__COUNT_ARMED_H

#include "count/accounting.h"

/* The thread's shard of `heap` if it is the cached one and noted its figures in this arming; so no guard is up. */
HEAPSTER__INLINE struct heapster__shard *heapster__armed_shard_here(unsigned heap, uint32_t arming) {
  const struct heapster__shard_head *head = heapster__cached_head();
  struct heapster__shard *shard = (struct heapster__shard *)(uintptr_t)head;
  return heapster__load_number(&head->heap) == heap && heapster__load_relaxed(&shard->span.joined) == arming ? shard
                                                                                                             : NULL;
}

/* Writes the number of a block's site, or 0; `cell` is NULL if its leaf has no cells yet. */
HEAPSTER__INLINE void heapster__put_site_at(struct heapster__map *map, const void *block, _Atomic uint16_t *cell,
                                            uint16_t site) {
  if (heapster__likely(cell != NULL))
    heapster__store_relaxed(cell, site);
  else if (site)
    heapster__site_put(map, block, site);
}

/* A block that is out of the map until its resize returned, and where it was. */
struct heapster__armed_block {
  uint64_t size;
  _Atomic uint8_t *byte;
  _Atomic uint16_t *cell; /* NULL: its leaf has no site cells */
  uint16_t site;
};

/* Takes out a block of the layer's own heap, before it is passed on. False: nothing happened. */
HEAPSTER__INLINE bool heapster__take_block_armed(struct heapster__map *map, unsigned heap, const void *block,
                                                 struct heapster__armed_block *taken) {
  if (!heapster__shadow_find(map, block, heap, &taken->byte)) return false;
  if (!heapster__shadow_take_at(taken->byte, &taken->size)) return false;
  taken->cell = heapster__site_cell_of(map, block, taken->byte);
  taken->site = 0;
  if (heapster__unlikely(!taken->cell)) return true;
  taken->site = heapster__load_relaxed(taken->cell);
  heapster__store_relaxed(taken->cell, 0);
  return true;
}

/* Puts it back with its new size, at `to`. False: nothing happened. */
HEAPSTER__INLINE bool heapster__put_block_armed(struct heapster__map *map, unsigned heap, const void *from,
                                                const void *to, uint64_t size, struct heapster__armed_block *taken) {
  if (to != from) {
    if (!heapster__shadow_find(map, to, heap, &taken->byte)) return false;
    taken->cell = heapster__site_cell_of(map, to, taken->byte);
  }
  if (!heapster__shadow_put_at(taken->byte, size)) return false;
  heapster__put_site_at(map, to, taken->cell, taken->site);
  return true;
}

/* What the way of other requests needs to know of it. */
HEAPSTER__INLINE struct heapster__block heapster__block_of_armed(const struct heapster__armed_block *taken,
                                                                 unsigned heap) {
  return (struct heapster__block){taken->size, heap, false, taken->site};
}

/* Records the resize of a taken block, which is at `to` now. False: nothing happened, and the block is still out
   of the map. */
HEAPSTER__INLINE bool heapster__record_resize_armed(struct heapster__map *map, unsigned heap,
                                                    struct heapster__armed_block *taken, const void *from, void *to,
                                                    uint64_t size, struct heapster__site site) {
  const uint32_t arming = heapster__load_acquire(&heapster__arming);
  struct heapster__shard *shard = arming ? heapster__armed_shard_here(heap, arming) : NULL;
  if (heapster__unlikely(!shard || !heapster__put_block_armed(map, heap, from, to, size, taken))) return false;
  const struct heapster__resize resize = {taken->size, size, from != to};
  const struct heapster__attribution at = {arming, heap, shard->head.thread, site};
  heapster__count_resize_in(shard, taken->size, size, from, to);
  heapster__load_acquire(&heapster__attributor)->resize(&at, &resize);
  return true;
}

#endif
