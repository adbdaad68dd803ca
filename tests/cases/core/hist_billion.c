/* Buckets of 10^9 and more as text: does the column of counts stay aligned, and its blank? */
#include <heapster/heapster.h>

#include "verdict.h"

static char text[4096];

static bool append(void *context, const char *piece, size_t length) {
  (void)context;
  const size_t used = strlen(text);
  if (used + length >= sizeof text) return false;
  memcpy(text + used, piece, length);
  return true;
}

/* Where the bar, or the end of the line, stands behind the count: the same in every line. */
static size_t column(const char *line) {
  const char *colon = strchr(line, ':');
  must(colon);
  const size_t blanks = strspn(colon + 1, " ");
  return blanks ? (size_t)(colon - line) + 1 + blanks + strspn(colon + 1 + blanks, "0123456789,") : 0;
}

int main(void) {
  static const struct heapster_histogram histogram = {{[5] = 999999999, [6] = 1000000000, [7] = 10000000000, [8] = 5}};
  must(!heapster_histogram_text(&histogram, (struct heapster_sink){append, NULL}));
  size_t first = 0, aligned = 0, lines = 0;
  for (const char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
    if (!lines) first = column(line);
    aligned += column(line) == first;
  }
  return verdict(lines == 4 && aligned == lines, "%zu of %zu lines aligned", aligned, lines);
}
