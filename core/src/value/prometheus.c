/* Stats as Prometheus text exposition format 0.0.4, which wants all series of a metric together. */
#include "value/prometheus.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "value/field.h"

/* Sizes from 1 TiB up are in le="+Inf" only. Every scrape has the same buckets, empty ones included. */
enum { FINITE_BUCKETS = 40 };

static void write_escaped(struct heapster__writer *writer, const char *text) {
  for (; *text; text++) {
    if (*text == '\n') {
      heapster__write_text(writer, "\\n");
      continue;
    }
    if (*text == '"' || *text == '\\') heapster__write(writer, "\\", 1);
    heapster__write(writer, text, 1);
  }
}

/* heapster_<metric><suffix>{heap="<name>"<labels>} <value> */
static void write_series(struct heapster__writer *writer, const char *metric, const char *suffix, const char *heap,
                         const char *labels, uint64_t value) {
  heapster__write_texts(writer, "heapster_", metric, suffix, "{heap=\"");
  write_escaped(writer, heap);
  heapster__write_texts(writer, "\"", labels, "} ");
  heapster__write_digits(writer, value);
  heapster__write_text(writer, "\n");
}

static void write_head(struct heapster__writer *writer, const char *metric, const char *help, const char *type) {
  heapster__write_texts(writer, "# HELP heapster_", metric, " ", help, "\n# TYPE heapster_", metric, " ", type, "\n");
}

/* By the format's convention counters, and only counters, end in _total. */
static bool is_counter(const char *metric) {
  static const char ending[] = "_total";
  const size_t length = strlen(metric);
  return length >= sizeof ending && !strcmp(metric + length - (sizeof ending - 1), ending);
}

static void write_metric(struct heapster__writer *writer, const struct heapster__field *field,
                         const struct heapster__labelled_stats *heaps, size_t count) {
  write_head(writer, field->metric, field->help, is_counter(field->metric) ? "counter" : "gauge");
  for (size_t i = 0; i < count; i++) {
    int64_t value = 0;
    heapster_stats_get(heaps[i].stats, &field->base, &value);
    write_series(writer, field->metric, "", heaps[i].heap, "", (uint64_t)value);
  }
}

static void write_sizes(struct heapster__writer *writer, const char *metric,
                        const struct heapster__labelled_stats *heap) {
  const struct heapster_histogram *const histogram = &heap->stats->alloc_histogram;
  char labels[40];
  uint64_t below = 0;
  for (unsigned i = 0; i < FINITE_BUCKETS; i++) {
    below += histogram->buckets[i];
    snprintf(labels, sizeof labels, ",le=\"%" PRIu64 "\"", (UINT64_C(2) << i) - 1);
    write_series(writer, metric, "_bucket", heap->heap, labels, below);
  }
  write_series(writer, metric, "_bucket", heap->heap, ",le=\"+Inf\"", heap->stats->alloc_count);
  write_series(writer, metric, "_sum", heap->heap, "", heap->stats->alloc_sum);
  write_series(writer, metric, "_count", heap->heap, "", heap->stats->alloc_count);
}

static void write_kinds_of_heap(struct heapster__writer *writer, const char *metric, bool is_sum,
                                const struct heapster__labelled_stats *heap) {
  const struct heapster_lua_kind *kind;
  const char *name;
  char labels[40];
  for (size_t i = 0; (kind = heapster_lua_kind_at(&heap->stats->lua_kinds, i, &name)); i++) {
    snprintf(labels, sizeof labels, ",kind=\"%s\"", name);
    write_series(writer, metric, "", heap->heap, labels, is_sum ? kind->sum : kind->count);
  }
}

/* The metric is absent if no heap is of Lua states. */
static void write_kinds(struct heapster__writer *writer, const char *metric, bool is_sum, const char *help,
                        const struct heapster__labelled_stats *heaps, size_t count) {
  bool has_head = false;
  for (size_t i = 0; i < count; i++) {
    if (!heaps[i].stats->has_lua_kinds) continue;
    if (!has_head) write_head(writer, metric, help, "counter");
    has_head = true;
    write_kinds_of_heap(writer, metric, is_sum, &heaps[i]);
  }
}

void heapster__write_prometheus(struct heapster__writer *writer, const struct heapster__labelled_stats *heaps,
                                size_t count) {
  if (!count) return;
  const struct heapster__field *field;
  for (size_t i = 0; (field = heapster__field_at(i)); i++) {
    if (field->metric) write_metric(writer, field, heaps, count);
  }
  write_head(writer, "alloc_size_bytes", "Sizes asked for in new blocks.", "histogram");
  for (size_t i = 0; i < count; i++) write_sizes(writer, "alloc_size_bytes", &heaps[i]);
  write_kinds(writer, "lua_created_total", false, "What Lua states created, by kind.", heaps, count);
  write_kinds(writer, "lua_created_bytes_total", true, "Bytes asked for what Lua states created, by kind.", heaps,
              count);
}
