/* Limits: the verdict on a window, as a count and as text. */
#include <heapster/limit.h>
#include <string.h>

#include "value/field.h"
#include "value/histogram.h"
#include "value/sized.h"
#include "value/stats.h"

enum heapster_error heapster_limit_make_sized(const char *name, int64_t min, int64_t max, struct heapster_limit *limit,
                                              size_t size) {
  const struct heapster_field *const field = heapster_field_find(name);
  if (!field) return HEAPSTER_UNKNOWN_FIELD;
  if (!field->is_limit) return HEAPSTER_FIELD_NOT_IN_WINDOW;
  if (min > max) return HEAPSTER_BAD_LIMIT;
  if (!limit) return HEAPSTER_BAD_ARGUMENT;
  heapster__copy_sized(limit, size, &(struct heapster_limit){.field = field, .min = min, .max = max}, sizeof *limit);
  return HEAPSTER_OK;
}

/* The name may be any text: control characters, which would break the line, become '?'. */
static void write_name(struct heapster__writer *writer, const char *name) {
  for (; *name; name++) heapster__write(writer, (unsigned char)*name < ' ' ? "?" : name, 1);
}

static void explain_unknown(struct heapster__writer *writer, const char *name) {
  heapster__write_text(writer, "unknown field \"");
  write_name(writer, name);
  heapster__write_text(writer, "\"; ");
  const struct heapster_field *field = heapster__field_like(name);
  if (field) heapster__write_texts(writer, "did you mean ", field->name, "? ");
  const char *separator = "fields: ";
  for (size_t i = 0; (field = heapster_field_at(i)); i++) {
    if (!field->is_limit) continue;
    heapster__write_texts(writer, separator, field->name);
    separator = ", ";
  }
}

enum heapster_error heapster_limit_explain(const char *name, struct heapster_sink sink) {
  struct heapster__writer writer = heapster__writer_make(sink);
  const struct heapster_field *const field = heapster_field_find(name);
  if (!field)
    explain_unknown(&writer, name ? name : "");
  else if (field->is_limit)
    heapster__write_texts(&writer, field->name, " is a field for limits");
  else
    heapster__write_texts(&writer, field->name, " has no meaning in a window; use ", field->instead);
  return heapster__writer_result(&writer);
}

/* Whether the two names have one stem: "alloc_histogram" and "alloc_count". */
static bool is_histogram_of(const char *histogram_name, const char *count_name) {
  const size_t stem = strlen(histogram_name) - strlen("histogram");
  return !strncmp(histogram_name, count_name, stem) && !strcmp(count_name + stem, "count");
}

static const struct heapster_histogram *histogram_of(const struct heapster_stats *stats, const char *count_name) {
#define X(name) \
  if (is_histogram_of(#name, count_name)) return &stats->name;
  HEAPSTER__HISTOGRAMS(X)
#undef X
  return NULL;
}

static unsigned find_fullest_bucket(const struct heapster_histogram *histogram) {
  unsigned fullest = 0;
  for (unsigned i = 1; i < HEAPSTER_BUCKETS; i++) {
    if (histogram->buckets[i] > histogram->buckets[fullest]) fullest = i;
  }
  return fullest;
}

static const char *unit_word_of(const char *count_name, uint64_t count) {
  const bool is_alloc = !strncmp(count_name, "alloc", 5);
  if (count == 1) return is_alloc ? " request in " : " resize in ";
  return is_alloc ? " requests in " : " resizes in ";
}

enum { MAX_BUCKETS_NAMED = 3 };

/* A hint where the surplus may come from: it is attributed to the fullest buckets. */
static void write_surplus(struct heapster__writer *writer, const char *count_name, struct heapster_histogram left,
                          uint64_t surplus) {
  for (unsigned named = 0; named < MAX_BUCKETS_NAMED && surplus; named++) {
    const unsigned bucket = find_fullest_bucket(&left);
    const uint64_t count = left.buckets[bucket] < surplus ? left.buckets[bucket] : surplus;
    heapster__write_text(writer, named ? ", +" : " (+");
    heapster__write_count(writer, count);
    heapster__write_text(writer, named ? " in " : unit_word_of(count_name, count));
    heapster__write_bucket(writer, bucket, 0);
    left.buckets[bucket] = 0;
    surplus -= count;
  }
  heapster__write_text(writer, surplus ? " and others)" : ")");
}

static uint64_t gap_of(const struct heapster_limit *limit, int64_t value) {
  return value > limit->max ? (uint64_t)value - (uint64_t)limit->max : (uint64_t)limit->min - (uint64_t)value;
}

static void write_gap(struct heapster__writer *writer, const struct heapster_limit *limit, int64_t value) {
  const struct heapster_field *const field = limit->field;
  const uint64_t gap = gap_of(limit, value);
  const bool is_above = value > limit->max;
  heapster__write_texts(writer, field->name, ": ");
  heapster__write_figure(writer, field->unit, value);
  heapster__write_text(writer, " is ");
  heapster__write_figure(writer, field->unit, gap > INT64_MAX ? INT64_MAX : (int64_t)gap);
  heapster__write_text(writer, is_above ? " above the limit of " : " below the limit of ");
  heapster__write_figure(writer, field->unit, is_above ? limit->max : limit->min);
}

static void write_broken(struct heapster__writer *writer, const struct heapster_stats *stats,
                         const struct heapster_limit *limit, int64_t value) {
  const char *const name = limit->field->name;
  const struct heapster_histogram *const histogram = histogram_of(stats, name);
  write_gap(writer, limit, value);
  if (value > limit->max && histogram) write_surplus(writer, name, *histogram, gap_of(limit, value));
  heapster__write_text(writer, "\n");
}

static void write_foreign(struct heapster__writer *writer, uint64_t count) {
  heapster__write_count(writer, count);
  heapster__write_text(writer, count == 1 ? " operation meanwhile was another thread's\n"
                                          : " operations meanwhile were other threads'\n");
}

/* Whether use_peak may keep the limit, for all that is known: other threads took part. */
static bool is_within_error(const struct heapster_stats *stats, const struct heapster_limit *limit, int64_t value) {
  if (limit->field != heapster_field_find("use_peak")) return false;
  return gap_of(limit, value) <= stats->use_peak_error;
}

static void write_doubt(struct heapster__writer *writer, const struct heapster_stats *stats,
                        const struct heapster_limit *limit, int64_t value) {
  write_gap(writer, limit, value);
  heapster__write_text(writer, ", which is not judged: with other threads at work it may be off by ");
  heapster__write_figure(writer, HEAPSTER_BYTES, (int64_t)stats->use_peak_error);
  heapster__write_text(writer, "\n");
}

size_t heapster_limit_check_sized(const struct heapster_stats *stats, const struct heapster_limit *limits,
                                  size_t stride, size_t count, const struct heapster_sink *sink) {
  struct heapster_stats room;
  if (!stats || !limits) return 0;
  stats = heapster__stats_accept(stats, &room);
  struct heapster__writer writer = heapster__writer_make(sink ? *sink : (struct heapster_sink){NULL, NULL});
  size_t broken = 0;
  for (size_t i = 0; i < count; i++) {
    struct heapster_limit limit;
    int64_t value;
    heapster__copy_sized(&limit, sizeof limit, (const char *)limits + i * stride, stride);
    if (!heapster_stats_get(stats, limit.field, &value)) continue;
    if (value >= limit.min && value <= limit.max) continue;
    if (is_within_error(stats, &limit, value)) {
      write_doubt(&writer, stats, &limit, value);
      continue;
    }
    write_broken(&writer, stats, &limit, value);
    broken++;
  }
  const bool is_polluted = stats->kind == HEAPSTER_WINDOW && stats->foreign_count > 0;
  if (broken && is_polluted) write_foreign(&writer, stats->foreign_count);
  return broken;
}
