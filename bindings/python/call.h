/* A call that is prepared before a window opens, so that making it allocates nothing. */
#ifndef HEAPSTER__PYTHON_CALL_H
#define HEAPSTER__PYTHON_CALL_H

#include "python/collector.h"
#include "python/sites.h"

enum { HEAPSTER__FEW_ARGUMENTS = 8 };
struct heapster__call {
  PyObject *function;
  PyObject **arguments; /* [-1] is free for the callee, as vectorcall allows */
  size_t count;         /* of positional arguments */
  PyObject *names;      /* of keyword arguments: a tuple, or NULL */
  PyObject *few[1 + HEAPSTER__FEW_ARGUMENTS];
};

/* From the arguments of a vectorcall. Keyword arguments that are options of measure go to `options`, unless that is
   NULL. The call borrows everything and must not outlive it. Free it also after a failure. */
bool heapster__prepare_call(struct heapster__call *call, PyObject *function, PyObject *const *arguments, size_t count,
                            PyObject *names, struct heapster__options *options);
PyObject *heapster__run_call(struct heapster__call *call);
void heapster__free_call(struct heapster__call *call);

/* Runs the call in a window of its own, at whose end a stopped collector collects. `sites` is NULL if it raised, or if
   the options ask for none. */
PyObject *heapster__measure_call(struct heapster__call *call, const struct heapster__options *options,
                                 const struct heapster__collector *collector, struct heapster_stats *stats,
                                 struct heapster__sites **sites);

#endif
