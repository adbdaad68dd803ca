/* What scripts see beyond the structs of the public headers. */
#include "common/script.h"

#include "atomics.h"
#include "common/status_text.h"
#include "common/value.h"

#include <string.h>

/* The memory of a Stats that was freed, for the next one: too large for what allocators have at hand, it was a tenth of
   what an empty measure costs. */
static struct heapster_shared_stats *_Atomic spare;

/* acquire and release: the next owner writes where the last one wrote, on whatever thread */
void heapster__stats_free(struct heapster_stats *stats) {
  if (stats) heapster__value_free(heapster__exchange_acq_rel(&spare, (struct heapster_shared_stats *)stats));
}

struct heapster_stats *heapster__stats_new(void) {
  struct heapster_shared_stats *both = heapster__exchange_acq_rel(&spare, NULL);
  if (!both) both = heapster__value_memory(sizeof *both);
  if (both) both->share.scope = HEAPSTER_PROCESS;
  return both ? &both->stats : NULL;
}

static struct heapster_shared_stats *both_of(const struct heapster_stats *stats) {
  return (struct heapster_shared_stats *)(uintptr_t)stats;
}

const struct heapster_stats *heapster__stats_share(const struct heapster_stats *stats) {
  const struct heapster_stats *const share = &both_of(stats)->share;
  return share->scope == HEAPSTER_THREAD ? share : NULL;
}

void heapster__stats_share_set(struct heapster_stats *stats, const struct heapster_stats *share) {
  both_of(stats)->share = *share;
}

struct heapster_new_stats heapster__stats_copy(const struct heapster_stats *stats) {
  struct heapster_stats *const copy = heapster__stats_new();
  if (!copy) return (struct heapster_new_stats){NULL, HEAPSTER_NO_MEMORY};
  const struct heapster_stats *const share = heapster__stats_share(stats);
  *copy = *stats;
  if (share) both_of(copy)->share = *share;
  return (struct heapster_new_stats){copy, HEAPSTER_OK};
}

enum heapster_error heapster__stats_window_end(struct heapster_window window, struct heapster_stats *stats) {
  if (!stats) return heapster_window_end(window, NULL);
  struct heapster_shared_stats *const both = both_of(stats);
  both->share.scope = HEAPSTER_PROCESS;
  return heapster_window_end_with_thread(window, &both->stats, &both->share);
}

struct heapster_new_stats heapster__script_stats(const struct heapster_heap *heap) {
  struct heapster_stats *const stats = heapster__stats_new();
  if (!stats) return (struct heapster_new_stats){NULL, HEAPSTER_NO_MEMORY};
  heapster_stats_read(heap, stats);
  return (struct heapster_new_stats){stats, HEAPSTER_OK};
}

struct heapster_new_histogram heapster__script_live_histogram(const struct heapster_heap *heap) {
  struct heapster_histogram *const histogram = heapster__value_memory(sizeof *histogram);
  if (!histogram) return (struct heapster_new_histogram){NULL, HEAPSTER_NO_MEMORY};
  heapster_live_histogram(heap, histogram);
  return (struct heapster_new_histogram){histogram, HEAPSTER_OK};
}

struct heapster_heap *heapster__script_heap(const struct heapster_heap *named_heap) {
  return (struct heapster_heap *)(uintptr_t)named_heap; /* the same one, which no script changes */
}

struct heapster_new_status heapster__script_status(void) {
  struct heapster_status *const status = heapster__value_memory(sizeof *status);
  if (!status) return (struct heapster_new_status){NULL, HEAPSTER_NO_MEMORY};
  heapster_status_read(status);
  return (struct heapster_new_status){status, HEAPSTER_OK};
}

/* Texts: what the core writes to a sink, as one value. What people read has no newline at its end, since print adds
   one; what machines read has. */

static struct heapster_text for_people(struct heapster_text *text, enum heapster_error error) {
  heapster__text_close(text, error);
  if (text->length > 0 && text->bytes[text->length - 1] == '\n') text->length--;
  return *text;
}

static struct heapster_text process_text(enum heapster_error (*write)(struct heapster_sink)) {
  struct heapster_text text = {0};
  heapster__text_close(&text, write(heapster__text_sink(&text)));
  return text;
}

struct heapster_text heapster__script_report(void) {
  struct heapster_text text = {0};
  return for_people(&text, heapster_report(heapster__text_sink(&text)));
}
struct heapster_text heapster__script_json(void) {
  return process_text(heapster_json);
}
struct heapster_text heapster__script_prometheus(void) {
  return process_text(heapster_prometheus);
}

struct heapster_text heapster__stats_text(const struct heapster_stats *stats) {
  struct heapster_text text = {0};
  return for_people(&text, heapster_stats_text(stats, heapster__text_sink(&text)));
}

struct heapster_text heapster__stats_json(const struct heapster_stats *stats) {
  struct heapster_text text = {0};
  heapster__text_close(&text, heapster_stats_json(stats, heapster__text_sink(&text)));
  return text;
}

struct heapster_text heapster__histogram_text(const struct heapster_histogram *histogram) {
  struct heapster_text text = {0};
  return for_people(&text, heapster_histogram_text(histogram, heapster__text_sink(&text)));
}

struct heapster_text heapster__status_as_text(const struct heapster_status *status) {
  struct heapster_text text = {0};
  return for_people(&text, heapster__status_text(status, heapster__text_sink(&text)));
}

struct heapster_text heapster__limits_broken(const struct heapster_stats *stats, const struct heapster_limit *limits,
                                             size_t count) {
  struct heapster_text text = {0};
  const struct heapster_sink sink = heapster__text_sink(&text);
  if (heapster_limit_check(stats, limits, count, NULL) == 0) return text;
  heapster_limit_check(stats, limits, count, &sink);
  return for_people(&text, text.length > 0 ? HEAPSTER_OK : HEAPSTER_NO_MEMORY);
}

/* Words. */

const char *heapster__kind_name(enum heapster_stats_kind kind) {
  static const char *const names[] = {"snapshot", "diff", "window"};
  return names[kind];
}

static const char *const scope_names[] = {"process", "thread"};

const char *heapster__scope_name(enum heapster_scope scope) { return scope_names[scope]; }

bool heapster__scope_find(const char *name, enum heapster_scope *scope) {
  for (unsigned i = 0; i < sizeof scope_names / sizeof scope_names[0]; i++) {
    if (strcmp(name, scope_names[i]) != 0) continue;
    *scope = (enum heapster_scope)i;
    return true;
  }
  return false;
}

/* Values. */

struct heapster_figure heapster__stats_figure(const struct heapster_stats *stats, const char *field) {
  struct heapster_figure figure = {false, 0};
  figure.is_defined = heapster_stats_get(stats, heapster_field_find(field), &figure.value);
  return figure;
}

struct heapster_new_stats heapster__stats_minus(const struct heapster_stats *after,
                                                const struct heapster_stats *before) {
  struct heapster_stats *const diff = heapster__stats_new();
  if (!diff) return (struct heapster_new_stats){NULL, HEAPSTER_NO_MEMORY};
  const enum heapster_error error = heapster_stats_diff(diff, after, before);
  if (!error) return (struct heapster_new_stats){diff, HEAPSTER_OK};
  heapster__stats_free(diff);
  return (struct heapster_new_stats){NULL, error};
}

uint64_t heapster__stats_requests(const struct heapster_stats *stats) {
  return stats->alloc_count + stats->alloc_fail_count + stats->realloc_growth_count + stats->realloc_shrink_count +
         stats->realloc_same_count + stats->realloc_fail_count;
}

struct heapster_real heapster__histogram_quantile(const struct heapster_histogram *histogram, double q) {
  struct heapster_real size = {false, 0};
  size.is_defined = heapster_histogram_quantile(histogram, q, &size.value);
  return size;
}

struct heapster_new_histogram heapster__histogram_copy(const struct heapster_histogram *histogram) {
  struct heapster_histogram *const copy = heapster__value_memory(sizeof *copy);
  if (!copy) return (struct heapster_new_histogram){NULL, HEAPSTER_NO_MEMORY};
  *copy = *histogram;
  return (struct heapster_new_histogram){copy, HEAPSTER_OK};
}

struct heapster_new_histogram heapster__histogram_minus(const struct heapster_histogram *after,
                                                        const struct heapster_histogram *before) {
  const struct heapster_new_histogram diff = heapster__histogram_copy(after);
  for (unsigned i = 0; diff.value && i < HEAPSTER_BUCKETS; i++) {
    const uint64_t less = before->buckets[i];
    diff.value->buckets[i] = diff.value->buckets[i] > less ? diff.value->buckets[i] - less : 0;
  }
  return diff;
}

bool heapster__histogram_is_equal(const struct heapster_histogram *a, const struct heapster_histogram *b) {
  return memcmp(a, b, sizeof *a) == 0;
}
