/* The command line. */
#ifndef HEAPSTER__OPTIONS_H
#define HEAPSTER__OPTIONS_H

#include <stdbool.h>

/* How the command ends where it fails itself, as env and timeout do; then the program was not started, or
   126 and 127: could not be executed, does not exist. */
enum { HEAPSTER__FAILED = 125, HEAPSTER__NOT_EXECUTABLE = 126, HEAPSTER__NOT_FOUND = 127 };

struct heapster__options {
  const char *format;   /* "text", "json" or "prometheus" */
  const char *output;   /* a path, perhaps with %p; NULL: standard error */
  bool is_repeated;     /* HEAPSTER_REPORT_EVERY asks for snapshots while the program runs */
  char *const *program; /* its name and arguments, ended by NULL */
};

/* Takes `heapster run ...` apart. Whatever is not that is answered here, and the process ends: help and
   version with status 0, nonsense with a line on standard error and HEAPSTER__FAILED. */
void heapster__options_parse(struct heapster__options *options, int argc, char **argv);

#endif
