/* HEAPSTER_HOOKS: which hooks the user of the program wants. */
#include "common/wanted.h"

#include <stdlib.h>
#include <string.h>

const char *heapster__wanted(void) { return secure_getenv("HEAPSTER_HOOKS"); }

bool heapster__wanted_next(const char **list, char name[HEAPSTER_HEAP_NAME]) {
  const char *const begin = *list + strspn(*list, " ,");
  size_t length = strcspn(begin, " ,");
  *list = begin + length;
  if (length >= HEAPSTER_HEAP_NAME) length = HEAPSTER_HEAP_NAME - 1;
  memcpy(name, begin, length);
  name[length] = 0;
  return length > 0;
}
