/* Fork: the lock is held across it, and the child drops what belonged to threads that it does not have. */
#include "base/lock.h"
#include "base/platform.h"
#include "count/arming.h"
#include "count/doubt.h"
#include "count/guard.h"
#include "heap/origin.h"
#include "heap/window.h"

const bool heapster__fork_anchor = true;

static void drop_others(void) {
  heapster__threads_drop_others();
  heapster__doubts_drop_others();
  heapster__arming_drop_others();
  heapster__windows_drop_others();
  void (*const watch)(void) = heapster__load_relaxed(&heapster__large_after_fork);
  if (watch) watch();
  heapster__origin_note_fork();
}

static void lock(void) {
  heapster__lock_for_fork();
  heapster__origin_before_fork();
}

static void unlock_parent(void) { heapster__unlock_after_fork(NULL); }

static void unlock_child(void) { heapster__unlock_after_fork(drop_others); }

/* Where the C library allocates the handler's entry with malloc, that request is heapster's, not the program's: the
   guard keeps it uncounted. */
HEAPSTER__AT_LOAD static void start(void) {
  struct heapster__guard guard;
  heapster__guard_enter(&guard, HEAPSTER__AT_FORK_ASKS_MALLOC ? heapster__thread_claim() : NULL);
  heapster__at_fork(lock, unlock_parent, unlock_child);
  heapster__guard_leave(&guard);
}
