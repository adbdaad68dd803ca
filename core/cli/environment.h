/* The environment of the program. */
#ifndef HEAPSTER__ENVIRONMENT_H
#define HEAPSTER__ENVIRONMENT_H

#include "output.h"
#include "session.h"

/* Finds the library to preload, relative to this command, in a build tree or an installation. False: a line on standard
   error says why there is none. */
bool heapster__environment_find_library(char library[PATH_MAX]);

/* Sets the variables, in the child before exec. Returns 0 or an errno. */
int heapster__environment_set(const char *library, const struct heapster__session *session,
                              const struct heapster__output *output, const char *format,
                              const struct heapster__options *options, pid_t pid);

#endif
