/* Stats as JSON, and JSON strings of bytes that may be anything. */
#include "value/json.h"

#include "value/sized.h"
#include "value/stats.h"

static void write_escape(struct heapster__writer *writer, unsigned char byte) {
  static const char digits[] = "0123456789abcdef";
  const char escape[] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
  heapster__write(writer, escape, sizeof escape);
}

static void write_character(struct heapster__writer *writer, const char *text, size_t length) {
  if (!length) {
    heapster__write_text(writer, "\\ufffd");
  } else if ((unsigned char)*text < 0x20) {
    write_escape(writer, (unsigned char)*text);
  } else {
    if (*text == '"' || *text == '\\') heapster__write(writer, "\\", 1);
    heapster__write(writer, text, length);
  }
}

void heapster__write_json_string(struct heapster__writer *writer, const char *text, size_t length) {
  heapster__write(writer, "\"", 1);
  for (size_t at = 0; at < length;) {
    const size_t step = heapster__character_length((const unsigned char *)text + at, length - at);
    write_character(writer, text + at, step);
    at += step ? step : 1;
  }
  heapster__write(writer, "\"", 1);
}

static void write_key(struct heapster__writer *writer, const char *name) {
  heapster__write_texts(writer, ", \"", name, "\": ");
}

static void write_histogram(struct heapster__writer *writer, const struct heapster_histogram *histogram) {
  for (unsigned i = 0; i < HEAPSTER_BUCKETS; i++) {
    heapster__write_text(writer, i ? ", " : "[");
    heapster__write_digits(writer, histogram->buckets[i]);
  }
  heapster__write_text(writer, "]");
}

static void write_kinds(struct heapster__writer *writer, const struct heapster_lua_kinds *kinds) {
  const struct heapster_lua_kind *kind;
  const char *name;
  for (size_t i = 0; (kind = heapster_lua_kind_at(kinds, i, &name)); i++) {
    heapster__write_texts(writer, i ? ", \"" : "{\"", name, "\": {\"count\": ");
    heapster__write_digits(writer, kind->count);
    heapster__write_text(writer, ", \"sum\": ");
    heapster__write_digits(writer, kind->sum);
    heapster__write_text(writer, "}");
  }
  heapster__write_text(writer, "}");
}

void heapster__write_json_stats(struct heapster__writer *writer, const struct heapster_stats *stats) {
  static const char *const kinds[] = {"snapshot", "diff", "window"};
  heapster__write_texts(writer, "{\"kind\": \"", kinds[stats->kind], "\", \"scope\": \"",
                        stats->scope == HEAPSTER_THREAD ? "thread\"" : "process\"");
  const struct heapster_field *field;
  for (size_t i = 0; (field = heapster_field_at(i)); i++) {
    int64_t value;
    write_key(writer, field->name);
    if (heapster_stats_get(stats, field, &value))
      heapster__write_integer(writer, value);
    else
      heapster__write_text(writer, "null");
  }
#define X(name) write_key(writer, #name), write_histogram(writer, &stats->name);
  HEAPSTER__HISTOGRAMS(X)
#undef X
  write_key(writer, "lua_kinds");
  if (stats->has_lua_kinds)
    write_kinds(writer, &stats->lua_kinds);
  else
    heapster__write_text(writer, "null");
  heapster__write_text(writer, "}");
}

enum heapster_error heapster_stats_json(const struct heapster_stats *stats, struct heapster_sink sink) {
  struct heapster__writer writer = heapster__writer_make(sink);
  struct heapster_stats room;
  if (!stats) return HEAPSTER_BAD_ARGUMENT;
  heapster__write_json_stats(&writer, heapster__stats_accept(stats, &room));
  return heapster__writer_result(&writer);
}
