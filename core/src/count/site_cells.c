/* Site cells: for each block that was attributed to a site and is alive, the number of that site. */
#include "count/site_cells.h"

static struct heapster__site_cells *cells_of(struct heapster__segment segment) {
  return segment.leaf ? heapster__load_acquire(&segment.leaf->site_cells)
                      : NULL; /* pairs with the swap in make_cells */
}

static struct heapster__site_cells *make_cells(struct heapster__segment segment) {
  struct heapster__site_cells *there = NULL;
  struct heapster__site_cells *made = segment.leaf ? heapster__pages_map(sizeof *made) : NULL;
  if (!made || heapster__swap_strong(&segment.leaf->site_cells, &there, made)) return made;
  heapster__pages_unmap(made, sizeof *made);
  return there;
}

static _Atomic uint16_t *cell_in(struct heapster__site_cells *cells, const struct heapster__map *map,
                                 const void *block) {
  return &cells->sites[heapster__granule_of(map, HEAPSTER__ADDRESS(block)) % HEAPSTER__GRANULES];
}

void heapster__site_put(struct heapster__map *map, const void *block, uint16_t site) {
  const struct heapster__segment segment = heapster__shadow_segment(map, block);
  struct heapster__site_cells *cells = cells_of(segment);
  if (heapster__unlikely(!cells)) cells = make_cells(segment);
  if (heapster__likely(cells != NULL)) heapster__store_relaxed(cell_in(cells, map, block), site);
}

uint16_t heapster__site_take(struct heapster__map *map, const void *block) {
  struct heapster__site_cells *cells = cells_of(heapster__shadow_segment(map, block));
  if (!cells) return 0;
  _Atomic uint16_t *cell = cell_in(cells, map, block);
  const uint16_t site = heapster__load_relaxed(cell);
  if (site) heapster__store_relaxed(cell, 0);
  return site;
}

static void clear_segment(const void *unused, struct heapster__segment segment, const void *begin) {
  (void)unused;
  (void)begin;
  struct heapster__site_cells *cells = cells_of(segment);
  if (!cells) return;
  for (unsigned i = 0; i < HEAPSTER__GRANULES; i++)
    if (heapster__load_relaxed(&cells->sites[i])) heapster__store_relaxed(&cells->sites[i], 0);
}

void heapster__sites_clear(struct heapster__map *map) { heapster__shadow_visit_segments(map, clear_segment, NULL); }

struct visit {
  heapster__site_visitor *visit;
  void *context;
};

static void visit_segment(const void *context, struct heapster__segment segment, const void *begin) {
  (void)begin;
  const struct visit *const to = context;
  struct heapster__site_cells *cells = cells_of(segment);
  for (unsigned i = 0; cells && i < HEAPSTER__GRANULES; i++) {
    const uint16_t site = heapster__load_relaxed(&cells->sites[i]);
    if (heapster__likely(!site)) continue;
    const struct heapster__block block = heapster__shadow_block(segment, i);
    if (block.owner) to->visit(to->context, site, block);
  }
}

void heapster__sites_visit(struct heapster__map *map, heapster__site_visitor *visit, void *context) {
  const struct visit to = {visit, context};
  heapster__shadow_visit_segments(map, visit_segment, &to);
}
