/* Text to a caller's sink. Remembers that the sink refused, so that callers need not check every write. Uses no locale,
   allocates nothing, leaves errno alone. */
#ifndef HEAPSTER__VALUE_WRITER_H
#define HEAPSTER__VALUE_WRITER_H

#include <heapster/base.h>
#include <heapster/stats.h>

/* After a refusal, and over a sink without a function, writes are dropped. */
struct heapster__writer {
  struct heapster_sink sink;
  bool failed;
};

struct heapster__writer heapster__writer_make(struct heapster_sink sink);

/* HEAPSTER_OK, or HEAPSTER_WRITE_FAILED if anything was dropped. */
enum heapster_error heapster__writer_result(const struct heapster__writer *writer);

void heapster__write(struct heapster__writer *writer, const char *text, size_t length);
void heapster__write_text(struct heapster__writer *writer, const char *text);

/* Several strings, one after the other. */
#define heapster__write_texts(writer, ...) heapster__write_list((writer), (const char *const[]){__VA_ARGS__, NULL})
void heapster__write_list(struct heapster__writer *writer, const char *const *texts);

/* `text` padded with spaces to `width` columns: right-aligned, left-aligned. */
void heapster__write_right(struct heapster__writer *writer, const char *text, size_t width);
void heapster__write_left(struct heapster__writer *writer, const char *text, size_t width);

/* A name that may hold anything, for people: control characters, those that turn the direction of writing, and bytes
   that are not UTF-8 appear as \n, \x1b, \u202e; a backslash as itself. */
void heapster__write_printable(struct heapster__writer *writer, const char *text);

/* The length of the UTF-8 character at `text`; 0 for none: truncated, overlong, a surrogate, beyond U+10FFFF. */
size_t heapster__character_length(const unsigned char *text, size_t left);

/* For machines: "1234567", "-5". */
void heapster__write_digits(struct heapster__writer *writer, uint64_t value);
void heapster__write_integer(struct heapster__writer *writer, int64_t value);

/* For people: "1,234,567" for a count, "-2.45 KiB" for bytes. Returns the length without the final NUL. */
enum { HEAPSTER__FIGURE_TEXT = 28 };
size_t heapster__count_text(uint64_t value, char text[HEAPSTER__FIGURE_TEXT]);
size_t heapster__figure_text(enum heapster_unit unit, int64_t value, char text[HEAPSTER__FIGURE_TEXT]);
void heapster__write_count(struct heapster__writer *writer, uint64_t value);
void heapster__write_figure(struct heapster__writer *writer, enum heapster_unit unit, int64_t value);

#endif
