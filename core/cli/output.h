/* Where reports go. */
#ifndef HEAPSTER__OUTPUT_H
#define HEAPSTER__OUTPUT_H

#include "options.h"

#include <limits.h>
#include <sys/types.h>

struct heapster__output {
  const char *name;       /* as it appears in messages */
  char pattern[PATH_MAX]; /* an absolute path, perhaps with %p; "": the descriptor is what is written to */
  int target;             /* a descriptor that is open from the start; -1: a file is opened for each report */
  bool is_per_process;
  bool is_repeated; /* snapshots replace the file while the program runs */
};

/* Opens PATH, so that an error shows before the program starts. False: a line on standard error says why. */
bool heapster__output_open(struct heapster__output *output, const struct heapster__options *options);

/* Creates the file of one process; does nothing without %p. Returns 0 or an errno. */
int heapster__output_open_own(const struct heapster__output *output, pid_t pid);

/* The file for a report of the process, to be ended by heapster__output_finish. -1: errno says why there is none;
   ESTALE if PATH is another file than at the start. */
int heapster__output_begin(const struct heapster__output *output, pid_t pid);

/* `is_whole`: all of it was written. What is not whole does not stay. False: errno says why not. */
bool heapster__output_finish(const struct heapster__output *output, pid_t pid, int file, bool is_whole);

/* Whether the process has written its report itself: with %p, where it could not reach its page. */
bool heapster__output_is_written(const struct heapster__output *output, pid_t pid);

/* The path of the process's report, for messages. */
const char *heapster__output_path(const struct heapster__output *output, pid_t pid, char path[PATH_MAX]);

/* Removes what was created for a program that could not be started. PATH itself stays, empty. */
void heapster__output_remove(const struct heapster__output *output, pid_t pid);

#endif
