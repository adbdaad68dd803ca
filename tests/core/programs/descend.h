/* A small request from below ten calls. */
#ifndef PROGRAMS_DESCEND_H
#define PROGRAMS_DESCEND_H

#include <stdlib.h>

static void *volatile last;

static __attribute__((noinline)) void descend(int depth) {
  if (depth) {
    descend(depth - 1);
    last = NULL;
    return;
  }
  void *const block = malloc(40);
  last = block;
  free(block);
}

#endif
