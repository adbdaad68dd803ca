/* The lock for rare operations: creating heaps, beginning and ending windows, frame marks, reset. No request takes it,
   except the first of a process whose malloc is hooked from its start.

   Every fork holds it, so that the child finds what it protects in a consistent state. A signal handler may fork while
   its own thread holds the lock, because that thread is in the middle of a fork or of a window's begin. Therefore the
   lock is one word that names its owner and is set by one instruction: a fork by the owner does not wait for itself. */
#ifndef HEAPSTER__BASE_LOCK_H
#define HEAPSTER__BASE_LOCK_H

#include "base/assert.h"

#include <stdbool.h>

/* Not recursive. */
void heapster__lock(void);
void heapster__unlock(void);

/* Whether the calling thread holds it. */
bool heapster__is_locked_here(void);

/* Before a fork, and after it in parent and child. The second calls `first`, unless it is NULL, and unlocks. In a
   signal handler that interrupted the lock's owner it does neither: the interrupted code goes on with the lock held. */
void heapster__lock_for_fork(void);
void heapster__unlock_after_fork(void (*first)(void));

#endif
