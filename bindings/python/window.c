/* A window of the core, opened and closed with options, and the cyclic garbage collector meanwhile. */
#include "python/window.h"

#include "common/reasons.h"
#include "common/stats.h"
#include "process/hook.h"
#include "python/errors.h"

struct heapster_stats *heapster__python_alloc_stats(void) {
  struct heapster_stats *const stats = heapster__stats_alloc();
  return stats ? stats : heapster__python_raise(HEAPSTER_NO_MEMORY);
}

bool heapster__open_window(const struct heapster__options *options, struct heapster_window *window) {
  const struct heapster_heap *heap;
  if (!heapster__python_find_heap(options->heap, &heap)) return false;
  if (!heapster__is_counted(heap)) {
    const char *const name = heap ? heapster_heap_name(heap) : NULL;
    heapster__python_raise_text(heapster__python_errors.not_counting, heapster__explain_heap(name));
    return false;
  }
  const enum heapster_error error = heapster_window_begin(heap, options->scope, window);
  if (error) heapster__python_raise(error);
  return !error;
}

bool heapster__close_window(struct heapster_window window, struct heapster_stats *stats) {
  const enum heapster_error error = heapster__stats_end_window(window, stats);
  if (error && !PyErr_Occurred()) heapster__python_raise(error);
  return !error;
}

/* Through the module gc: CPython 3.8 has no C functions for it. */
static PyObject *call_gc(const char *name) {
  PyObject *const gc = PyImport_ImportModule("gc");
  PyObject *const result = gc ? PyObject_CallMethod(gc, name, NULL) : NULL;
  Py_XDECREF(gc);
  return result;
}

static bool run_gc(const char *name) {
  PyObject *const result = call_gc(name);
  Py_XDECREF(result);
  return result != NULL;
}

bool heapster__stop_gc(const struct heapster__options *options, bool *restarts) {
  *restarts = false;
  if (!options->stops_gc) return true;
  PyObject *const is_enabled = call_gc("isenabled");
  if (!is_enabled) return false;
  *restarts = is_enabled == Py_True;
  Py_DECREF(is_enabled);
  return run_gc("collect") && run_gc("disable");
}

void heapster__restart_gc(bool restarts) {
  if (!restarts) return;
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  if (!run_gc("enable")) PyErr_Clear();
  PyErr_Restore(type, value, traceback);
}
