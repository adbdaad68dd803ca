/* The table of sites of one arming, in pages of heapster's own: open addressing, 4,096 sites, and one for what is
   elsewhere. A site is complete before its number is published in the index, by one swap; so neither threads nor a
   signal handler wait for each other, and a race at most leaves a number unused. */
#ifndef HEAPSTER__EXPLAIN_SITE_TABLE_H
#define HEAPSTER__EXPLAIN_SITE_TABLE_H

#include <heapster/explain.h>

#include "count/arming.h"

enum { HEAPSTER__SITE_INDEX = 4 * HEAPSTER_SITES, HEAPSTER__SITE_ELSEWHERE = HEAPSTER_SITES };

/* What a site cell holds: the site's number plus 1, and above it the last bits of the arming's number. A thread may be
   late with a block's site, in a resize above all, and put it where the sites of the next arming are. */
enum { HEAPSTER__SITE_BITS = 13 };
_Static_assert(HEAPSTER_SITES + 1 < 1 << HEAPSTER__SITE_BITS, "the number of a site, plus 1, leaves 3 bits");

struct heapster__site_entry {
  _Alignas(64) struct heapster__site site;
  heapster__counter alloc_sum;
  heapster__counter realloc_growth_sum;
  heapster__counter realloc_move_count;
  heapster__counter realloc_move_sum;
  heapster__counter realloc_growth_count;
  _Atomic uint64_t realloc_growth_buckets;
  heapster__counter alloc_histogram[HEAPSTER_BUCKETS]; /* alloc_count is its sum */
};

struct heapster__site_table {
  _Atomic uint32_t index[HEAPSTER__SITE_INDEX]; /* a site's number plus 1; 0: free */
  _Atomic uint32_t used;                        /* numbers given out, perhaps more than there are */
  _Atomic uint16_t first_cell;                  /* what the cells of site 0 hold */
  struct heapster__site_entry sites[HEAPSTER_SITES + 1];
};

/* The high bits of a product depend on all bits of the factors. */
HEAPSTER__INLINE unsigned heapster__site_first_place(const struct heapster__site *site) {
  const uint64_t name = (uint64_t)site->kind << 32 | site->offset;
  return (unsigned)(((site->place ^ name << 16) * UINT64_C(0x9E3779B97F4A7C15)) >> 50);
}
_Static_assert(HEAPSTER__SITE_INDEX == 1 << (64 - 50), "a place is all that the shift leaves");

HEAPSTER__INLINE bool heapster__site_is_same(const struct heapster__site *one, const struct heapster__site *other) {
  return one->place == other->place && one->offset == other->offset && one->kind == other->kind;
}

/* The number of a site that is at its first place in the index; else HEAPSTER__SITE_ELSEWHERE. */
HEAPSTER__INLINE unsigned heapster__site_find_fast(struct heapster__site_table *table,
                                                   const struct heapster__site *site) {
  /* pairs with the swap that published it: the site is seen complete */
  const unsigned there = heapster__load_acquire(&table->index[heapster__site_first_place(site)]);
  if (heapster__unlikely(!there)) return HEAPSTER__SITE_ELSEWHERE;
  return heapster__likely(heapster__site_is_same(&table->sites[there - 1].site, site)) ? there - 1
                                                                                       : HEAPSTER__SITE_ELSEWHERE;
}

/* The number of a site, made if it is new; HEAPSTER__SITE_ELSEWHERE if that cannot be. `is_new` says which. */
unsigned heapster__site_find(struct heapster__site_table *table, const struct heapster__site *site, bool *is_new);

/* How many numbers were given out. Some may name no site. */
unsigned heapster__site_count(struct heapster__site_table *table);

/* The number of the site at a place in the index, from 0 to HEAPSTER__SITE_INDEX - 1; HEAPSTER__SITE_ELSEWHERE if there
   is none. The site is seen complete, while other threads go on. */
HEAPSTER__INLINE unsigned heapster__site_at(struct heapster__site_table *table, unsigned place) {
  const unsigned there = heapster__load_acquire(&table->index[place]); /* pairs with the swap that published it */
  return there ? there - 1 : HEAPSTER__SITE_ELSEWHERE;
}

void heapster__site_table_clear(struct heapster__site_table *table, uint32_t arming);

HEAPSTER__INLINE uint16_t heapster__site_cell(struct heapster__site_table *table, unsigned number) {
  return (uint16_t)(heapster__load_relaxed(&table->first_cell) + number);
}

/* The number of the site; larger than any if it is one of another arming. */
HEAPSTER__INLINE unsigned heapster__site_in_cell(struct heapster__site_table *table, uint16_t cell) {
  return (uint16_t)(cell - heapster__load_relaxed(&table->first_cell));
}

/* Adds a request to a site. */
HEAPSTER__INLINE void heapster__site_add_alloc(struct heapster__site_entry *entry, uint64_t size) {
  heapster__add_relaxed(&entry->alloc_histogram[heapster__bucket(size)], 1);
  heapster__add_relaxed(&entry->alloc_sum, size);
}
HEAPSTER__INLINE void heapster__site_add_resize(struct heapster__site_entry *entry,
                                                const struct heapster__resize *resize) {
  if (resize->to > resize->from) {
    const uint64_t bytes = resize->to - resize->from;
    heapster__add_relaxed(&entry->realloc_growth_count, 1);
    heapster__add_relaxed(&entry->realloc_growth_sum, bytes);
    heapster__or_relaxed(&entry->realloc_growth_buckets, UINT64_C(1) << heapster__bucket(bytes));
  }
  if (resize->is_moved) {
    heapster__add_relaxed(&entry->realloc_move_count, 1);
    heapster__add_relaxed(&entry->realloc_move_sum, resize->from < resize->to ? resize->from : resize->to);
  }
}

/* What a site requested, unnamed, while other threads go on. */
struct heapster_site heapster__site_read(struct heapster__site_table *table, unsigned number);

#endif
