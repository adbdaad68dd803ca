/* What was meant: the nearest of several words to a mistyped one. */
#include "value/spelling.h"

#include <string.h>

enum { LONGEST = 48 }; /* a heap's name is not longer */

/* Further off is another word. */
static unsigned furthest(size_t length) { return length < 3 ? 2 : length < 9 ? 3 : (unsigned)length / 3 + 1; }

struct heapster__spelling heapster__spelling_of(const char *wanted) {
  return (struct heapster__spelling){wanted, NULL, furthest(strlen(wanted))};
}

static unsigned least(unsigned a, unsigned b) { return a < b ? a : b; }

/* Insertions, deletions and replacements that make `a` into `b`; both at most LONGEST long. */
static unsigned distance(const char *a, const char *b) {
  unsigned row[LONGEST + 1];
  const size_t width = strlen(b);
  for (unsigned j = 0; j <= width; j++) row[j] = j;
  for (size_t i = 0; a[i] != '\0'; i++) {
    unsigned diagonal = row[0]++;
    for (size_t j = 0; j < width; j++) {
      const unsigned replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = least(replaced, least(row[j], diagonal) + 1);
    }
  }
  return row[width];
}

static bool is_better(const struct heapster__spelling *spelling, const char *word, unsigned found) {
  if (found != spelling->distance) return found < spelling->distance;
  return spelling->nearest != NULL && strcmp(word, spelling->nearest) < 0;
}

void heapster__spelling_try(struct heapster__spelling *spelling, const char *word) {
  if (strlen(word) > LONGEST || strlen(spelling->wanted) > LONGEST) return;
  const unsigned found = distance(spelling->wanted, word);
  if (!is_better(spelling, word, found)) return;
  spelling->distance = found;
  spelling->nearest = word;
}
