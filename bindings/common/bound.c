/* The end of a limit, from the text of a size. */
#include "common/bound.h"

#include <heapster/size.h>
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

/* Too large if it is a size with the last digit of its whole part alone. */
const char *heapster__explain_size(const char *text) {
  uint64_t bytes;
  const size_t digits = strspn(text, "0123456789");
  const bool is_size = digits > 1 && !heapster_size_parse(text + digits - 1, &bytes);
  return is_size ? "more than 2^63 - 1 bytes" : heapster_error_text(HEAPSTER_BAD_SIZE);
}
