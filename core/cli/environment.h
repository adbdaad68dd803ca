/* What the program finds in its environment. */
#ifndef HEAPSTER__ENVIRONMENT_H
#define HEAPSTER__ENVIRONMENT_H

#include "output.h"

/* The library to preload, found from where this command is: as built or as installed. False: a line on
   standard error said why there is none. */
bool heapster__environment_find_library(char library[PATH_MAX]);

/* Sets the variables in the process that is about to become the program. 0 or an errno. */
int heapster__environment_set(const char *library, const struct heapster__output *output, const char *format,
                              pid_t pid);

#endif
