/* The cyclic garbage collector around a window. */
#include "python/collector.h"

#include "count/guard.h"

/* CPython before 3.10 has no C functions that switch the collector. */
#if PY_VERSION_HEX >= 0x030A0000
static bool prepare(struct heapster__collector *collector) {
  collector->enable = collector->disable = NULL;
  return true;
}

static void enable(const struct heapster__collector *collector) {
  (void)collector;
  PyGC_Enable();
}

/* Returns whether it was on. */
static bool disable(const struct heapster__collector *collector) {
  (void)collector;
  return PyGC_Disable();
}
#else
static bool prepare(struct heapster__collector *collector) {
  PyObject *const gc = PyImport_ImportModule("gc");
  collector->enable = gc ? PyObject_GetAttrString(gc, "enable") : NULL;
  collector->disable = gc ? PyObject_GetAttrString(gc, "disable") : NULL;
  PyObject *const is_on = gc ? PyObject_CallMethod(gc, "isenabled", NULL) : NULL;
  collector->was_on = is_on == Py_True;
  Py_XDECREF(is_on);
  Py_XDECREF(gc);
  return collector->enable && collector->disable && is_on;
}

static void call(PyObject *function) {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyObject *const none = PyObject_Vectorcall(function, NULL, 0, NULL);
  Py_XDECREF(none);
  PyErr_Restore(type, value, traceback);
}

static void enable(const struct heapster__collector *collector) { call(collector->enable); }

static bool disable(const struct heapster__collector *collector) {
  call(collector->disable);
  return collector->was_on;
}
#endif

static void release(struct heapster__collector *collector) {
  Py_CLEAR(collector->enable);
  Py_CLEAR(collector->disable);
}

bool heapster__stop_collector(struct heapster__collector *collector, const struct heapster__options *options) {
  *collector = (struct heapster__collector){.is_stopped = false};
  if (!options->stops_gc) return true;
  if (!prepare(collector)) {
    release(collector);
    return false;
  }
  collector->is_stopped = true;
  collector->keeps_names = options->keeps_names;
  collector->was_on = disable(collector);
  heapster__collect(collector);
  return true;
}

static void collect(void) { PyGC_Collect(); }

/* PyGC_Collect does nothing while the collector is off. From CPython 3.13 on it makes two strings for callbacks that
   there are not: these are not the program's requests. Nor are, then, those of finalizers that run here. */
static void collect_counted(void) {
  if (PY_VERSION_HEX >= 0x030D0000)
    heapster__call_uncounted(collect);
  else
    collect();
}

void heapster__collect(const struct heapster__collector *collector) {
  if (!collector->is_stopped) return;
  if (!collector->keeps_names) PyType_ClearCache();
  enable(collector);
  collect_counted();
  disable(collector);
}

void heapster__restart_collector(struct heapster__collector *collector) {
  if (collector->is_stopped && collector->was_on) enable(collector);
  collector->is_stopped = false;
  release(collector);
}
