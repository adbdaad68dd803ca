/* The cyclic garbage collector around a window. */
#ifndef HEAPSTER__PYTHON_COLLECTOR_H
#define HEAPSTER__PYTHON_COLLECTOR_H

#include "python/options.h"

/* The collector as a window found it. All functions keep an exception that is set. */
struct heapster__collector {
  bool is_stopped;
  bool keeps_names;
  bool was_on;
  PyInterpreterState *interpreter;
  struct heapster__collector *next; /* another who stopped a collector and did not restart it yet */
  PyObject *enable;                 /* gc.enable and gc.disable, where C has no functions for them */
  PyObject *disable;
};

/* What follows is for a collector that stays where it is until it is restarted.

   If the options say so: disables the collector, collects garbage, and empties CPython's free lists, in which dead
   objects would be found again without a request, and its cache of attributes, which keeps the names that were looked
   up last. */
bool heapster__stop_collector(struct heapster__collector *collector, const struct heapster__options *options);

/* The same inside the window, at its end, if the collector is stopped: so live figures leave out what is garbage, or
   dead and in a free list. Makes no request itself. */
void heapster__collect(const struct heapster__collector *collector);

/* The collector becomes what it was before heapster__stop_collector. */
void heapster__restart_collector(struct heapster__collector *collector);

#endif
