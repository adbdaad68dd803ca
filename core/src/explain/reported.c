/* The callers that asked most, for a report while the process goes on or ends. */
#include "explain/state.h"

#include "count/site_cells.h"
#include "heap/heap.h"

enum { MOST_REPORTED = HEAPSTER__REPORTED_SITES };

/* The first sites of a table while other threads go on. */
struct reading {
  struct heapster__site_table *table;
  struct heapster_site *sites;
  unsigned count;
  unsigned numbers[MOST_REPORTED];
  uint64_t shares[MOST_REPORTED][2];    /* allocs and growths, their bytes */
  uint8_t place_of[HEAPSTER_SITES + 1]; /* plus 1, by number; 0: not among them */
};
_Static_assert(MOST_REPORTED < 256, "a place fits a byte");

/* Takes a site in where it belongs, if it does. */
static void consider(struct reading *to, unsigned limit, unsigned number, const struct heapster_requests *requests) {
  const uint64_t count = requests->alloc_count + requests->realloc_growth_count;
  const uint64_t bytes = requests->alloc_sum + requests->realloc_growth_sum;
  unsigned at = to->count < limit ? to->count++ : limit;
  for (; at > 0; at--) {
    const uint64_t *const before = to->shares[at - 1];
    if (before[0] > count || (before[0] == count && before[1] >= bytes)) break;
    if (at == limit) continue;
    to->numbers[at] = to->numbers[at - 1];
    to->shares[at][0] = before[0];
    to->shares[at][1] = before[1];
  }
  if (at == limit) return;
  to->numbers[at] = number;
  to->shares[at][0] = count;
  to->shares[at][1] = bytes;
}

static void count_reported(void *context, uint16_t cell, struct heapster__block block) {
  struct reading *const to = context;
  const unsigned number = heapster__site_in_cell(to->table, cell);
  const unsigned place = number <= HEAPSTER_SITES ? to->place_of[number] : 0;
  if (!place) return;
  to->sites[place - 1].live_count++;
  to->sites[place - 1].live_sum += block.size;
}

static void count_reported_map(struct heapster__map *map, void *to) { heapster__sites_visit(map, count_reported, to); }

static struct heapster_site read_reported(struct heapster__site_table *table, unsigned number) {
  struct heapster_site site = heapster__site_read(table, number);
  if (number == HEAPSTER__SITE_ELSEWHERE) heapster__add_armed_shared(&site.requests, HEAPSTER__TOTAL);
  return site;
}

static void consider_site(struct reading *to, struct heapster__process_sites *found, unsigned limit,
                          struct heapster__site_table *table, unsigned number) {
  const struct heapster_requests requests = read_reported(table, number).requests;
  if (!requests.alloc_count && !requests.realloc_growth_count && !requests.realloc_move_count) return;
  found->site_count++;
  heapster__requests_add(&found->explained, &requests);
  consider(to, limit, number, &requests);
}

bool heapster__explain_read(struct heapster_site *sites, struct heapster__process_sites *found) {
  const unsigned limit = heapster__load_relaxed(&heapster__explaining.limit);
  struct reading to = {.table = heapster__explained_table(), .sites = sites};
  *found = (struct heapster__process_sites){0};
  if (!limit || !heapster__is_armed()) return false;
  struct heapster__site_table *const table = to.table;
  for (unsigned place = 0; place < HEAPSTER__SITE_INDEX; place++) {
    const unsigned number = heapster__site_at(table, place);
    if (number != HEAPSTER__SITE_ELSEWHERE) consider_site(&to, found, limit, table, number);
  }
  consider_site(&to, found, limit, table, HEAPSTER__SITE_ELSEWHERE);
  for (unsigned i = 0; i < to.count; i++) {
    sites[i] = read_reported(table, to.numbers[i]);
    to.place_of[to.numbers[i]] = (uint8_t)(i + 1);
  }
  heapster__visit_maps(count_reported_map, &to);
  found->count = to.count;
  const unsigned depth = heapster__load_relaxed(&heapster__explaining.depth);
  found->depth = depth ? depth : 1;
  found->unwinder = heapster__load_relaxed(&heapster__explaining.unwinder);
  found->unstacked_count = heapster__stacks_refused();
  return true;
}
