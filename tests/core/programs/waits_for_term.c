/* Says "ready" and allocates until SIGTERM comes, then exits with 7. */
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t is_over;

static void end(int signal) {
  (void)signal;
  is_over = 1;
}

int main(void) {
  signal(SIGTERM, end);
  if (write(STDOUT_FILENO, "ready\n", 6) != 6) return 1;
  while (!is_over) {
    free(malloc(100));
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  return 7;
}
