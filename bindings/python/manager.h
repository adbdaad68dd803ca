/* The context managers measuring() and limit(): a window between __enter__ and __exit__, __aenter__ and __aexit__. */
#ifndef HEAPSTER__PYTHON_MANAGER_H
#define HEAPSTER__PYTHON_MANAGER_H

#include "python/collector.h"
#include "python/sites.h"

/* Whether the window is open. Only the thread that made it BUSY touches the rest of the manager. */
enum heapster__manager_state { HEAPSTER__MANAGER_CLOSED, HEAPSTER__MANAGER_BUSY, HEAPSTER__MANAGER_OPEN };

/* The head of the types Measuring and Limit. Python calls a manager with no argument to enter and with three to leave.
 */
typedef struct {
  PyObject_HEAD vectorcallfunc vectorcall;
  struct heapster__options options; /* owns the heap object and the root */
  struct heapster_window window;
  struct heapster_window thread_window; /* inside it, if options.thread_peak */
  struct heapster_stats *stats;         /* memory for the figures of an open window */
  uint64_t explanation;                 /* its number, while the window is open */
  PyObject *adaptor;                    /* for `async with`; borrowed, or NULL */
  struct heapster__collector collector;
  _Atomic(enum heapster__manager_state) state;
} heapster__Manager;

/* What a window found, for the caller to free; `sites` is NULL unless the options ask for them. */
struct heapster__measured {
  struct heapster_stats *stats;
  struct heapster__sites *sites;
};
void heapster__measured_free(struct heapster__measured measured);

void heapster__init_manager(heapster__Manager *self, const struct heapster__options *options);
bool heapster__enter_manager(heapster__Manager *self);

/* The figures of the window, which the caller frees. If an exception is set, it stays and no other is raised. */
struct heapster__measured heapster__leave_manager(heapster__Manager *self);
void heapster__clear_manager(heapster__Manager *self);

/* PyType_Ready for a manager's type, with the attributes that a with block needs. */
bool heapster__ready_manager_type(PyTypeObject *type);

/* async.c: the awaitable adaptor that __aenter__ and __aexit__ of a manager return. Python calls it as it calls the
   manager, and then awaits it. It owns the manager, which has one adaptor at a time for a thread. */
PyObject *heapster__adapt_manager(heapster__Manager *manager);
bool heapster__ready_adaptor_type(void);

#endif
