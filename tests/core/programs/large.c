/* Large requests: large SIZE... requests and frees each; "close" closes standard error, "fork" goes on in a child, too.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "close")) {
      close(STDERR_FILENO);
    } else if (!strcmp(argv[i], "fork")) {
      const pid_t child = fork();
      if (child) waitpid(child, NULL, 0);
    } else if (!strcmp(argv[i], "_exit")) {
      _exit(0);
    } else {
      void *volatile block = malloc((size_t)strtoull(argv[i], NULL, 10));
      free(block);
    }
  }
  return 0;
}
