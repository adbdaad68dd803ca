/* Ends with 6, in the way its argument names: each leaves out other handlers. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

static void leave(int signal) {
  (void)signal;
  _Exit(6);
}

static void *wait_for_ever(void *unused) {
  for (;;) pause();
  return unused;
}

/* The signal comes most probably inside malloc, whose lock is then held: with a second thread, glibc locks. */
static void end_in_handler(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, wait_for_ever, NULL);
  signal(SIGALRM, leave);
  setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {.tv_usec = 10000}}, NULL);
  for (size_t size = 2000;; size = size < 100000 ? size + 1000 : 2000) free(malloc(size));
}

int main(int count, char **words) {
  const char *const way = count > 1 ? words[1] : "";
  free(malloc(100));
  if (strcmp(way, "_exit") == 0) _exit(6);
  if (strcmp(way, "_Exit") == 0) _Exit(6);
  if (strcmp(way, "quick_exit") == 0) quick_exit(6);
  if (strcmp(way, "handler") == 0) end_in_handler();
  if (strcmp(way, "call") == 0) syscall(SYS_exit_group, 6);
  return 1;
}
