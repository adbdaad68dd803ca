/* Spawns the program of its first argument, asks for 2 MiB meanwhile, and ends with the program's status. */
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  pid_t child;
  int status;
  if (argc < 2 || posix_spawn(&child, argv[1], NULL, NULL, argv + 1, environ) != 0) return 99;
  free(malloc(2 << 20));
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}
