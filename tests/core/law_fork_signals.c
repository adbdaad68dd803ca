/* A signal handler forks while its own thread forks, or begins or ends a window: there is no deadlock.
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
  if (!child) _exit(0);
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) != child) continue;
  if (child > 0 && status) _exit(3);
}

static void fork_in_handler(int number) {
  (void)number;
  handled = handled + 1;
  fork_and_wait();
}

static void start_interrupts(void) {
  struct sigaction action = {.sa_handler = fork_in_handler, .sa_flags = SA_RESTART};
  const struct itimerval often = {{0, MICROSECONDS}, {0, MICROSECONDS}};
  require(!sigaction(SIGPROF, &action, NULL), "sigaction failed");
  require(!setitimer(ITIMER_PROF, &often, NULL), "setitimer failed");
}

static void use_empty_window(void) {
  struct heapster_window window;
  struct heapster_stats stats;
  require_ok(heapster_window_begin(NULL, HEAPSTER_PROCESS, &window));
  require_ok(heapster_window_end(window, &stats));
  require(!stats.alloc_count, "%llu requests in an empty window", (unsigned long long)stats.alloc_count);
}

int main(int argc, char **argv) {
  const uint64_t rounds = argument(argc, argv, 1, 2000);
  require(heapster_heap_create("signals", NULL, &(struct heapster_heap *){NULL}) == HEAPSTER_OK,
          "the heap could not be created");
  alarm(SECONDS); /* otherwise a deadlock would hang the test for ever */
  start_interrupts();
  for (support_run.step = 0; support_run.step < rounds; ++support_run.step) {
    fork_and_wait();
    for (unsigned i = 0; i < 200; ++i) use_empty_window();
  }
  setitimer(ITIMER_PROF, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
  require(handled > 0, "no signal came");
  return 0;
}
