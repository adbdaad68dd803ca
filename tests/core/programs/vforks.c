/* A vfork child, which shares the memory, ends by _exit; then the program allocates, and exits with 4. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  int status;
  const pid_t child = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork): what is tested */
  if (child == 0) _exit(9);
  waitpid(child, &status, 0);
  free(malloc(1234567));
  return WEXITSTATUS(status) == 9 ? 4 : 1;
}
