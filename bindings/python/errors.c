/* Exceptions of the Python module, and what of the core becomes which. */
#include "python/module.h"

struct heapster__python_errors heapster__python_errors;

static PyObject *new_error(PyObject *module, const char *full_name, const char *doc, PyObject *base) {
  PyObject *const type = PyErr_NewExceptionWithDoc(full_name, doc, base, NULL);
  if (!type) return NULL;
  Py_INCREF(type);
  if (PyModule_AddObject(module, strchr(full_name, '.') + 1, type) == 0) return type;
  Py_DECREF(type);
  Py_DECREF(type);
  return NULL;
}

bool heapster__python_errors_add(PyObject *module) {
  struct heapster__python_errors *const errors = &heapster__python_errors;
  errors->not_counting = new_error(module, "heapster.NotCounting",
                                   "What was asked about is not counted: no figure would be true.\n\n"
                                   "heapster.status() tells what is hooked and why not.",
                                   PyExc_RuntimeError);
  errors->unknown_heap = new_error(module, "heapster.UnknownHeap",
                                   "No heap has that name; heapster.heaps() lists those there are.", PyExc_LookupError);
  errors->limit_exceeded = new_error(module, "heapster.LimitExceeded",
                                     "A block did more than its limit() allows, a line for each limit broken.\n\n"
                                     "diff is the Stats of the window that was judged, broken the names of the limits.",
                                     PyExc_AssertionError);
  return errors->not_counting && errors->unknown_heap && errors->limit_exceeded;
}

void *heapster__python_raise(enum heapster_error error) {
  PyObject *type = PyExc_RuntimeError;
  if (error == HEAPSTER_NO_MEMORY) type = PyExc_MemoryError;
  if (error == HEAPSTER_MIXED_KINDS) type = PyExc_ValueError;
  PyErr_SetString(type, heapster_error_text(error));
  return NULL;
}

void *heapster__python_raise_hook(const char *verb, enum heapster_error error, const char *hook) {
  PyObject *const type = error == HEAPSTER_UNKNOWN_HOOK ? PyExc_ValueError : PyExc_RuntimeError;
  return heapster__python_raise_text(type, heapster__why_no_hook(verb, error, hook));
}

const char *heapster__python_chars(PyObject *string) {
  Py_ssize_t length;
  const char *const chars = PyUnicode_AsUTF8AndSize(string, &length);
  if (!chars || strlen(chars) == (size_t)length) return chars;
  PyErr_Format(PyExc_ValueError, "%R has a null character in it", string);
  return NULL;
}

PyObject *heapster__python_string(struct heapster_text text) {
  if (text.error) return heapster__python_raise(text.error);
  PyObject *const string = PyUnicode_DecodeUTF8(text.bytes ? text.bytes : "", (Py_ssize_t)text.length, "replace");
  heapster__text_free(&text);
  return string;
}

void *heapster__python_raise_text(PyObject *type, struct heapster_text text) {
  PyObject *const message = heapster__python_string(text);
  if (message) PyErr_SetObject(type, message);
  Py_XDECREF(message);
  return NULL;
}
