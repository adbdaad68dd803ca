/* Stacks: the calls above a caller, each with a number, in pages of heapster's own. A stack is complete before its
   number is published in the index, by one swap, so neither threads nor a signal handler wait for each other; a race at
   most leaves a number unused. */
#ifndef HEAPSTER__EXPLAIN_STACKS_H
#define HEAPSTER__EXPLAIN_STACKS_H

#include <heapster/explain.h>

#include "base/unwind.h"
#include "count/arming.h"

enum {
  HEAPSTER__DEPTH = 16, /* the highest: a caller and the frames above it */
  HEAPSTER__STACK_FRAMES = HEAPSTER__DEPTH - 1,
  HEAPSTER__STACKS = HEAPSTER_SITES - 1024 /* so that callers find room among the sites when stacks do not */
};

/* Once: makes the table. False: no memory. */
bool heapster__stacks_make(void);

/* The number of a caller's stack, made if it is new; 0 if there is no room for it. */
uint32_t heapster__stack_find(const void *caller, const uintptr_t *frames, unsigned count);

/* The frames of that number, while other threads go on. Returns how many there are: none for 0. */
unsigned heapster__stack_frames(uint64_t number, const uintptr_t **frames);

/* How many requests found no room for their stack. */
uint64_t heapster__stacks_refused(void);

#endif
