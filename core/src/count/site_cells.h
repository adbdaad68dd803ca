/* Site cells: for each block that was attributed to a site and is alive, the number of that site.

   Beside a leaf of the shadow map, 2 bytes for each granule; made when the first block in it is attributed, never
   unmapped. While armed every free takes the number out, before the block is passed on, so an address that is handed
   out again has none. A resized block keeps the site that it was requested at. What an earlier arming left is cleared
   before the next; what a late thread puts there afterwards has the mark of its own arming, as site_table.h says. */
#ifndef HEAPSTER__COUNT_SITE_CELLS_H
#define HEAPSTER__COUNT_SITE_CELLS_H

#include "count/shadow_map.h"

struct heapster__site_cells {
  _Atomic uint16_t sites[HEAPSTER__GRANULES]; /* 0: none */
};

/* For a block that is in the map. Nothing if there is no memory. */
void heapster__site_put(struct heapster__map *map, const void *block, uint16_t site);

/* Where the number is of the block with that shadow byte; NULL: none was ever put into that leaf. */
HEAPSTER__INLINE _Atomic uint16_t *heapster__site_cell_of(const struct heapster__map *map, const void *block,
                                                          const _Atomic uint8_t *byte) {
  const uint64_t index = heapster__granule_of(map, HEAPSTER__ADDRESS(block)) % HEAPSTER__GRANULES;
  struct heapster__leaf *leaf = (struct heapster__leaf *)((uintptr_t)byte - index);
  struct heapster__site_cells *cells =
      heapster__load_acquire(&leaf->site_cells); /* pairs with the swap in make_cells */
  return heapster__likely(cells != NULL) ? &cells->sites[index] : NULL;
}

/* Returns the block's site, or 0, and takes it out. */
uint16_t heapster__site_take(struct heapster__map *map, const void *block);

/* No block of the map has a site any more. */
void heapster__sites_clear(struct heapster__map *map);

/* Visits the live blocks of a map that have a site, while other threads go on. */
typedef void heapster__site_visitor(void *context, uint16_t site, struct heapster__block block);
void heapster__sites_visit(struct heapster__map *map, heapster__site_visitor *visit, void *context);

#endif
