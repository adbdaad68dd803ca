/* The context managers measuring() and limit(): a window between __enter__ and __exit__, __aenter__ and __aexit__. */
#ifndef HEAPSTER__PYTHON_MANAGER_H
#define HEAPSTER__PYTHON_MANAGER_H

#include "python/collector.h"
#include "python/sites.h"

/* The head of the types Measuring and Limit. Python calls a manager with no argument to enter and with three to leave.
 */
typedef struct {
  PyObject_HEAD vectorcallfunc vectorcall;
  struct heapster__options options; /* owns the heap object and the root */
  struct heapster_window window;
  struct heapster_window thread_window; /* inside it, if options.thread_peak */
  struct heapster_stats *stats;         /* of the window, once it has ended */
  uint64_t explanation;                 /* its number, while the window is open */
  struct heapster__sites *sites;        /* once it has ended, if options.explains */
  PyObject *adaptor;                    /* for `async with`; borrowed, or NULL */
  struct heapster__collector collector;
  bool is_open;
} heapster__Manager;

void heapster__init_manager(heapster__Manager *self, const struct heapster__options *options);
bool heapster__enter_manager(heapster__Manager *self);
bool heapster__leave_manager(heapster__Manager *self); /* if an exception is set, it stays and no other is raised */
void heapster__clear_manager(heapster__Manager *self);

/* PyType_Ready for a manager's type, with the attributes that a with block needs. */
bool heapster__ready_manager_type(PyTypeObject *type);

/* async.c: the awaitable adaptor that __aenter__ and __aexit__ of a manager return. Python calls it as it calls the
   manager, and then awaits it. It owns the manager, which has one adaptor at a time. */
PyObject *heapster__adapt_manager(heapster__Manager *manager);

#endif
