/* The lock for what is rare: making heaps, opening and ending windows, reset. Never taken in a hook.

   It is held across every fork, so that the child finds whole what it guards. A signal handler may fork while its own
   thread holds the lock, inside a fork or a window's begin: so the word of the lock is its owner, set by one
   instruction, and the fork goes on where it is the caller itself. */
#ifndef HEAPSTER__BASE_LOCK_H
#define HEAPSTER__BASE_LOCK_H

#include "base/assert.h"

#include <stdbool.h>

void heapster__lock(void);
void heapster__unlock(void);

/* Whether the calling thread holds it: for assertions. */
bool heapster__is_locked_here(void);

/* Before a fork; and after it on either side, where `first`, which may be NULL, is called before it is free. It is
   neither called nor the lock freed where the frame that a signal interrupted goes on with it. */
void heapster__lock_for_fork(void);
void heapster__unlock_after_fork(void (*first)(void));

#endif
