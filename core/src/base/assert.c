/* Preconditions that test builds check. */
#ifndef HEAPSTER_ASSERTIONS
#define HEAPSTER_ASSERTIONS
#endif
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

_Noreturn void heapster__assertion_failed(const char *condition, const char *file, int line) {
  char text[256];
  const int length = snprintf(text, sizeof text, "%s:%d: heapster: assertion failed: %s\n", file, line, condition);
  const size_t size = length < (int)sizeof text ? (size_t)length : sizeof text - 1;
  if (write(STDERR_FILENO, text, size) < 0) abort(); /* the same end, without the line */
  abort();
}
