/* The `heapster` command. */
#include "options.h"
#include "run.h"

#include <fcntl.h>
#include <unistd.h>

/* A file that the command opens must not become its standard error. The program finds them closed, as they were. */
static void fill_standard_descriptors(void) {
  for (int descriptor = 0; descriptor <= STDERR_FILENO; descriptor++) {
    if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", O_RDWR | O_CLOEXEC) < 0) return;
  }
}

int main(int argc, char **argv) {
  struct heapster__options options;
  fill_standard_descriptors();
  heapster__options_parse(&options, argc, argv);
  heapster__run(&options);
}
