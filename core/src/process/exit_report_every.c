/* The thread that writes snapshots of the running program. It exists only where HEAPSTER_REPORT_EVERY asks. */
#include "process/exit_report_every.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

/* What the thread was told; a pointer to it outlives every thread. Written only while none runs. */
static struct {
  struct timespec pause;
  bool (*snapshot)(void);
} orders;

static void *keep_writing(void *unused) {
  (void)unused;
  do nanosleep(&orders.pause, NULL);
  while (orders.snapshot());
  return NULL;
}

static bool start_detached(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, keep_writing, NULL) != 0) return false;
  pthread_setname_np(thread, "heapster");
  pthread_detach(thread);
  return true;
}

bool heapster__every_start(double seconds, bool (*snapshot)(void)) {
  orders.pause.tv_sec = (time_t)seconds;
  orders.pause.tv_nsec = (long)((seconds - (double)orders.pause.tv_sec) * 1e9);
  orders.snapshot = snapshot;
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const bool is_started = start_detached();
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return is_started;
}
