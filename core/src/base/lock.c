/* The lock for what is rare, which its own thread may fork under. */
#include "base/lock.h"

#include "base/atomics.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <time.h>

static _Atomic uintptr_t owner; /* 0 where it is free */
static unsigned forks_inside;   /* the owner's forks in a signal handler */

static uintptr_t self(void) { return (uintptr_t)pthread_self(); }

/* Whoever holds it is soon done, unless it was interrupted or there are more threads than processors. */
static void wait_a_little(unsigned tries) {
  const struct timespec moment = {0, 50000};
  if (tries < 100)
    sched_yield();
  else
    nanosleep(&moment, NULL);
}

/* acquire and release pair with each other: what one owner wrote, the next one reads */
void heapster__lock(void) {
  HEAPSTER__ASSERT(!heapster__is_locked_here());
  uintptr_t nobody = 0;
  for (unsigned tries = 0; !heapster__swap_acq_rel(&owner, &nobody, self()); tries++) {
    nobody = 0;
    wait_a_little(tries);
  }
}

void heapster__unlock(void) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  heapster__store_release(&owner, 0);
}

bool heapster__is_locked_here(void) { return heapster__load_relaxed(&owner) == self(); }

void heapster__lock_for_fork(void) {
  if (heapster__is_locked_here())
    forks_inside++;
  else
    heapster__lock();
}

void heapster__unlock_after_fork(void (*first)(void)) {
  if (forks_inside > 0) {
    forks_inside--;
    return;
  }
  if (first) first();
  heapster__unlock();
}
