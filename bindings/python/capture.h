/* The line of Python from which a request comes, captured inside the hooks while something is explained. */
#ifndef HEAPSTER__PYTHON_CAPTURE_H
#define HEAPSTER__PYTHON_CAPTURE_H

#include "python/stack.h"

#include <stdint.h>

/* What the core knows as a site of kind HEAPSTER_SITE_PYTHON: its place is the address of one of these. */
struct heapster__captured {
  struct heapster__python_place inner; /* of the innermost frame */
  struct heapster__python_place outer; /* with a root: of the innermost frame below it, if that is another one */
  const void *caller;                  /* what a call in C returns to, if the request is C's own; else NULL */
};

/* Captures the frames of the calling thread's interpreter from now on, of the calling thread only for `is_thread`.
   `root` is the path of a folder as a str, or NULL. False without memory, no exception is set. */
bool heapster__start_capture(PyObject *root, bool is_thread);
void heapster__stop_capture(void);

/* After that: what a site's place is. NULL for one that is none of ours. */
const struct heapster__captured *heapster__captured_at(uint64_t place);

/* Drops all that was captured. May run Python, since code objects may die. */
void heapster__forget_captured(void);

#endif
