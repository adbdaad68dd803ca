/* A call made ready, so that making it allocates nothing of ours. */
#include "common/value.h"
#include "python/module.h"

/* Room for `count` arguments behind the one that is the callee's. */
static bool make_room(struct heapster__call *call, size_t count) {
  if (count <= HEAPSTER__FEW_ARGUMENTS) {
    call->arguments = call->few + 1;
    return true;
  }
  PyObject **const many = heapster__value_memory((count + 1) * sizeof(PyObject *));
  if (!many) {
    PyErr_NoMemory();
    return false;
  }
  call->arguments = many + 1;
  return true;
}

/* Sets the options among the keyword arguments; answers how many the others are, or -1. */
static Py_ssize_t take_options(PyObject *const *values, PyObject *names, struct heapster__options *options) {
  Py_ssize_t others = 0;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
    PyObject *const name = PyTuple_GET_ITEM(names, i);
    if (!heapster__is_option(name, HEAPSTER__OF_MEASURE))
      others++;
    else if (!heapster__option_set(options, name, values[i]))
      return -1;
  }
  return others;
}

/* Copies what is not an option behind the positional arguments. */
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

bool heapster__call_make(struct heapster__call *call, PyObject *function, PyObject *const *arguments, size_t count,
                         PyObject *names, struct heapster__options *options) {
  const Py_ssize_t named = names ? PyTuple_GET_SIZE(names) : 0;
  PyObject *const *const values = arguments + count;
  call->function = function;
  call->count = count;
  call->names = NULL;
  if (!make_room(call, count + (size_t)named)) {
    call->arguments = NULL;
    return false;
  }
  for (size_t i = 0; i < count; i++) call->arguments[i] = arguments[i];
  if (named == 0) return true;

  const Py_ssize_t others = options ? take_options(values, names, options) : named;
  if (others < 0) return false;
  if (others == 0) return true;
  if (others < named) return pass_others(call, values, names, others);
  for (Py_ssize_t i = 0; i < named; i++) call->arguments[count + (size_t)i] = values[i];
  Py_INCREF(names);
  call->names = names;
  return true;
}

PyObject *heapster__call_run(struct heapster__call *call) {
  return PyObject_Vectorcall(call->function, call->arguments, call->count | PY_VECTORCALL_ARGUMENTS_OFFSET,
                             call->names);
}

void heapster__call_free(struct heapster__call *call) {
  if (call->arguments && call->arguments != call->few + 1) heapster__value_free(call->arguments - 1);
  Py_XDECREF(call->names);
}

PyObject *heapster__call_in_window(struct heapster__call *call, const struct heapster__options *options,
                                   struct heapster_stats *stats) {
  struct heapster_window window;
  if (!heapster__window_open(options, &window)) return NULL;
  PyObject *const result = heapster__call_run(call);
  if (heapster__window_close(window, stats)) return result;
  Py_XDECREF(result);
  return NULL;
}
