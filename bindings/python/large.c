/* The watch on large requests in Python: its arguments, and what it kept, as values of the class LargeRequest. */
#include "python/large.h"

#include "common/bound.h"
#include "common/reasons.h"
#include "common/value.h"
#include "python/errors.h"
#include "python/objects.h"

#include <heapster/size.h>

/* --- arguments --- */

static bool parse_int(PyObject *object, uint64_t *size) {
  PyObject *const integer = PyNumber_Index(object);
  if (!integer) return false;
  *size = PyLong_AsUnsignedLongLong(integer);
  Py_DECREF(integer);
  if (!PyErr_Occurred()) return true;
  PyErr_Clear();
  return heapster__python_refuse(PyExc_ValueError, "size must be 0 .. 2**64 - 1, not %R", object);
}

bool heapster__python_parse_watched(PyObject *object, uint64_t *size) {
  if (PyUnicode_Check(object)) {
    const char *const text = heapster__python_chars(object);
    if (!text) return false;
    if (!heapster_size_parse(text, size)) return true;
    return heapster__python_refuse(PyExc_ValueError, "size: %R is %s", object, heapster__explain_size(text));
  }
  if (PyIndex_Check(object) && !PyBool_Check(object)) return parse_int(object, size);
  return heapster__python_refuse(PyExc_TypeError, "size must be an int or a size such as \"1 MiB\", not %.200s",
                                 Py_TYPE(object)->tp_name);
}

bool heapster__python_parse_keep(PyObject *object, bool *keep) {
  *keep = object == Py_True;
  if (PyBool_Check(object)) return true;
  return heapster__python_refuse(PyExc_TypeError, "keep must be True or False, not %R", object);
}

void *heapster__python_raise_watch(enum heapster_error error) {
  if (error != HEAPSTER_NOT_COUNTED) return heapster__python_raise(error);
  return heapster__python_raise_text(heapster__python_errors.not_counting, heapster__explain_heap(NULL));
}

/* --- LargeRequest --- */

static PyTypeObject large_type;

struct heapster__named_request *heapster__python_large_of(PyObject *object) {
  return heapster__python_value_of(object, &large_type);
}

PyObject *heapster__python_word(const char *text) {
  if (!text[0]) Py_RETURN_NONE;
  return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
}

static PyObject *large_compare(PyObject *self, PyObject *other, int operation) {
  const struct heapster__named_request *const a = heapster__python_large_of(self), *const b =
                                                                                       heapster__python_large_of(other);
  return heapster__python_compare(a && b, a && b && !memcmp(a, b, sizeof *a), operation);
}

static Py_hash_t large_hash(PyObject *self) {
  const struct heapster__named_request *const request = heapster__python_large_of(self);
  return heapster__python_finish_hash(heapster__python_hash(HEAPSTER__HASH_START, request, sizeof *request));
}

static PyObject *large_str(PyObject *self) {
  return heapster__python_string(heapster__named_request_text(heapster__python_large_of(self)));
}

static PyObject *large_repr(PyObject *self) {
  const struct heapster__named_request *const request = heapster__python_large_of(self);
  return PyUnicode_FromFormat("<LargeRequest size=%llu heap='%s' unsaid_count=%llu>", (unsigned long long)request->size,
                              request->heap, (unsigned long long)request->unsaid_count);
}

static PyTypeObject large_type = {
    HEAPSTER__PYTHON_CLASS("LargeRequest"),
    .tp_doc =
        "A request above the size that watch_large(size, keep=True) was called with, from large_requests(). A "
        "value, equal\n"
        "to another with the same fields. str() is a line of watch_large(size), without the process, and with the "
        "function\n"
        "of the place where the library exports it: a watch that writes lines cannot ask for that.",
    .tp_richcompare = large_compare,
    .tp_hash = large_hash,
    .tp_repr = large_repr,
    .tp_str = large_str,
};

bool heapster__python_add_large(PyObject *module) {
  return heapster__python_add_class(module, &large_type, &heapster__generated_large);
}

/* --- large_requests() --- */

/* Takes the next one when all memory for it is there. NULL without an exception: there is none. */
static PyObject *take_next(void) {
  struct heapster__named_request *const request = heapster__value_alloc(sizeof *request);
  PyObject *const object = heapster__python_wrap_value(&large_type, request);
  if (!object || heapster__take_named_request(request)) return object;
  Py_DECREF(object);
  return NULL;
}

PyObject *heapster__python_large_requests(PyObject *module, PyObject *none) {
  (void)module, (void)none;
  PyObject *const list = PyList_New(0);
  PyObject *next = NULL;
  for (int i = 0; list && i < HEAPSTER__MOST_LARGE && (next = take_next()); i++) {
    const bool is_added = !PyList_Append(list, next);
    Py_DECREF(next);
    if (!is_added) break;
  }
  if (!PyErr_Occurred()) return list;
  Py_XDECREF(list);
  return NULL;
}
