/* Where the report goes. The program writes it to a file by path. The command prints that file, unless the user named
   it. */
#ifndef HEAPSTER__OUTPUT_H
#define HEAPSTER__OUTPUT_H

#include "options.h"

#include <limits.h>
#include <sys/types.h>

struct heapster__output {
  const char *name;       /* as the user wrote it; NULL: standard error */
  char pattern[PATH_MAX]; /* the path that the program gets: absolute, perhaps with %p */
  int target;             /* the descriptor that a private file is printed to; -1: the program writes PATH itself */
  bool is_per_process;
  bool is_repeated;
};

/* Creates the file, so that an error shows before the program starts. False: a line on standard error says why. */
bool heapster__output_open(struct heapster__output *output, const struct heapster__options *options);

/* Creates the file of one process, in that process; does nothing without %p. Returns 0 or an errno. */
int heapster__output_open_own(const struct heapster__output *output, pid_t pid);

/* Prints the report that the program left, and removes the private file. Whether there was a report. */
bool heapster__output_finish(const struct heapster__output *output, pid_t pid);

/* Removes what was created for a program that could not be started. PATH itself stays, empty. */
void heapster__output_remove(const struct heapster__output *output, pid_t pid);

#endif
