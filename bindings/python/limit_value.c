/* One limit from a keyword argument: 10, "1 MiB", or a pair of both ends such as (None, 10). */
#include "python/module.h"

static bool refuse_type(const struct heapster_field *field, PyObject *value) {
  PyErr_Format(PyExc_TypeError, "%s must be an int%s, or a pair of the least and the most, not %.200s", field->name,
               field->unit == HEAPSTER_BYTES ? ", a size such as \"1 MiB\"" : "", Py_TYPE(value)->tp_name);
  return false;
}

static bool size_of(const struct heapster_field *field, PyObject *value, int64_t *bound) {
  if (field->unit != HEAPSTER_BYTES) return refuse_type(field, value);
  const char *const text = heapster__python_chars(value);
  if (!text) return false;
  uint64_t bytes;
  if (heapster_size_parse(text, &bytes) == HEAPSTER_OK) {
    *bound = (int64_t)bytes;
    return true;
  }
  PyErr_Format(PyExc_ValueError, "%s: %R is not a size such as \"10\", \"64 KiB\", \"1.5 MiB\"", field->name, value);
  return false;
}

static bool int_of(const struct heapster_field *field, PyObject *value, int64_t *bound) {
  int overflow;
  *bound = PyLong_AsLongLongAndOverflow(value, &overflow);
  if (!overflow && (*bound >= 0 || field->is_signed)) return true;
  PyErr_Format(PyExc_ValueError, "%s: %R is no limit: %s", field->name, value,
               overflow ? "it is beyond 64 bits" : "the figure is never negative");
  return false;
}

/* `open` is what None stands for. */
static bool bound_of(const struct heapster_field *field, PyObject *value, int64_t open, int64_t *bound) {
  *bound = open;
  if (value == Py_None) return true;
  if (PyUnicode_Check(value)) return size_of(field, value, bound);
  if (!PyLong_Check(value) || PyBool_Check(value)) return refuse_type(field, value);
  return int_of(field, value, bound);
}

static bool bounds_of(const struct heapster_field *field, PyObject *value, int64_t *min, int64_t *max) {
  *min = INT64_MIN;
  if (value == Py_None) return refuse_type(field, value);
  if (!PyTuple_Check(value) || PyTuple_GET_SIZE(value) != 2) return bound_of(field, value, INT64_MAX, max);
  if (PyTuple_GET_ITEM(value, 0) == Py_None && PyTuple_GET_ITEM(value, 1) == Py_None) {
    PyErr_Format(PyExc_ValueError, "%s: %R limits nothing: one of both ends, at least, is a number", field->name,
                 value);
    return false;
  }
  if (!bound_of(field, PyTuple_GET_ITEM(value, 0), INT64_MIN, min)) return false;
  if (!bound_of(field, PyTuple_GET_ITEM(value, 1), INT64_MAX, max)) return false;
  if (*min <= *max) return true;
  PyErr_Format(PyExc_ValueError, "%s: %R allows nothing: the least stands first", field->name, value);
  return false;
}

bool heapster__limit_of(PyObject *name, PyObject *value, struct heapster_limit *limit) {
  const char *const field_name = heapster__python_chars(name);
  if (!field_name) return false;
  const enum heapster_error error = heapster_limit_make(field_name, INT64_MIN, INT64_MAX, limit);
  if (!error) return bounds_of(limit->field, value, &limit->min, &limit->max);
  heapster__python_raise_text(error == HEAPSTER_UNKNOWN_FIELD ? PyExc_TypeError : PyExc_ValueError,
                              heapster__why_no_limit(field_name));
  return false;
}
