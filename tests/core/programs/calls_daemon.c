/* Asks for 1000 bytes, becomes a daemon by daemon(3), whose parent ends inside the C library, then asks for 1 MiB. With
   an argument there can be no daemon; it asks for 1 MiB all the same, and is killed 0.5 seconds later. */
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static void forbid_processes(void) {
  const struct rlimit none = {0, 0};
  setrlimit(RLIMIT_NPROC, &none);
  if (!geteuid() && setuid(65534)) abort(); /* the limit is not for root */
}

int main(int argc, char **argv) {
  (void)argv;
  free(malloc(1000));
  if (argc > 1) forbid_processes();
  const int failed = daemon(0, 0);
  free(malloc(1 << 20));
  if (!failed) return argc > 1;
  usleep(500000);
  return raise(SIGKILL);
}
