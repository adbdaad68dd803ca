/* Leaves its parent, its session, its folder and every descriptor behind, as daemons do; then asks for 1 MiB and exits.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  if (fork() != 0) exit(0);
  setsid();
  if (fork() != 0) _exit(0);
  if (chdir("/") != 0) return 1;
  closefrom(0);
  for (int i = 0; i < 3; i++) open("/dev/null", O_RDWR); /* NOLINT(android-cloexec-open): the standard three */
  free(malloc(1 << 20));
  return 0;
}
