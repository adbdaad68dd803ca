/* The end of a limit, from the text of a size. */
#include "common/bound.h"

#include <heapster/size.h>
#include <stdio.h>
#include <string.h>

enum heapster_error heapster__parse_bound(const struct heapster_field *field, const char *text, int64_t *bound) {
  uint64_t bytes;
  const bool is_negative = *text == '-';
  const enum heapster_error error = heapster_size_parse(text + is_negative, &bytes);
  if (error) return error;
  if (is_negative && !field->is_signed) return HEAPSTER_BAD_LIMIT;
  *bound = is_negative ? -(int64_t)bytes : (int64_t)bytes;
  return HEAPSTER_OK;
}

static size_t number_length(const char *text) {
  static const char digits[] = "0123456789";
  const size_t whole = strspn(text, digits);
  const size_t fraction = whole && text[whole] == '.' ? strspn(text + whole + 1, digits) : 0;
  return fraction ? whole + 1 + fraction : whole;
}

/* Too large if 0 of the same unit is a size. */
const char *heapster__explain_size(const char *text) {
  uint64_t bytes;
  char zero[16];
  text += *text == '-';
  const size_t digits = number_length(text);
  const bool is_number = digits && text[digits] != '.';
  const bool fits = snprintf(zero, sizeof zero, "0%s", text + digits) < (int)sizeof zero;
  return is_number && fits && heapster_size_parse(zero, &bytes) == HEAPSTER_OK ? "more than 2^63 - 1 bytes"
                                                                               : heapster_error_text(HEAPSTER_BAD_SIZE);
}
