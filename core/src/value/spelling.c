/* Spelling: which of several words a mistyped one is nearest to. */
#include "value/spelling.h"

#include <string.h>

enum { LONGEST = 48 }; /* a heap's name is not longer */

/* A word at this distance or beyond is another word. */
static unsigned distance_limit(size_t length) { return length < 3 ? 2 : length < 9 ? 3 : (unsigned)length / 3 + 1; }

struct heapster__spelling heapster__spelling_of(const char *wanted) {
  return (struct heapster__spelling){wanted, NULL, distance_limit(strlen(wanted))};
}

static unsigned min_of(unsigned a, unsigned b) { return a < b ? a : b; }

/* How many insertions, deletions and replacements turn `a` into `b`. Both have at most LONGEST characters. */
static unsigned edit_distance(const char *a, const char *b) {
  unsigned row[LONGEST + 1];
  const size_t width = strlen(b);
  for (unsigned j = 0; j <= width; j++) row[j] = j;
  for (size_t i = 0; a[i]; i++) {
    unsigned diagonal = row[0]++;
    for (size_t j = 0; j < width; j++) {
      const unsigned replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = min_of(replaced, min_of(row[j], diagonal) + 1);
    }
  }
  return row[width];
}

static bool is_nearer(const struct heapster__spelling *spelling, const char *word, unsigned distance) {
  if (distance != spelling->distance) return distance < spelling->distance;
  return spelling->nearest && strcmp(word, spelling->nearest) < 0;
}

void heapster__spelling_try(struct heapster__spelling *spelling, const char *word) {
  if (strlen(word) > LONGEST || strlen(spelling->wanted) > LONGEST) return;
  const unsigned distance = edit_distance(spelling->wanted, word);
  if (!is_nearer(spelling, word, distance)) return;
  spelling->distance = distance;
  spelling->nearest = word;
}
