/* The module's exceptions, and strings between Python and C. */
#include "python/errors.h"

#include "common/reasons.h"

struct heapster__python_errors heapster__python_errors;

static PyObject *add_error(PyObject *module, const char *full_name, const char *doc, PyObject *base) {
  PyObject *const type = PyErr_NewExceptionWithDoc(full_name, doc, base, NULL);
  if (!type) return NULL;
  Py_INCREF(type);
  if (!PyModule_AddObject(module, strchr(full_name, '.') + 1, type)) return type;
  Py_DECREF(type);
  Py_DECREF(type);
  return NULL;
}

bool heapster__python_add_errors(PyObject *module) {
  struct heapster__python_errors *const errors = &heapster__python_errors;
  errors->not_counting = add_error(module, "heapster.NotCounting",
                                   "The heap is not counted, so no figure would be true.\n\n"
                                   "heapster.status() says what is hooked and why not.",
                                   PyExc_RuntimeError);
  errors->unknown_heap = add_error(module, "heapster.UnknownHeap",
                                   "No heap has that name; heapster.heaps() lists them all.", PyExc_LookupError);
  errors->limit_exceeded =
      add_error(module, "heapster.LimitExceeded",
                "A block did more than its limit() allows: a line for each limit broken.\n\n"
                "diff is the Stats of the window, broken are the names of the limits. sites are the lines\n"
                "that made its requests, if limit() was to explain them; else None.",
                PyExc_AssertionError);
  errors->limit_unjudged = add_error(module, "heapster.LimitUnjudged",
                                     "A limit() passed because it was broken by no more than use_peak_error.\n\n"
                                     "A warning. Other threads were at work, so use_peak is not exact;\n"
                                     "scope='thread' leaves them out.",
                                     PyExc_RuntimeWarning);
  return errors->not_counting && errors->unknown_heap && errors->limit_exceeded && errors->limit_unjudged;
}

void *heapster__python_raise(enum heapster_error error) {
  PyObject *type = PyExc_RuntimeError;
  if (error == HEAPSTER_NO_MEMORY) type = PyExc_MemoryError;
  const bool has_no_difference = error == HEAPSTER_MIXED_KINDS || error == HEAPSTER_OTHER_PROCESS ||
                                 error == HEAPSTER_WRONG_ORDER || error == HEAPSTER_RESET_BETWEEN;
  if (has_no_difference || error == HEAPSTER_LARGE_TOO_SMALL) type = PyExc_ValueError;
  if (error == HEAPSTER_HEAP_ENDED) type = heapster__python_errors.unknown_heap;
  PyErr_SetString(type, heapster_error_text(error));
  return NULL;
}

void *heapster__python_raise_hook(const char *verb, enum heapster_error error, const char *hook) {
  PyObject *const type = error == HEAPSTER_UNKNOWN_HOOK ? PyExc_ValueError : PyExc_RuntimeError;
  return heapster__python_raise_text(type, heapster__explain_hook(verb, error, hook));
}

void *heapster__python_raise_text(PyObject *type, struct heapster_text text) {
  PyObject *const message = heapster__python_string(text);
  if (message) PyErr_SetObject(type, message);
  Py_XDECREF(message);
  return NULL;
}

bool heapster__python_refuse(PyObject *type, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  PyErr_FormatV(type, format, arguments);
  va_end(arguments);
  return false;
}

PyObject *heapster__python_string(struct heapster_text text) {
  if (text.error) return heapster__python_raise(text.error);
  PyObject *const string = PyUnicode_DecodeUTF8(text.bytes ? text.bytes : "", (Py_ssize_t)text.length, "replace");
  heapster__text_free(&text);
  return string;
}

const char *heapster__python_chars(PyObject *string) {
  Py_ssize_t length;
  const char *const chars = PyUnicode_AsUTF8AndSize(string, &length);
  if (!chars || strlen(chars) == (size_t)length) return chars;
  return PyErr_Format(PyExc_ValueError, "%R has a null character in it", string), NULL;
}
