/* The limits of one `limit(...)`: from keyword arguments to the verdict. */
#ifndef HEAPSTER__PYTHON_LIMITS_H
#define HEAPSTER__PYTHON_LIMITS_H

#include "python/options.h"
#include "python/sites.h"

struct heapster__limits {
  struct heapster__options options;
  size_t count;
  struct heapster_limit *limits; /* freed with heapster__value_free */
};

/* From keyword arguments: options, and at least one limit such as 10, "1 MiB", (None, 10). */
bool heapster__parse_limits(struct heapster__limits *limits, PyObject *const *values, PyObject *names);

/* Raises LimitExceeded if the window broke one; warns of those that could not be judged if it broke none. */
bool heapster__judge_limits(const struct heapster__limits *limits, const struct heapster_stats *stats,
                            const struct heapster__sites *sites); /* NULL: not explained */

/* limited.c: the function with the limits of `owner`, a Limit. For a coroutine function, `renew` makes another Limit
   like `owner`. */
PyObject *heapster__limit_function(PyObject *owner, const struct heapster__limits *limits, PyMethodDef *renew,
                                   PyObject *function);
bool heapster__ready_limited_type(void);

#endif
