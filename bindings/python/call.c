/* A call that is prepared before a window opens, so that making it allocates nothing. */
#include "python/call.h"

#include "common/value.h"
#include "python/explain.h"
#include "python/window.h"

/* Memory for `count` arguments behind the callee's free one. */
static bool reserve(struct heapster__call *call, size_t count) {
  PyObject **first = call->few;
  if (count > HEAPSTER__FEW_ARGUMENTS) first = heapster__value_alloc((count + 1) * sizeof(PyObject *));
  call->arguments = first ? first + 1 : NULL;
  if (!first) PyErr_NoMemory();
  return first != NULL;
}

/* Sets the options among the keyword arguments; returns how many others there are, or -1. */
static Py_ssize_t take_options(PyObject *const *values, PyObject *names, struct heapster__options *options) {
  Py_ssize_t others = 0;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
    PyObject *const name = PyTuple_GET_ITEM(names, i);
    if (!heapster__is_option(name, HEAPSTER__OF_MEASURE))
      others++;
    else if (!heapster__set_option(options, name, values[i]))
      return -1;
  }
  return others;
}

/* Appends the keyword arguments that are no options to the positional ones. */
static bool pass_others(struct heapster__call *call, PyObject *const *values, PyObject *names, Py_ssize_t others) {
  call->names = PyTuple_New(others);
  if (!call->names) return false;
  Py_ssize_t passed = 0;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
    PyObject *const name = PyTuple_GET_ITEM(names, i);
    if (heapster__is_option(name, HEAPSTER__OF_MEASURE)) continue;
    Py_INCREF(name);
    PyTuple_SET_ITEM(call->names, passed, name);
    call->arguments[call->count + (size_t)passed++] = values[i];
  }
  return true;
}

bool heapster__prepare_call(struct heapster__call *call, PyObject *function, PyObject *const *arguments, size_t count,
                            PyObject *names, struct heapster__options *options) {
  const Py_ssize_t named = names ? PyTuple_GET_SIZE(names) : 0;
  PyObject *const *const values = arguments + count;
  call->function = function;
  call->count = count;
  call->names = NULL;
  if (!reserve(call, count + (size_t)named)) return false;
  for (size_t i = 0; i < count; i++) call->arguments[i] = arguments[i];

  const Py_ssize_t others = named && options ? take_options(values, names, options) : named;
  if (others <= 0) return !others;
  if (others < named) return pass_others(call, values, names, others);
  for (Py_ssize_t i = 0; i < named; i++) call->arguments[count + (size_t)i] = values[i];
  Py_INCREF(names);
  call->names = names;
  return true;
}

PyObject *heapster__run_call(struct heapster__call *call) {
  return PyObject_Vectorcall(call->function, call->arguments, call->count | PY_VECTORCALL_ARGUMENTS_OFFSET,
                             call->names);
}

void heapster__free_call(struct heapster__call *call) {
  if (call->arguments && call->arguments != call->few + 1) heapster__value_free(call->arguments - 1);
  Py_XDECREF(call->names);
}

PyObject *heapster__measure_call(struct heapster__call *call, const struct heapster__options *options,
                                 const struct heapster__collector *collector, struct heapster_stats *stats,
                                 struct heapster__sites **sites) {
  struct heapster_window window;
  uint64_t explanation;
  *sites = NULL;
  if (!heapster__begin_explaining(options, &explanation)) return NULL;
  if (!heapster__open_window(options, &window)) {
    heapster__drop_explaining(explanation);
    return NULL;
  }
  PyObject *const result = heapster__run_call(call);
  heapster__collect(collector);
  heapster__settle_explaining(explanation);
  const bool is_closed = heapster__close_window(window, stats);
  const bool is_explained = heapster__end_explaining(explanation, sites);
  if (result && is_closed && is_explained) return result;
  heapster__python_free_sites(*sites);
  *sites = NULL;
  Py_XDECREF(result);
  return NULL;
}
