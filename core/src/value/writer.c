/* Text to a caller's sink: strings, and numbers for machines and for people. */
#include "value/writer.h"

#include <heapster/limit.h>
#include <string.h>

struct heapster__writer heapster__writer_make(struct heapster_sink sink) {
  return (struct heapster__writer){.sink = sink, .failed = !sink.write};
}

enum heapster_error heapster__writer_result(const struct heapster__writer *writer) {
  return writer->failed ? HEAPSTER_WRITE_FAILED : HEAPSTER_OK;
}

void heapster__write(struct heapster__writer *writer, const char *text, size_t length) {
  if (writer->failed || !length) return;
  writer->failed = !writer->sink.write(writer->sink.context, text, length);
}

void heapster__write_text(struct heapster__writer *writer, const char *text) {
  heapster__write(writer, text, strlen(text));
}

void heapster__write_list(struct heapster__writer *writer, const char *const *texts) {
  for (; *texts; texts++) heapster__write_text(writer, *texts);
}

static void write_spaces(struct heapster__writer *writer, size_t count) {
  static const char spaces[] = "                ";
  const size_t chunk = sizeof spaces - 1;
  for (; count > chunk; count -= chunk) heapster__write(writer, spaces, chunk);
  heapster__write(writer, spaces, count);
}

static size_t padding_of(size_t length, size_t width) { return length < width ? width - length : 0; }

void heapster__write_right(struct heapster__writer *writer, const char *text, size_t width) {
  write_spaces(writer, padding_of(strlen(text), width));
  heapster__write_text(writer, text);
}

void heapster__write_left(struct heapster__writer *writer, const char *text, size_t width) {
  heapster__write_text(writer, text);
  write_spaces(writer, padding_of(strlen(text), width));
}

enum { NO_GROUPS = 99 };

/* Puts a comma between groups of `group` digits. Returns the length without the final NUL. */
static size_t put_digits(uint64_t value, unsigned group, char text[HEAPSTER__FIGURE_TEXT]) {
  char digits[HEAPSTER__FIGURE_TEXT] = "";
  char *const end = digits + sizeof digits - 1;
  char *first = end;
  unsigned written = 0;
  do {
    if (written && written % group == 0) *--first = ',';
    *--first = (char)('0' + value % 10);
    value /= 10;
    written++;
  } while (value);
  memcpy(text, first, (size_t)(end - first) + 1);
  return (size_t)(end - first);
}

void heapster__write_digits(struct heapster__writer *writer, uint64_t value) {
  char text[HEAPSTER__FIGURE_TEXT];
  heapster__write(writer, text, put_digits(value, NO_GROUPS, text));
}

/* |value|, also of INT64_MIN. */
static uint64_t magnitude_of(int64_t value) { return value < 0 ? -(uint64_t)value : (uint64_t)value; }

void heapster__write_integer(struct heapster__writer *writer, int64_t value) {
  if (value < 0) heapster__write(writer, "-", 1);
  heapster__write_digits(writer, magnitude_of(value));
}

size_t heapster__count_text(uint64_t value, char text[HEAPSTER__FIGURE_TEXT]) { return put_digits(value, 3, text); }

size_t heapster__figure_text(enum heapster_unit unit, int64_t value, char text[HEAPSTER__FIGURE_TEXT]) {
  const size_t sign = value < 0;
  if (sign) text[0] = '-';
  const uint64_t magnitude = magnitude_of(value);
  return sign + (unit == HEAPSTER_BYTES ? heapster_size_text(magnitude, text + sign)
                                        : heapster__count_text(magnitude, text + sign));
}

void heapster__write_count(struct heapster__writer *writer, uint64_t value) {
  char text[HEAPSTER__FIGURE_TEXT];
  heapster__write(writer, text, heapster__count_text(value, text));
}

void heapster__write_figure(struct heapster__writer *writer, enum heapster_unit unit, int64_t value) {
  char text[HEAPSTER__FIGURE_TEXT];
  heapster__write(writer, text, heapster__figure_text(unit, value, text));
}
