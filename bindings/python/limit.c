/* limit(): a with block, or a function, that may do so much and no more. */
#include "common/value.h"
#include "python/module.h"

typedef struct {
  heapster__PyWindow window; /* its options are the limits' own */
  struct heapster__limits limits;
} Limit;

/* The names of the limits that were broken, in a tuple. */
static PyObject *names_of_broken(const struct heapster__limits *limits, const struct heapster_stats *stats) {
  PyObject *const names = PyList_New(0);
  bool is_complete = names != NULL;
  for (size_t i = 0; is_complete && i < limits->count; i++) {
    if (heapster_limit_check(stats, &limits->limits[i], 1, NULL) == 0) continue;
    PyObject *const name = PyUnicode_FromString(limits->limits[i].field->name);
    is_complete = name && PyList_Append(names, name) == 0;
    Py_XDECREF(name);
  }
  PyObject *const tuple = is_complete ? PyList_AsTuple(names) : NULL;
  Py_XDECREF(names);
  return tuple;
}

/* Takes over `value`, which may be NULL. */
static bool set(PyObject *error, const char *name, PyObject *value) {
  const bool is_set = value && PyObject_SetAttrString(error, name, value) == 0;
  Py_XDECREF(value);
  return is_set;
}

bool heapster__limits_judge(const struct heapster__limits *limits, const struct heapster_stats *stats) {
  const struct heapster_text words = heapster__limits_broken(stats, limits->limits, limits->count);
  if (!words.error && words.length == 0) return true;
  PyObject *const message = heapster__python_string(words);
  PyObject *const type = heapster__python_errors.limit_exceeded;
  PyObject *const error = message ? PyObject_CallFunctionObjArgs(type, message, NULL) : NULL;
  if (error && set(error, "diff", heapster__python_stats_new(heapster__stats_copy(stats))) &&
      set(error, "broken", names_of_broken(limits, stats)))
    PyErr_SetObject(type, error);
  Py_XDECREF(message);
  Py_XDECREF(error);
  return false;
}

static PyObject *enter(Limit *self) {
  if (!heapster__pywindow_begin(&self->window)) return NULL;
  Py_INCREF(self);
  return (PyObject *)self;
}

/* A block that raised is not judged. */
static PyObject *leave(Limit *self, PyObject *raised) {
  if (!heapster__pywindow_end(&self->window)) return NULL;
  if (raised == Py_None && !heapster__limits_judge(&self->limits, self->window.stats)) return NULL;
  Py_RETURN_FALSE;
}

static PyObject *call(PyObject *object, PyObject *const *arguments, size_t flagged, PyObject *names) {
  Limit *const self = (Limit *)object;
  const Py_ssize_t count = PyVectorcall_NARGS(flagged);
  if (!names && count == 0) return enter(self);
  if (!names && count == 3) return leave(self, arguments[0]);
  if (!names && count == 1 && PyCallable_Check(arguments[0]))
    return heapster__limited_new(object, &self->limits, arguments[0]);
  PyErr_SetString(PyExc_TypeError, "limit() is for a with block, or decorates a function");
  return NULL;
}

/* As one would write it: alloc_count <= 10, 1 <= alloc_count, 0 <= live_change <= 0. */
static PyObject *followed_by(PyObject *text, const char *before, const struct heapster_limit *limit) {
  const char *const name = limit->field->name;
  const long long min = limit->min, max = limit->max;
  if (limit->min == INT64_MIN) return PyUnicode_FromFormat("%U%s%s <= %lld", text, before, name, max);
  if (limit->max == INT64_MAX) return PyUnicode_FromFormat("%U%s%lld <= %s", text, before, min, name);
  return PyUnicode_FromFormat("%U%s%lld <= %s <= %lld", text, before, min, name, max);
}

static PyObject *repr(PyObject *object) {
  const struct heapster__limits *const limits = &((Limit *)object)->limits;
  PyObject *text = PyUnicode_FromString("<Limit");
  for (size_t i = 0; text && i < limits->count; i++) {
    PyObject *const longer = followed_by(text, i == 0 ? " " : ", ", &limits->limits[i]);
    Py_DECREF(text);
    text = longer;
  }
  PyObject *const whole = text ? PyUnicode_FromFormat("%U>", text) : NULL;
  Py_XDECREF(text);
  return whole;
}

static void dealloc(PyObject *object) {
  Limit *const self = (Limit *)object;
  heapster__pywindow_clear(&self->window);
  heapster__value_free(self->limits.limits);
  PyObject_Del(self);
}

static PyObject *broken(PyObject *object, PyObject *diff) {
  const struct heapster__limits *const limits = &((Limit *)object)->limits;
  const struct heapster_stats *const stats = heapster__python_stats_of(diff);
  if (!stats) return PyErr_Format(PyExc_TypeError, "broken() needs a Stats, not %.200s", Py_TYPE(diff)->tp_name);
  return heapster__python_string(heapster__limits_broken(stats, limits->limits, limits->count));
}

static PyMethodDef methods[] = {
    {"broken", broken, METH_O,
     "broken($self, diff, /)\n--\n\n"
     "Return the words for each limit that diff, a Stats, breaks, a line each; an empty string where it keeps them "
     "all."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject limit_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "heapster.Limit",
    .tp_doc = "Limits on a with block, or a decorator that sets them on a function: what limit() gives.",
    .tp_basicsize = sizeof(Limit),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_dealloc = dealloc,
    .tp_repr = repr,
    .tp_methods = methods,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Limit, window.vectorcall),
};

/* From the keyword arguments: options, and at least one limit. */
static bool take(struct heapster__limits *limits, PyObject *const *values, PyObject *names) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
    PyObject *const name = PyTuple_GET_ITEM(names, i);
    const bool is_taken = heapster__is_option(name, HEAPSTER__OF_LIMIT)
                              ? heapster__option_set(&limits->options, name, values[i])
                              : heapster__limit_of(name, values[i], &limits->limits[limits->count++]);
    if (!is_taken) return false;
  }
  if (limits->count > 0) return true;
  PyErr_SetString(PyExc_TypeError, "limit() needs a limit, such as alloc_count=10 or use_peak=\"1 MiB\"");
  return false;
}

static bool take_arguments(struct heapster__limits *limits, PyObject *const *arguments, Py_ssize_t count,
                           PyObject *names) {
  if (count > 0 || !names) {
    PyErr_SetString(PyExc_TypeError, "limit() takes keyword arguments, such as limit(alloc_count=10)");
    return false;
  }
  limits->options = heapster__options_default();
  limits->limits = heapster__value_memory((size_t)PyTuple_GET_SIZE(names) * sizeof *limits->limits);
  if (limits->limits) return take(limits, arguments + count, names);
  PyErr_NoMemory();
  return false;
}

/* Takes over the memory of the limits. */
static PyObject *new_limit(const struct heapster__limits *limits) {
  Limit *const self = PyObject_New(Limit, &limit_type);
  if (!self) {
    heapster__value_free(limits->limits);
    return NULL;
  }
  heapster__pywindow_init(&self->window, &limits->options);
  self->window.vectorcall = call;
  self->limits = *limits;
  return (PyObject *)self;
}

PyObject *heapster__limit_again(PyObject *limit, PyObject *none) {
  (void)none;
  struct heapster__limits limits = ((Limit *)limit)->limits;
  const size_t size = limits.count * sizeof *limits.limits;
  struct heapster_limit *const copy = heapster__value_memory(size);
  if (!copy) return PyErr_NoMemory();
  limits.limits = memcpy(copy, limits.limits, size);
  return new_limit(&limits);
}

PyObject *heapster__python_limit(PyObject *module, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  (void)module;
  struct heapster__limits limits = {.count = 0};
  if (take_arguments(&limits, arguments, count, names)) return new_limit(&limits);
  heapster__value_free(limits.limits);
  return NULL;
}

bool heapster__limit_add(PyObject *module) {
  if (!heapster__pywindow_type_ready(&limit_type)) return false;
  Py_INCREF(&limit_type);
  return PyModule_AddObject(module, "Limit", (PyObject *)&limit_type) == 0;
}
