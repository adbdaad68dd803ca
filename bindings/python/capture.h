/* The line of Python from which a request comes, captured inside the hooks while something is explained. */
#ifndef HEAPSTER__PYTHON_CAPTURE_H
#define HEAPSTER__PYTHON_CAPTURE_H

#include "python/stack.h"

#include <stdint.h>

/* A line of code. The objects are the code's, and kept until the capture is settled; then the names are known. */
struct heapster__captured_line {
  PyObject *lines; /* NULL: no line, or settled */
  PyObject *file;
  PyObject *function;
  int first_line; /* of the code */
  int offset;
  int line;        /* from 1; 0: not known */
  char *file_name; /* UTF-8 in heapster's own memory; NULL without any */
  char *function_name;
};

/* What the core knows as a site of kind HEAPSTER_SITE_PYTHON: its place is the address of one of these. */
struct heapster__captured {
  struct heapster__captured_line inner; /* of the innermost frame */
  struct heapster__captured_line outer; /* with a root: of the innermost frame below it, if that is another one */
  const void *caller;                   /* what a call in C returns to, if the request is C's own; else NULL */
};

/* Captures the frames of the calling thread's interpreter from now on, of the calling thread only for `is_thread`.
   `root` is the path of a folder as a str, or NULL. False without memory, no exception is set. */
bool heapster__start_capture(PyObject *root, bool is_thread);
void heapster__stop_capture(void);

/* Captures no frame any more, finds the names of those that were, and releases all objects. Call it just before the
   window ends, so that what dies meanwhile is freed in the window, as it would have been. Twice does no harm. */
void heapster__settle_capture(void);

/* After that: what a site's place is. NULL for one that is none of ours. */
const struct heapster__captured *heapster__captured_at(uint64_t place);

/* Drops all that was captured. */
void heapster__forget_captured(void);

#endif
