/* The cyclic garbage collector, held still for a measurement. By its module: CPython 3.8 has no C functions for it. */
#include "python/module.h"

static PyObject *gc_call(const char *name) {
  PyObject *const gc = PyImport_ImportModule("gc");
  PyObject *const result = gc ? PyObject_CallMethod(gc, name, NULL) : NULL;
  Py_XDECREF(gc);
  return result;
}

static bool gc_do(const char *name) {
  PyObject *const result = gc_call(name);
  Py_XDECREF(result);
  return result != NULL;
}

bool heapster__gc_stop(bool *was_on) {
  PyObject *const is_on = gc_call("isenabled");
  if (!is_on) return false;
  *was_on = is_on == Py_True;
  Py_DECREF(is_on);
  return gc_do("collect") && gc_do("disable");
}

void heapster__gc_restore(bool was_on) {
  if (!was_on) return;
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  if (!gc_do("enable")) PyErr_Clear();
  PyErr_Restore(type, value, traceback);
}
