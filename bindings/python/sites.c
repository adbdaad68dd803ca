/* What an explanation found, as values: the sites by their lines. All memory comes from below the hooks, so making them
   shows in no window. */
#include "python/sites.h"

#include "common/value.h"
#include "explain/explain.h"
#include "python/capture.h"

#include <inttypes.h>

/* --- names --- */

static int compare_chars(const char *a, const char *b) {
  if (!a || !b) return (a != NULL) - (b != NULL);
  return strcmp(a, b);
}

int heapster__site_name_compare(const struct heapster__site_name *a, const struct heapster__site_name *b) {
  const int order = compare_chars(a->file, b->file);
  if (order) return order;
  return a->line != b->line ? (a->line > b->line) - (a->line < b->line) : compare_chars(a->function, b->function);
}

bool heapster__site_name_is_empty(const struct heapster__site_name *name) { return !name->file && !name->function; }

static char *copy_chars(const char *chars) { return chars ? heapster__value_copy(chars, strlen(chars) + 1) : NULL; }

static struct heapster__site_name name_line(const struct heapster__captured_line *line) {
  return (struct heapster__site_name){copy_chars(line->file_name), copy_chars(line->function_name), line->line};
}

static struct heapster__site_name name_call(uint64_t caller) {
  struct heapster_site site = {.kind = HEAPSTER_SITE_C, .place = caller};
  char offset[32];
  heapster__site_name(&site);
  snprintf(offset, sizeof offset, "+0x%" PRIx64, site.file ? site.offset : site.place);
  return (struct heapster__site_name){copy_chars(site.file), copy_chars(site.function ? site.function : offset), 0};
}

static void clear_name(struct heapster__site_name *name) {
  heapster__value_free(name->file);
  heapster__value_free(name->function);
  *name = (struct heapster__site_name){NULL, NULL, 0};
}

static void copy_name(struct heapster__site_name *to, const struct heapster__site_name *from) {
  *to = (struct heapster__site_name){copy_chars(from->file), copy_chars(from->function), from->line};
}

static uint64_t requests_of(const struct heapster_site *site) {
  return site->requests.alloc_count + site->requests.realloc_growth_count;
}

static void name_site(struct heapster__named_site *site, const struct heapster_site *raw) {
  const bool is_python = raw->kind == HEAPSTER_SITE_PYTHON;
  const struct heapster__captured *const captured = is_python ? heapster__captured_at(raw->place) : NULL;
  *site = (struct heapster__named_site){.figures = *raw};
  if (captured) {
    const bool has_outer = captured->outer.file_name != NULL;
    site->name = name_line(has_outer ? &captured->outer : &captured->inner);
    if (has_outer) site->via = name_line(&captured->inner);
    if (!has_outer && captured->caller) site->via = name_call((uintptr_t)captured->caller);
  } else if (raw->kind == HEAPSTER_SITE_C) {
    site->name = name_call(raw->place);
  } else {
    site->figures.kind = HEAPSTER_SITE_ELSEWHERE;
  }
  site->via_requests = requests_of(raw);
}

/* --- a heap sort of numbers, since qsort may ask malloc --- */

typedef int compare_sites(const struct heapster__named_site *a, const struct heapster__named_site *b);

static void sift_down(uint16_t *order, size_t top, size_t count, const struct heapster__named_site *sites,
                      compare_sites *compare) {
  for (size_t child = 2 * top + 1; child < count; top = child, child = 2 * top + 1) {
    if (child + 1 < count && compare(&sites[order[child]], &sites[order[child + 1]]) < 0) child++;
    if (compare(&sites[order[top]], &sites[order[child]]) >= 0) return;
    const uint16_t moved = order[top];
    order[top] = order[child];
    order[child] = moved;
  }
}

static void sort(uint16_t *order, size_t count, const struct heapster__named_site *sites, compare_sites *compare) {
  for (size_t i = 0; i < count; i++) order[i] = (uint16_t)i;
  for (size_t top = count / 2; top-- > 0;) sift_down(order, top, count, sites, compare);
  for (size_t end = count; end > 1; end--) {
    const uint16_t last = order[0];
    order[0] = order[end - 1];
    order[end - 1] = last;
    sift_down(order, 0, end - 1, sites, compare);
  }
}

/* Elsewhere is the last. */
static int compare_elsewhere(const struct heapster__named_site *a, const struct heapster__named_site *b) {
  return (a->figures.kind == HEAPSTER_SITE_ELSEWHERE) - (b->figures.kind == HEAPSTER_SITE_ELSEWHERE);
}

static int compare_names(const struct heapster__named_site *a, const struct heapster__named_site *b) {
  int order = compare_elsewhere(a, b);
  if (!order) order = heapster__site_name_compare(&a->name, &b->name);
  return order ? order : heapster__site_name_compare(&a->via, &b->via);
}

static int compare_live(const struct heapster__named_site *a, const struct heapster__named_site *b) {
  const struct heapster_site *const one = &a->figures, *const other = &b->figures;
  const int elsewhere = compare_elsewhere(a, b);
  if (elsewhere) return elsewhere;
  if (one->live_count != other->live_count) return one->live_count > other->live_count ? -1 : 1;
  if (one->live_sum != other->live_sum) return one->live_sum > other->live_sum ? -1 : 1;
  return one->place < other->place ? -1 : one->place > other->place;
}

/* --- sites --- */

static void add_figures(struct heapster_site *to, const struct heapster_site *from) {
  to->requests.alloc_count += from->requests.alloc_count;
  to->requests.alloc_sum += from->requests.alloc_sum;
  to->requests.realloc_growth_count += from->requests.realloc_growth_count;
  to->requests.realloc_growth_sum += from->requests.realloc_growth_sum;
  to->requests.realloc_move_count += from->requests.realloc_move_count;
  to->requests.realloc_move_sum += from->requests.realloc_move_sum;
  to->live_count += from->live_count;
  to->live_sum += from->live_sum;
  to->realloc_growth_buckets |= from->realloc_growth_buckets;
  for (unsigned i = 0; i < HEAPSTER_BUCKETS; i++) to->alloc_histogram.buckets[i] += from->alloc_histogram.buckets[i];
}

static bool is_same_line(const struct heapster__named_site *a, const struct heapster__named_site *b) {
  return !compare_elsewhere(a, b) && !heapster__site_name_compare(&a->name, &b->name);
}

static bool is_same_way(const struct heapster__named_site *a, const struct heapster__named_site *b) {
  return is_same_line(a, b) && !heapster__site_name_compare(&a->via, &b->via);
}

/* Adds a site of the same line. The way that most of it came is kept. */
static void merge(struct heapster__named_site *to, struct heapster__named_site *from) {
  add_figures(&to->figures, &from->figures);
  if (is_same_way(to, from)) {
    to->via_requests += from->via_requests;
  } else if (from->via_requests > to->via_requests) {
    const struct heapster__site_name via = to->via;
    to->via = from->via;
    from->via = via;
    to->via_requests = from->via_requests;
  }
  clear_name(&from->name);
  clear_name(&from->via);
}

static void swap_sites(struct heapster__named_site *a, struct heapster__named_site *b) {
  const struct heapster__named_site kept = *a;
  *a = *b;
  *b = kept;
}

/* Brings the sites into this order, which is used up. */
static void permute(struct heapster__named_site *sites, uint16_t *order, size_t count) {
  for (size_t i = 0; i < count; i++) {
    size_t from = order[i];
    while (from < i) from = order[from]; /* it was swapped away */
    if (from != i) swap_sites(&sites[i], &sites[from]);
    order[i] = (uint16_t)from;
  }
}

static size_t merge_neighbours(struct heapster__named_site *sites, size_t count,
                               bool (*is_same)(const struct heapster__named_site *,
                                               const struct heapster__named_site *)) {
  size_t kept = 0;
  for (size_t i = 0; i < count; i++) {
    if (kept && is_same(&sites[kept - 1], &sites[i]))
      merge(&sites[kept - 1], &sites[i]);
    else if (kept++ != i)
      swap_sites(&sites[kept - 1], &sites[i]);
  }
  return kept;
}

/* The sites are in the order of their names, and then of the ways. */
static size_t merge_lines(struct heapster__named_site *sites, size_t count) {
  count = merge_neighbours(sites, count, is_same_way);
  count = merge_neighbours(sites, count, is_same_line);
  for (size_t i = 0; i < count; i++) {
    sites[i].figures.place = i;
    sites[i].figures.offset = 0;
    sites[i].figures.line = (uint32_t)sites[i].name.line;
  }
  return count;
}

struct heapster__sites *heapster__sites_make(const struct heapster_explanation *whole, struct heapster_site *raw,
                                             size_t count) {
  const size_t size = sizeof(struct heapster__sites) + count * sizeof(struct heapster__named_site);
  struct heapster__sites *const sites = heapster__value_alloc(size);
  uint16_t *const order = heapster__value_alloc((count + 1) * sizeof *order);
  if (sites && order) {
    sites->whole = *whole;
    for (size_t i = 0; i < count; i++) name_site(&sites->sites[i], &raw[i]);
    sort(order, count, sites->sites, compare_names);
    permute(sites->sites, order, count);
    sites->count = merge_lines(sites->sites, count);
    heapster__sites_rank(sites, NULL);
  }
  heapster__value_free(order);
  if (order || !sites) return sites;
  heapster__value_free(sites);
  return NULL;
}

struct heapster__sites *heapster__sites_copy(const struct heapster__sites *sites) {
  const size_t size = sizeof *sites + sites->count * sizeof(struct heapster__named_site);
  struct heapster__sites *const copy = heapster__value_copy(sites, size);
  for (size_t i = 0; copy && i < copy->count; i++) {
    copy_name(&copy->sites[i].name, &sites->sites[i].name);
    copy_name(&copy->sites[i].via, &sites->sites[i].via);
  }
  return copy;
}

void heapster__python_free_sites(struct heapster__sites *sites) {
  for (size_t i = 0; sites && i < sites->count; i++) {
    clear_name(&sites->sites[i].name);
    clear_name(&sites->sites[i].via);
  }
  heapster__value_free(sites);
}

void heapster__sites_rank(struct heapster__sites *sites, const struct heapster_histogram *surplus) {
  size_t count = sites->count;
  if (count && sites->sites[count - 1].figures.kind == HEAPSTER_SITE_ELSEWHERE) count--;
  heapster_sites_rank_sized(&sites->sites->figures, sizeof *sites->sites, count, surplus);
}

bool heapster__sites_rank_live(struct heapster__sites *sites) {
  uint16_t *const order = heapster__value_alloc((sites->count + 1) * sizeof *order);
  if (!order) return false;
  sort(order, sites->count, sites->sites, compare_live);
  permute(sites->sites, order, sites->count);
  heapster__value_free(order);
  return true;
}
