/* How and where a window counts, from keyword arguments. */
#include "python/module.h"

#include "hook.h"

struct heapster__options heapster__options_default(void) {
  return (struct heapster__options){.heap = Py_None, .scope = HEAPSTER_PROCESS, .repeat = 1};
}

/* Types are looked at when an option is set, heaps only when a window opens: a heap may come later. */
static bool is_heap(PyObject *object) {
  return object == Py_None || PyUnicode_Check(object) || heapster__python_heap_of(object);
}

static bool refuse_heap(PyObject *object) {
  PyErr_Format(PyExc_TypeError, "heap must be None, a name or a heapster.Heap, not %.200s", Py_TYPE(object)->tp_name);
  return false;
}

static bool set_heap(struct heapster__options *options, PyObject *value) {
  if (!is_heap(value)) return refuse_heap(value);
  options->heap = value;
  return true;
}

static bool set_scope(struct heapster__options *options, PyObject *value) {
  const char *const name = PyUnicode_Check(value) ? heapster__python_chars(value) : NULL;
  if (name && heapster__scope_find(name, &options->scope)) return true;
  if (!PyErr_Occurred())
    PyErr_Format(name ? PyExc_ValueError : PyExc_TypeError, "scope must be \"process\" or \"thread\", not %R", value);
  return false;
}

static bool set_times(long *times, const char *name, long least, PyObject *value) {
  if (!PyLong_Check(value) || PyBool_Check(value)) {
    PyErr_Format(PyExc_TypeError, "%s must be an int, not %.200s", name, Py_TYPE(value)->tp_name);
    return false;
  }
  int overflow;
  *times = PyLong_AsLongAndOverflow(value, &overflow);
  if (!overflow && *times >= least) return true;
  PyErr_Format(PyExc_ValueError, "%s must be %ld or more, not %R", name, least, value);
  return false;
}

static bool set_warmup(struct heapster__options *options, PyObject *value) {
  return set_times(&options->warmup, "warmup", 0, value);
}

static bool set_repeat(struct heapster__options *options, PyObject *value) {
  return set_times(&options->repeat, "repeat", 1, value);
}

static bool set_gc(struct heapster__options *options, PyObject *value) {
  const bool is_string = PyUnicode_Check(value);
  options->stops_gc = is_string && PyUnicode_CompareWithASCIIString(value, "stop") == 0;
  if (options->stops_gc || (is_string && PyUnicode_CompareWithASCIIString(value, "leave") == 0)) return true;
  PyErr_Format(is_string ? PyExc_ValueError : PyExc_TypeError, "gc must be \"leave\" or \"stop\", not %R", value);
  return false;
}

static bool set_thread_peak(struct heapster__options *options, PyObject *value) {
  options->thread_peak = value == Py_True;
  if (PyBool_Check(value)) return true;
  PyErr_Format(PyExc_TypeError, "thread_peak must be True or False, not %R", value);
  return false;
}

static const struct option {
  const char *name;
  unsigned of; /* enum heapster__options_of, added up */
  bool (*set)(struct heapster__options *options, PyObject *value);
} option_table[] = {
    {"heap", HEAPSTER__OF_LIMIT | HEAPSTER__OF_MEASURE | HEAPSTER__OF_MEASURING, set_heap},
    {"scope", HEAPSTER__OF_LIMIT | HEAPSTER__OF_MEASURE | HEAPSTER__OF_MEASURING, set_scope},
    {"warmup", HEAPSTER__OF_MEASURE, set_warmup},
    {"repeat", HEAPSTER__OF_MEASURE, set_repeat},
    {"gc", HEAPSTER__OF_MEASURE | HEAPSTER__OF_MEASURING, set_gc},
    {"thread_peak", HEAPSTER__OF_MEASURING, set_thread_peak},
};

static const struct option *option_find(PyObject *name) {
  for (size_t i = 0; i < sizeof option_table / sizeof option_table[0]; i++) {
    if (PyUnicode_CompareWithASCIIString(name, option_table[i].name) == 0) return &option_table[i];
  }
  return NULL;
}

bool heapster__is_option(PyObject *name, enum heapster__options_of which) {
  const struct option *const option = option_find(name);
  return option && option->of & (unsigned)which;
}

bool heapster__option_set(struct heapster__options *options, PyObject *name, PyObject *value) {
  return option_find(name)->set(options, value);
}

bool heapster__options_take(struct heapster__options *options, const char *function, PyObject *const *arguments,
                            Py_ssize_t count, PyObject *names) {
  if (count > 2) {
    PyErr_Format(PyExc_TypeError, "%s() takes at most 2 positional arguments, heap and scope (%zd given)", function,
                 count);
    return false;
  }
  if (count > 0 && !set_heap(options, arguments[0])) return false;
  if (count > 1 && !set_scope(options, arguments[1])) return false;
  for (Py_ssize_t i = 0; names && i < PyTuple_GET_SIZE(names); i++) {
    PyObject *const name = PyTuple_GET_ITEM(names, i);
    const struct option *const option = option_find(name);
    if (!option || !(option->of & HEAPSTER__OF_MEASURING)) {
      PyErr_Format(PyExc_TypeError,
                   "%s() got an unexpected keyword argument '%U'; it has heap, scope, gc and thread_peak", function,
                   name);
      return false;
    }
    if (option - option_table < count) {
      PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%U'", function, name);
      return false;
    }
    if (!option->set(options, arguments[count + i])) return false;
  }
  return true;
}

bool heapster__python_heap_find(PyObject *object, const struct heapster_heap **heap) {
  *heap = NULL;
  if (object == Py_None) return true;
  if (!PyUnicode_Check(object)) {
    *heap = heapster__python_heap_of(object);
    return *heap || refuse_heap(object);
  }
  const char *const name = heapster__python_chars(object);
  if (!name) return false;
  *heap = heapster_heap_find(name);
  if (*heap) return true;
  struct heapster__python_errors *const errors = &heapster__python_errors;
  heapster__python_raise_text(heapster__is_hook(name) ? errors->not_counting : errors->unknown_heap,
                              heapster__why_no_heap(name));
  return false;
}

bool heapster__window_open(const struct heapster__options *options, struct heapster_window *window) {
  const struct heapster_heap *heap;
  if (!heapster__python_heap_find(options->heap, &heap)) return false;
  if (!heapster__is_counted(heap)) {
    const char *const name = heap ? heapster_heap_name(heap) : NULL;
    heapster__python_raise_text(heapster__python_errors.not_counting, heapster__why_no_heap(name));
    return false;
  }
  const enum heapster_error error = heapster_window_begin(heap, options->scope, window);
  if (error) heapster__python_raise(error);
  return !error;
}

bool heapster__window_close(struct heapster_window window, struct heapster_stats *stats) {
  const enum heapster_error error = heapster__stats_window_end(window, stats);
  if (error && !PyErr_Occurred()) heapster__python_raise(error);
  return !error;
}
