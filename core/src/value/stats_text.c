/* Stats as text for people: groups of "name: value", then the histograms. */
#include "value/stats_text.h"

#include "value/field.h"
#include "value/histogram.h"
#include "value/sized.h"
#include "value/stats.h"

/* What a figure is, where a diff or a window has some that changed and some that are absolute. */
static const char *describe_kind(const struct heapster__field *field, enum heapster_stats_kind kind) {
  if (kind == HEAPSTER_SNAPSHOT) return "";
  if (field->difference == HEAPSTER__LEVEL) return " (now)";
  return field->difference == HEAPSTER__RISE && field->base.instead ? " (rise of the record)" : "";
}

/* The group's lines that are always there, or those that are there if their figure is not 0. */
static void write_lines(struct heapster__writer *writer, const struct heapster_stats *stats, enum heapster__group group,
                        bool is_if_any, bool is_verbose) {
  const struct heapster__field *field;
  for (size_t i = 0; (field = heapster__field_at(i)); i++) {
    int64_t value;
    if (field->group != group || (field->shown == HEAPSTER__IF_ANY) != is_if_any) continue;
    if (field->shown == HEAPSTER__VERBOSE && !is_verbose) continue;
    if (!heapster_stats_get(stats, &field->base, &value)) continue;
    if (!value && is_if_any) continue;
    heapster__write_texts(writer, field->base.name, describe_kind(field, stats->kind), ": ");
    heapster__write_figure(writer, field->base.unit, value);
    heapster__write_text(writer, "\n");
  }
}

static void write_histogram(struct heapster__writer *writer, const char *name,
                            const struct heapster_histogram *histogram) {
  heapster__write_texts(writer, "\n", name, heapster_histogram_is_empty(histogram) ? ": (empty)\n" : ":\n");
  heapster__write_histogram(writer, histogram);
}

/* Omits kinds of which nothing was created, and the whole group if that leaves none. */
static void write_kinds(struct heapster__writer *writer, const struct heapster_lua_kinds *kinds) {
  const struct heapster_lua_kind *kind;
  const char *name;
  bool is_first = true;
  for (size_t i = 0; (kind = heapster_lua_kind_at(kinds, i, &name)); i++) {
    if (!kind->count) continue;
    heapster__write_texts(writer, is_first ? "\nlua_kinds." : "lua_kinds.", name, ": ");
    heapster__write_count(writer, kind->count);
    heapster__write_text(writer, " (");
    heapster__write_figure(writer, HEAPSTER_BYTES, kind->sum > INT64_MAX ? INT64_MAX : (int64_t)kind->sum);
    heapster__write_text(writer, ")\n");
    is_first = false;
  }
}

void heapster__write_stats(struct heapster__writer *writer, const struct heapster_stats *stats, bool is_verbose) {
  for (unsigned i = 0; i < HEAPSTER__GROUPS; i++) {
    const enum heapster__group group = (enum heapster__group)i;
    if (i > 0) heapster__write_text(writer, "\n");
    write_lines(writer, stats, group, false, is_verbose);
    write_lines(writer, stats, group, true, is_verbose);
  }
  if (stats->has_lua_kinds) write_kinds(writer, &stats->lua_kinds);
#define X(name) write_histogram(writer, #name, &stats->name);
  HEAPSTER__HISTOGRAMS(X)
#undef X
}

enum heapster_error heapster_stats_text(const struct heapster_stats *stats, struct heapster_sink sink) {
  struct heapster__writer writer = heapster__writer_make(sink);
  struct heapster_stats room;
  if (!stats) return HEAPSTER_BAD_ARGUMENT;
  heapster__write_stats(&writer, heapster__stats_accept(stats, &room), false);
  return heapster__writer_result(&writer);
}
