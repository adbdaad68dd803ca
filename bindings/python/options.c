/* How and where a window counts, from keyword arguments. */
#include "python/options.h"

#include "common/stats.h"
#include "python/errors.h"

struct heapster__options heapster__make_options(void) {
  return (struct heapster__options){.heap = Py_None, .scope = HEAPSTER_PROCESS, .repeat = 1};
}

/* Checks the type only: the heap itself may be created before the window opens. */
static bool set_heap(struct heapster__options *options, PyObject *value) {
  options->heap = value;
  return heapster__python_check_heap(value);
}

/* The characters of a str; "", which no option accepts, for anything else. NULL with an exception. */
static const char *word_of(PyObject *value) { return PyUnicode_Check(value) ? heapster__python_chars(value) : ""; }

static PyObject *error_of_word(PyObject *value) { return PyUnicode_Check(value) ? PyExc_ValueError : PyExc_TypeError; }

static bool set_scope(struct heapster__options *options, PyObject *value) {
  const char *const word = word_of(value);
  if (!word || heapster__find_scope(word, &options->scope)) return word != NULL;
  return heapster__python_refuse(error_of_word(value), "scope must be \"process\" or \"thread\", not %R", value);
}

static bool set_gc(struct heapster__options *options, PyObject *value) {
  const char *const word = word_of(value);
  if (!word) return false;
  options->keeps_names = !strcmp(word, "quick");
  if (options->keeps_names) options->stops_gc = true;
  if (options->keeps_names || heapster__find_gc(word, &options->stops_gc)) return true;
  return heapster__python_refuse(error_of_word(value), "gc must be \"leave\", \"stop\" or \"quick\", not %R", value);
}

static bool set_count(long *count, const char *name, long least, PyObject *value) {
  if (!PyIndex_Check(value) || PyBool_Check(value))
    return heapster__python_refuse(PyExc_TypeError, "%s must be an int, not %.200s", name, Py_TYPE(value)->tp_name);
  int overflow;
  PyObject *const integer = PyNumber_Index(value);
  if (!integer) return false;
  *count = PyLong_AsLongAndOverflow(integer, &overflow);
  Py_DECREF(integer);
  if (!overflow && *count >= least) return true;
  return heapster__python_refuse(PyExc_ValueError, "%s must be %ld or more, not %R", name, least, value);
}

static bool set_warmup(struct heapster__options *options, PyObject *value) {
  return set_count(&options->warmup, "warmup", 0, value);
}

static bool set_repeat(struct heapster__options *options, PyObject *value) {
  return set_count(&options->repeat, "repeat", 1, value);
}

static bool set_flag(bool *flag, const char *name, PyObject *value) {
  *flag = value == Py_True;
  if (PyBool_Check(value)) return true;
  return heapster__python_refuse(PyExc_TypeError, "%s must be True or False, not %R", name, value);
}

static bool set_thread_peak(struct heapster__options *options, PyObject *value) {
  return set_flag(&options->thread_peak, "thread_peak", value);
}

static bool set_explain(struct heapster__options *options, PyObject *value) {
  return set_flag(&options->explains, "explain", value);
}

static bool set_root(struct heapster__options *options, PyObject *value) {
  options->root = value == Py_None ? NULL : value;
  if (value == Py_None) return true;
  if (!PyUnicode_Check(value))
    return heapster__python_refuse(PyExc_TypeError, "root must be None or the path of a folder as a str, not %.200s",
                                   Py_TYPE(value)->tp_name);
  if (PyUnicode_GET_LENGTH(value) && PyUnicode_READ_CHAR(value, 0) == '/') return true;
  return heapster__python_refuse(PyExc_ValueError, "root must be an absolute path, not %R", value);
}

static const struct option {
  const char *name;
  unsigned sets; /* of enum heapster__option_set */
  bool (*set)(struct heapster__options *options, PyObject *value);
} option_table[] = {
    {"heap", HEAPSTER__OF_LIMIT | HEAPSTER__OF_MEASURE | HEAPSTER__OF_MEASURING, set_heap},
    {"scope", HEAPSTER__OF_LIMIT | HEAPSTER__OF_MEASURE | HEAPSTER__OF_MEASURING, set_scope},
    {"warmup", HEAPSTER__OF_MEASURE, set_warmup},
    {"repeat", HEAPSTER__OF_MEASURE, set_repeat},
    {"gc", HEAPSTER__OF_MEASURE | HEAPSTER__OF_MEASURING, set_gc},
    {"thread_peak", HEAPSTER__OF_MEASURING, set_thread_peak},
    {"explain", HEAPSTER__OF_LIMIT | HEAPSTER__OF_MEASURE | HEAPSTER__OF_MEASURING, set_explain},
    {"root", HEAPSTER__OF_LIMIT | HEAPSTER__OF_MEASURE | HEAPSTER__OF_MEASURING, set_root},
};

static const struct option *find_option(PyObject *name) {
  for (size_t i = 0; i < sizeof option_table / sizeof option_table[0]; i++) {
    if (!PyUnicode_CompareWithASCIIString(name, option_table[i].name)) return &option_table[i];
  }
  return NULL;
}

bool heapster__is_option(PyObject *name, enum heapster__option_set set) {
  const struct option *const option = find_option(name);
  return option && option->sets & (unsigned)set;
}

bool heapster__set_option(struct heapster__options *options, PyObject *name, PyObject *value) {
  return find_option(name)->set(options, value);
}

bool heapster__parse_measuring(struct heapster__options *options, const char *function, PyObject *const *arguments,
                               Py_ssize_t count, PyObject *names) {
  if (count > 2)
    return heapster__python_refuse(
        PyExc_TypeError, "%s() takes at most 2 positional arguments, heap and scope (%zd given)", function, count);
  for (Py_ssize_t i = 0; i < count; i++) {
    if (!option_table[i].set(options, arguments[i])) return false;
  }
  for (Py_ssize_t i = 0; names && i < PyTuple_GET_SIZE(names); i++) {
    PyObject *const name = PyTuple_GET_ITEM(names, i);
    if (!heapster__is_option(name, HEAPSTER__OF_MEASURING))
      return heapster__python_refuse(PyExc_TypeError,
                                     "%s() got an unexpected keyword argument '%U'; it has heap, scope, gc, "
                                     "thread_peak, explain and root",
                                     function, name);
    if (find_option(name) - option_table < count)
      return heapster__python_refuse(PyExc_TypeError, "%s() got multiple values for argument '%U'", function, name);
    if (!heapster__set_option(options, name, arguments[count + i])) return false;
  }
  return true;
}
