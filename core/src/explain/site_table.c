/* The table of sites of one arming. */
#include "explain/site_table.h"

#include <string.h>

/* Takes a number for a new site. */
static unsigned take_number(struct heapster__site_table *table, const struct heapster__site *site) {
  if (heapster__load_relaxed(&table->used) >= HEAPSTER_SITES) return HEAPSTER__SITE_ELSEWHERE;
  const unsigned number = heapster__add_relaxed(&table->used, 1);
  if (number >= HEAPSTER_SITES) return HEAPSTER__SITE_ELSEWHERE;
  table->sites[number].site = *site;
  return number;
}

/* The free place may have been taken meanwhile, by the same site too: then the search goes on from there. */
unsigned heapster__site_find(struct heapster__site_table *table, const struct heapster__site *site, bool *is_new) {
  unsigned made = HEAPSTER__SITE_ELSEWHERE;
  *is_new = false;
  if (heapster__unlikely(site->kind == HEAPSTER__SITE_UNKNOWN)) return HEAPSTER__SITE_ELSEWHERE;
  for (unsigned place = heapster__site_first_place(site);; place = (place + 1) % HEAPSTER__SITE_INDEX) {
    uint32_t there = heapster__load_acquire(&table->index[place]); /* pairs with the swap: the site is seen complete */
    if (heapster__unlikely(!there)) {
      if (made == HEAPSTER__SITE_ELSEWHERE) made = take_number(table, site);
      if (made == HEAPSTER__SITE_ELSEWHERE) return made;
      *is_new = heapster__swap_strong(&table->index[place], &there, made + 1);
      if (*is_new) return made;
    }
    if (heapster__likely(heapster__site_is_same(&table->sites[there - 1].site, site))) return there - 1U;
  }
}

unsigned heapster__site_count(struct heapster__site_table *table) {
  const uint32_t used = heapster__load_relaxed(&table->used);
  return used < HEAPSTER_SITES ? used : HEAPSTER_SITES;
}

/* Pages that were never used stay untouched. */
void heapster__site_table_clear(struct heapster__site_table *table, uint32_t arming) {
  const unsigned used = heapster__site_count(table);
  if (used) memset(table->index, 0, sizeof table->index);
  memset(table->sites, 0, used * sizeof *table->sites);
  memset(&table->sites[HEAPSTER__SITE_ELSEWHERE], 0, sizeof *table->sites);
  heapster__store_relaxed(&table->used, 0);
  heapster__store_relaxed(&table->first_cell, (uint16_t)(arming << HEAPSTER__SITE_BITS | 1));
}

struct heapster_site heapster__site_read(struct heapster__site_table *table, unsigned number) {
  struct heapster__site_entry *entry = &table->sites[number];
  struct heapster_site site = {.kind = HEAPSTER_SITE_ELSEWHERE};
  if (number != HEAPSTER__SITE_ELSEWHERE) {
    site.kind = (enum heapster_site_kind)entry->site.kind;
    site.place = entry->site.place;
    site.offset = entry->site.offset;
    site.line = site.kind == HEAPSTER_SITE_LUA ? entry->site.offset : 0;
  }
  for (unsigned i = 0; i < HEAPSTER_BUCKETS; i++) {
    site.alloc_histogram.buckets[i] = heapster__load_relaxed(&entry->alloc_histogram[i]);
    site.requests.alloc_count += site.alloc_histogram.buckets[i];
  }
  site.requests.alloc_sum = heapster__load_relaxed(&entry->alloc_sum);
  site.requests.realloc_growth_count = heapster__load_relaxed(&entry->realloc_growth_count);
  site.requests.realloc_growth_sum = heapster__load_relaxed(&entry->realloc_growth_sum);
  site.requests.realloc_move_count = heapster__load_relaxed(&entry->realloc_move_count);
  site.requests.realloc_move_sum = heapster__load_relaxed(&entry->realloc_move_sum);
  site.realloc_growth_buckets = heapster__load_relaxed(&entry->realloc_growth_buckets);
  return site;
}
