/* The end of a limit, from the text of a size. */
#include "common/bound.h"

#include <heapster/size.h>

enum heapster_error heapster__parse_bound(const struct heapster_field *field, const char *text, int64_t *bound) {
  uint64_t bytes;
  const bool is_negative = *text == '-';
  const enum heapster_error error = heapster_size_parse(text + is_negative, &bytes);
  if (error) return error;
  if (is_negative && !field->is_signed) return HEAPSTER_BAD_LIMIT;
  *bound = is_negative ? -(int64_t)bytes : (int64_t)bytes;
  return HEAPSTER_OK;
}
