/* Spelling: which of several words a mistyped one is nearest to. */
#ifndef HEAPSTER__VALUE_SPELLING_H
#define HEAPSTER__VALUE_SPELLING_H

#include <heapster/base.h>

struct heapster__spelling {
  const char *wanted;
  const char *nearest; /* of the words tried; NULL while none is near */
  unsigned distance;
};

HEAPSTER_API struct heapster__spelling heapster__spelling_of(const char *wanted);

/* Tries one more word, which must outlive `spelling`. Of two equally near words the alphabetically first wins, so that
   the order of the calls does not matter. */
HEAPSTER_API void heapster__spelling_try(struct heapster__spelling *spelling, const char *word);

#endif
