/* A signal handler that forks, while its thread forks too, or opens and ends windows: nothing waits for itself.
   law_fork_signals [rounds] */
#include <heapster/window.h>

#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

enum { SECONDS = 60, MICROSECONDS = 250 };

static volatile sig_atomic_t handled;

static void fork_and_wait(void) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) != child) continue;
  if (child > 0 && status != 0) _exit(3);
}

static void fork_in_handler(int number) {
  (void)number;
  handled = handled + 1;
  fork_and_wait();
}

static void interrupt_often(void) {
  struct sigaction action = {.sa_handler = fork_in_handler, .sa_flags = SA_RESTART};
  const struct itimerval often = {{0, MICROSECONDS}, {0, MICROSECONDS}};
  require(sigaction(SIGPROF, &action, NULL) == 0, "no handler");
  require(setitimer(ITIMER_PROF, &often, NULL) == 0, "no timer");
}

static void measure_nothing(void) {
  struct heapster_window window;
  struct heapster_stats stats;
  require_ok(heapster_window_begin(NULL, HEAPSTER_PROCESS, &window));
  require_ok(heapster_window_end(window, &stats));
  require(stats.alloc_count == 0, "%llu requests in an empty window", (unsigned long long)stats.alloc_count);
}

int main(int argc, char **argv) {
  const uint64_t rounds = argument(argc, argv, 1, 2000);
  require(heapster_heap_create("signals", NULL, &(struct heapster_heap *){NULL}) == HEAPSTER_OK, "no heap");
  alarm(SECONDS); /* a lock that waits for its own thread waits for ever */
  interrupt_often();
  for (support_run.step = 0; support_run.step < rounds; ++support_run.step) {
    fork_and_wait();
    for (unsigned i = 0; i < 200; ++i) measure_nothing();
  }
  setitimer(ITIMER_PROF, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
  require(handled > 0, "no signal came");
  return 0;
}
