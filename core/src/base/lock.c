/* The lock for rare operations. */
#include "base/lock.h"

#include "base/atomics.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <time.h>

static _Atomic uintptr_t owner; /* 0: it is free */
static unsigned nested_forks;   /* forks in progress by signal handlers that interrupted the owner */

static uintptr_t self(void) { return (uintptr_t)pthread_self(); }

/* The owner needs it for a short time only, unless a signal handler or another thread took its processor. */
static void back_off(unsigned tries) {
  const struct timespec pause = {0, 50000};
  if (tries < 100)
    sched_yield();
  else
    nanosleep(&pause, NULL);
}

/* Acquire and release pair with each other: the next owner reads what this one wrote. */
void heapster__lock(void) {
  HEAPSTER__ASSERT(!heapster__is_locked_here());
  uintptr_t nobody = 0;
  for (unsigned tries = 0; !heapster__swap_acq_rel(&owner, &nobody, self()); tries++) {
    nobody = 0;
    back_off(tries);
  }
}

void heapster__unlock(void) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  heapster__store_release(&owner, 0);
}

bool heapster__is_locked_here(void) { return heapster__load_relaxed(&owner) == self(); }

void heapster__lock_for_fork(void) {
  if (heapster__is_locked_here())
    nested_forks++;
  else
    heapster__lock();
}

void heapster__unlock_after_fork(void (*first)(void)) {
  if (nested_forks > 0) {
    nested_forks--;
    return;
  }
  if (first) first();
  heapster__unlock();
}
