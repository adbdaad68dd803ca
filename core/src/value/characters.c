/* Names that may hold anything, for people: what a terminal would obey is made visible. */
#include "value/writer.h"

#include <stdio.h>
#include <string.h>

static bool is_continuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

size_t heapster__character_length(const unsigned char *text, size_t left) {
  const unsigned char lead = text[0];
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || length > left) return 0;
  for (size_t i = 1; i < length; i++) {
    if (!is_continuation(text[i])) return 0;
  }
  if (lead == 0xE0 && text[1] < 0xA0) return 0;
  if (lead == 0xED && text[1] > 0x9F) return 0;
  if (lead == 0xF0 && text[1] < 0x90) return 0;
  if (lead == 0xF4 && text[1] > 0x8F) return 0;
  return length;
}

/* The code of a character of more than one byte. */
static unsigned decode(const unsigned char *text, size_t length) {
  unsigned code = text[0] & (0xFFU >> (length + 1));
  for (size_t i = 1; i < length; i++) code = code << 6 | (text[i] & 0x3FU);
  return code;
}

/* Control characters beyond ASCII, line and paragraph separators, and marks that turn the direction of what follows. */
static bool is_obeyed(unsigned code) {
  return (code >= 0x80 && code < 0xA0) || code == 0x61C || (code >= 0x200E && code <= 0x200F) ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

static void write_code(struct heapster__writer *writer, const char *format, unsigned code) {
  char text[16];
  snprintf(text, sizeof text, format, code);
  heapster__write_text(writer, text);
}

static void write_ascii(struct heapster__writer *writer, const char *text) {
  static const char named[] = "\a\b\t\n\v\f\r", names[] = "abtnvfr";
  const unsigned char byte = (unsigned char)*text;
  const char *const found = byte ? strchr(named, byte) : NULL;
  if (found)
    heapster__write(writer, (const char[]){'\\', names[found - named]}, 2);
  else if (byte < 0x20 || byte == 0x7F)
    write_code(writer, "\\x%02x", byte);
  else
    heapster__write(writer, text, 1);
}

void heapster__write_printable(struct heapster__writer *writer, const char *text) {
  size_t left = strlen(text);
  while (left > 0) {
    const unsigned char *const bytes = (const unsigned char *)text;
    const size_t length = heapster__character_length(bytes, left);
    const unsigned code = length > 1 ? decode(bytes, length) : 0;
    if (length == 1)
      write_ascii(writer, text);
    else if (!length)
      write_code(writer, "\\x%02x", *bytes);
    else if (is_obeyed(code))
      write_code(writer, "\\u%04x", code);
    else
      heapster__write(writer, text, length);
    text += length ? length : 1;
    left -= length ? length : 1;
  }
}
