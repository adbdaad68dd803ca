/* Fork: the lock is held across it, and the child drops what belonged to the other threads. */
#include "base/lock.h"
#include "base/platform.h"
#include "count/guard.h"
#include "heap/window.h"

const bool heapster__fork_anchor = true;

static void drop_others(void) {
  heapster__threads_drop_others();
  heapster__windows_drop_others();
}

static void in_parent(void) { heapster__unlock_after_fork(NULL); }

static void in_child(void) { heapster__unlock_after_fork(drop_others); }

/* What the C library asks malloc for here is for us, not for the program. */
HEAPSTER__AT_LOAD static void start(void) {
  struct heapster__guard guard;
  heapster__guard_enter(&guard, HEAPSTER__AT_FORK_ASKS_MALLOC ? heapster__thread_claim() : NULL);
  heapster__at_fork(heapster__lock_for_fork, in_parent, in_child);
  heapster__guard_leave(&guard);
}
