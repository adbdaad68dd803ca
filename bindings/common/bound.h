/* The end of a limit, from the text of a size. */
#ifndef HEAPSTER__SCRIPT_BOUND_H
#define HEAPSTER__SCRIPT_BOUND_H

#include <heapster/stats.h>

/* "64 KiB", or "-64 KiB" for a field whose figure may be negative. HEAPSTER_BAD_SIZE for any other text;
   HEAPSTER_BAD_LIMIT for a negative size of another field. `bound` is untouched then. */
enum heapster_error heapster__parse_bound(const struct heapster_field *field, const char *text, int64_t *bound);

/* What a text is that was refused as a size: "not a size such as ...", or "more than 2^63 - 1 bytes". */
const char *heapster__explain_size(const char *text);

#endif
