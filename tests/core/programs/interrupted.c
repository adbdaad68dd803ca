/* 50,000 requests from below ten calls, while the handler of a timer's signals requests memory, too. Prints how often
   it did. The two never meet inside malloc: small blocks come from glibc's cache of the thread, large ones do not. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

#include "descend.h"

static void *volatile handled;
static volatile sig_atomic_t handled_count;

static __attribute__((noinline)) void handle(int signal) {
  (void)signal;
  void *const block = malloc(100000);
  handled = block;
  free(block);
  handled_count++;
}

static void set_timer(int microseconds) {
  const struct itimerval timer = {.it_interval = {.tv_usec = microseconds}, .it_value = {.tv_usec = microseconds}};
  setitimer(ITIMER_REAL, &timer, NULL);
}

int main(void) {
  const struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
  descend(10);
  sigaction(SIGALRM, &action, NULL);
  set_timer(50);
  for (int i = 1; i < 50000; i++) descend(10);
  set_timer(0);
  printf("%d\n", (int)handled_count);
  return 0;
}
