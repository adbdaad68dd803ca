/* The cyclic garbage collector around a window. */
#include "python/collector.h"

#include "count/guard.h"
#include "python/threads.h"

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

/* Those who stopped the collector of their interpreter and did not restart it yet. They may end in another order than
   they began in, on several threads: the last of an interpreter restarts it. */
static struct heapster__collector *stops;
HEAPSTER__MUTEX(stopping);

/* One of the same interpreter, or NULL. */
static const struct heapster__collector *find_stop(const struct heapster__collector *collector) {
  const struct heapster__collector *other = stops;
  while (other && other->interpreter != collector->interpreter) other = other->next;
  return other;
}

static void add_stop(struct heapster__collector *collector) {
  collector->interpreter = PyThreadState_Get()->interp;
  HEAPSTER__LOCK(stopping);
  collector->was_on = disable(collector);
  const struct heapster__collector *const other = find_stop(collector);
  if (other) collector->was_on = other->was_on; /* it may be on for a moment, while another collects */
  collector->next = stops;
  stops = collector;
  HEAPSTER__UNLOCK(stopping);
}

static void remove_stop(struct heapster__collector *collector) {
  struct heapster__collector **link = &stops;
  HEAPSTER__LOCK(stopping);
  while (*link != collector) link = &(*link)->next;
  *link = collector->next;
  if (collector->was_on && !find_stop(collector)) enable(collector);
  HEAPSTER__UNLOCK(stopping);
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
  add_stop(collector);
  heapster__collect(collector);
  return true;
}

#ifdef Py_GIL_DISABLED
/* Twice: of what the first frees, the keys of dicts and the like go back to the allocator when the next begins, since
   until then a thread might have been looking at them. */
enum { COLLECTIONS = 2 };

/* By gc.collect(), which collects while the collector is off: no other thread is to find it on. */
static void collect(void) {
  PyObject *const error = PyErr_GetRaisedException();
  PyObject *const gc = PyImport_ImportModule("gc");
  bool is_done = gc != NULL;
  for (unsigned i = 0; is_done && i < COLLECTIONS; i++) {
    PyObject *const found = PyObject_CallMethod(gc, "collect", NULL);
    is_done = found != NULL;
    Py_XDECREF(found);
  }
  Py_XDECREF(gc);
  PyErr_SetRaisedException(error);
}

static void collect_stopped(const struct heapster__collector *collector) {
  (void)collector;
  heapster__call_uncounted(collect);
}
#else
static void collect(void) { PyGC_Collect(); }

/* PyGC_Collect does nothing while the collector is off. From CPython 3.12 on it makes two strings for callbacks that
   there are not: these are not the program's requests. Nor are, then, those of finalizers that run here. */
static void collect_counted(void) {
  if (PY_VERSION_HEX >= 0x030C0000)
    heapster__call_uncounted(collect);
  else
    collect();
}

static void collect_stopped(const struct heapster__collector *collector) {
  enable(collector);
  collect_counted();
  disable(collector);
}
#endif

void heapster__collect(const struct heapster__collector *collector) {
  if (!collector->is_stopped) return;
  if (!collector->keeps_names) PyType_ClearCache();
  collect_stopped(collector);
}

void heapster__restart_collector(struct heapster__collector *collector) {
  if (collector->is_stopped) remove_stop(collector);
  collector->is_stopped = false;
  release(collector);
}
