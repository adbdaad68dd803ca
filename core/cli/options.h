/* The command line. */
#ifndef HEAPSTER__OPTIONS_H
#define HEAPSTER__OPTIONS_H

#include <stdbool.h>

/* The status of the command where it fails itself, as env and timeout do: 125 in general, 126 if the program cannot be
   executed, 127 if it does not exist. */
enum { HEAPSTER__FAILED = 125, HEAPSTER__NOT_EXECUTABLE = 126, HEAPSTER__NOT_FOUND = 127 };

struct heapster__options {
  const char *format;     /* "text", "json" or "prometheus" */
  const char *output;     /* a path, perhaps with %p; "-": standard output; NULL: standard error */
  bool is_verbose;        /* text with more figures */
  const char *explain;    /* how many sites the report has, and how deep they are, valid; NULL: none */
  bool has_depth;         /* with frames above the callers */
  const char *warn_above; /* the size above which a request is said, valid; NULL: none */
  const char *every;      /* seconds between two snapshots while the program runs, valid; NULL: none */
  char *const *program;   /* its name and arguments, then NULL */
};

/* Parses `heapster run ...`. Anything else ends the process here: help and version with status 0, an error with a line
   on standard error and HEAPSTER__FAILED. */
void heapster__options_parse(struct heapster__options *options, int argc, char **argv);

#endif
