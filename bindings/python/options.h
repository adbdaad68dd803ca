/* How and where a window counts: the options of measure, measuring and limit. */
#ifndef HEAPSTER__PYTHON_OPTIONS_H
#define HEAPSTER__PYTHON_OPTIONS_H

#include "python/memory.h"

#include <heapster/heapster.h>

struct heapster__options {
  PyObject *heap; /* None, a str or a Heap; borrowed */
  enum heapster_scope scope;
  long warmup;
  long repeat;
  bool stops_gc;
  bool keeps_names; /* the cache of attributes is left as it is */
  bool thread_peak; /* a second window measures the calling thread */
  bool explains;    /* which lines requested it */
  PyObject *root;   /* the folder of their files: a str, or NULL; borrowed */
};

enum heapster__option_set { HEAPSTER__OF_LIMIT = 1, HEAPSTER__OF_MEASURE = 2, HEAPSTER__OF_MEASURING = 4 };

struct heapster__options heapster__make_options(void);

bool heapster__is_option(PyObject *name, enum heapster__option_set set);
bool heapster__set_option(struct heapster__options *options, PyObject *name, PyObject *value);

/* Sets the arguments of measuring(), or of `function`; heap and scope may be given by position. */
bool heapster__parse_measuring(struct heapster__options *options, const char *function, PyObject *const *arguments,
                               Py_ssize_t count, PyObject *names);

/* heap.c: the heap of None (NULL, the total), a str or a Heap: UnknownHeap, NotCounting, TypeError. */
bool heapster__python_find_heap(PyObject *object, const struct heapster_heap **heap);
bool heapster__python_check_heap(PyObject *object); /* only its type */
PyObject *heapster__python_heaps(PyObject *module, PyObject *none);

#endif
