/* What was meant: the nearest of several words to a mistyped one. */
#ifndef HEAPSTER__VALUE_SPELLING_H
#define HEAPSTER__VALUE_SPELLING_H

#include <heapster/base.h>

struct heapster__spelling {
  const char *wanted;
  const char *nearest; /* of those tried; NULL while none resembles */
  unsigned distance;
};

HEAPSTER_API struct heapster__spelling heapster__spelling_of(const char *wanted);

/* One more word, which lives as long as the answer is wanted. Of two that are as near, the first by the alphabet
   counts, so that the order in which they are tried does not. */
HEAPSTER_API void heapster__spelling_try(struct heapster__spelling *spelling, const char *word);

#endif
