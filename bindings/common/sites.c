/* Sites on their way to a script. Nothing here requests memory but the text. */
#include "common/sites.h"

#include <string.h>

#include "explain/explain.h"

enum heapster_error heapster__sites_take(struct heapster__sites *sites) {
  *sites = (struct heapster__sites){.sites = NULL};
  const enum heapster_error error = heapster__explain_take(&sites->explanation, &sites->sites, &sites->count);
  sites->pages_count = sites->count;
  return error;
}

void heapster__sites_free(struct heapster__sites *sites) {
  heapster__explain_free(sites->sites, sites->pages_count);
  *sites = (struct heapster__sites){.sites = NULL};
}

static bool is_same_line(const struct heapster_site *one, const struct heapster_site *other) {
  if (one->kind != other->kind || one->line != other->line || one->file != other->file) return false;
  return one->kind != HEAPSTER_SITE_C || one->place == other->place;
}

static void add(struct heapster_site *to, const struct heapster_site *part) {
  to->requests.alloc_count += part->requests.alloc_count;
  to->requests.alloc_sum += part->requests.alloc_sum;
  to->requests.realloc_growth_count += part->requests.realloc_growth_count;
  to->requests.realloc_growth_sum += part->requests.realloc_growth_sum;
  to->requests.realloc_move_count += part->requests.realloc_move_count;
  to->requests.realloc_move_sum += part->requests.realloc_move_sum;
  to->live_count += part->live_count;
  to->live_sum += part->live_sum;
  for (unsigned i = 0; i < HEAPSTER_BUCKETS; i++) to->alloc_histogram.buckets[i] += part->alloc_histogram.buckets[i];
  to->realloc_growth_buckets |= part->realloc_growth_buckets;
}

/* Ranked first, so that the largest part of a line is met first. */
void heapster__sites_merge(struct heapster__sites *sites) {
  const size_t count = sites->count;
  sites->count = 0;
  heapster_sites_rank(sites->sites, count, NULL);
  for (size_t i = 0; i < count; i++) {
    size_t there = 0;
    heapster__site_name(&sites->sites[i]);
    while (there < sites->count && !is_same_line(&sites->sites[there], &sites->sites[i])) there++;
    if (there < sites->count)
      add(&sites->sites[there], &sites->sites[i]);
    else
      sites->sites[sites->count++] = sites->sites[i];
  }
  heapster_sites_rank(sites->sites, sites->count, NULL);
  sites->explanation.site_count = sites->count;
}

/* The part of a site in a figure of a window; false: a site has none. What stayed is what a change is about. */
static bool part_of(const struct heapster_site *site, const char *figure, uint64_t *part) {
  const struct heapster_requests *const requests = &site->requests;
  const struct {
    const char *name;
    uint64_t value;
  } parts[] = {
      {"alloc_count", requests->alloc_count},
      {"alloc_sum", requests->alloc_sum},
      {"realloc_growth_count", requests->realloc_growth_count},
      {"realloc_growth_sum", requests->realloc_growth_sum},
      {"realloc_move_count", requests->realloc_move_count},
      {"realloc_move_sum", requests->realloc_move_sum},
      {"total_alloc_sum", requests->alloc_sum + requests->realloc_growth_sum},
      {"use_peak", requests->alloc_sum + requests->realloc_growth_sum},
      {"live_change", site->live_count},
      {"use_change", site->live_sum},
  };
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    if (strcmp(parts[i].name, figure) != 0) continue;
    *part = parts[i].value;
    return true;
  }
  return false;
}

static const char *first_broken(const struct heapster_stats *stats, const struct heapster_limit *limits, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (heapster_limit_check(stats, &limits[i], 1, NULL)) return limits[i].field->name;
  }
  return NULL;
}

static void rank_by(struct heapster_site *sites, size_t count, const char *figure) {
  for (size_t i = 1; i < count; i++) {
    const struct heapster_site moved = sites[i];
    uint64_t part, before;
    size_t to = i;
    if (!part_of(&moved, figure, &part)) return;
    for (; to > 0 && part_of(&sites[to - 1], figure, &before) && before < part; to--) sites[to] = sites[to - 1];
    sites[to] = moved;
  }
}

/* Sites with equal parts keep their order. */
void heapster__sites_rank_by(struct heapster_site *sites, size_t count, const struct heapster_stats *stats,
                             const struct heapster_limit *limits, size_t limit_count) {
  const char *const figure = first_broken(stats, limits, limit_count);
  if (figure && !strcmp(figure, "alloc_count"))
    heapster_sites_rank(sites, count, &stats->alloc_histogram);
  else if (figure)
    rank_by(sites, count, figure);
}

struct heapster_text heapster__sites_text(const struct heapster_site *sites, size_t count, size_t most,
                                          const struct heapster_explanation *explanation) {
  struct heapster_text text = {0};
  return heapster__text_finish_for_people(
      &text, heapster_sites_text(sites, count, most, explanation, NULL, heapster__text_sink(&text)));
}
