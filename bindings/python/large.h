/* The class LargeRequest, and the arguments of watch_large(). */
#ifndef HEAPSTER__PYTHON_LARGE_H
#define HEAPSTER__PYTHON_LARGE_H

#include "common/large.h"
#include "python/memory.h"

bool heapster__python_add_large(PyObject *module);

/* NULL without an exception if the object is of another class. */
struct heapster__named_request *heapster__python_large_of(PyObject *object);

/* A str, cut at the first null character; None for an empty text. */
PyObject *heapster__python_word(const char *text);

/* An int, or a str such as "1 MiB"; True or False: TypeError, ValueError. */
bool heapster__python_parse_watched(PyObject *object, uint64_t *size);
bool heapster__python_parse_keep(PyObject *object, bool *keep);

/* Why watch_large() failed. Returns NULL. */
void *heapster__python_raise_watch(enum heapster_error error);

PyObject *heapster__python_large_requests(PyObject *module, PyObject *none);

#endif
