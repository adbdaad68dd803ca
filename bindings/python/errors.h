/* The module's exceptions, and strings between Python and C.

   This holds for all headers in this folder: functions are called by threads that may call Python. NULL, a negative
   number or false means that a Python exception is set, unless the function says otherwise. */
#ifndef HEAPSTER__PYTHON_ERRORS_H
#define HEAPSTER__PYTHON_ERRORS_H

#include "python/memory.h"

#include "common/text.h"

/* Set when the module is imported. */
struct heapster__python_errors {
  PyObject *not_counting;   /* RuntimeError: the heap is not counted */
  PyObject *unknown_heap;   /* LookupError: no heap has that name */
  PyObject *limit_exceeded; /* AssertionError: a limit was broken */
  PyObject *limit_unjudged; /* RuntimeWarning: other threads decide whether a limit was broken */
};
extern struct heapster__python_errors heapster__python_errors;

bool heapster__python_add_errors(PyObject *module);

/* Set an exception; return NULL or false. */
void *heapster__python_raise(enum heapster_error error);
void *heapster__python_raise_hook(const char *verb, enum heapster_error error, const char *hook);
void *heapster__python_raise_text(PyObject *type, struct heapster_text text);
bool heapster__python_refuse(PyObject *type, const char *format, ...);

/* A str of the text, which is freed; or raises the text's error. */
PyObject *heapster__python_string(struct heapster_text text);

/* The UTF-8 of a str; ValueError if it has a null character in it. */
const char *heapster__python_chars(PyObject *string);

#endif
