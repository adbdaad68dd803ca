/* Forks a child that allocates and exits with 5; prints the child's process id, and ends with its status. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  int status;
  const pid_t child = fork();
  if (child == 0) {
    free(malloc(1 << 20));
    exit(5);
  }
  waitpid(child, &status, 0);
  printf("%ld\n", (long)child);
  return WEXITSTATUS(status);
}
