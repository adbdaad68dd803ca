/* Large requests: large SIZE... requests and frees each, after "grow" by a small block's growth; "close" closes
   standard error, "fork" goes on in a child, too. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  bool grows = false;
  for (int i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "close")) {
      close(STDERR_FILENO);
    } else if (!strcmp(argv[i], "fork")) {
      const pid_t child = fork();
      if (child) waitpid(child, NULL, 0);
    } else if (!strcmp(argv[i], "_exit")) {
      _exit(0);
    } else if (!strcmp(argv[i], "grow")) {
      grows = true;
    } else {
      const size_t size = (size_t)strtoull(argv[i], NULL, 10);
      void *volatile block = grows ? realloc(malloc(40), size) : malloc(size);
      free(block);
    }
  }
  return 0;
}
