/* The `heapster` command. */
#include "options.h"
#include "run.h"

int main(int argc, char **argv) {
  struct heapster__options options;
  heapster__options_parse(&options, argc, argv);
  heapster__run(&options);
}
