/* Where the report goes. The program writes it to a file by path; the command prints that file, unless it is
   the one that was asked for. */
#ifndef HEAPSTER__OUTPUT_H
#define HEAPSTER__OUTPUT_H

#include "options.h"

#include <limits.h>
#include <sys/types.h>

struct heapster__output {
  const char *name;       /* as the user wrote it; NULL: standard error */
  char pattern[PATH_MAX]; /* what the program is told: absolute, perhaps with %p */
  int printed;            /* the descriptor that a private file is printed to; -1: the program writes PATH itself */
  bool is_per_process;
  bool is_repeated;
};

/* Makes the file ready, so that one that cannot be written is known before the program starts. False: a line on
   standard error said why. */
bool heapster__output_open(struct heapster__output *output, const struct heapster__options *options);

/* Makes a process's own file ready, in that process; nothing to do without %p. 0 or an errno. */
int heapster__output_open_own(const struct heapster__output *output, pid_t pid);

/* Prints what the program left, and takes the private file away. Whether there was a report. */
bool heapster__output_finish(const struct heapster__output *output, pid_t pid);

/* Takes away what was made for a program that could not be started. PATH itself stays, empty. */
void heapster__output_drop(const struct heapster__output *output, pid_t pid);

#endif
