/* limit(): limits on a with block or on a function. */
#include "python/module.h"

#include "common/stats.h"
#include "common/value.h"
#include "python/errors.h"
#include "python/limits.h"
#include "python/manager.h"
#include "python/values.h"

typedef struct {
  heapster__Manager manager; /* with the limits' options */
  struct heapster__limits limits;
} Limit;

static PyObject *enter(Limit *self) {
  if (!heapster__enter_manager(&self->manager)) return NULL;
  Py_INCREF(self);
  return (PyObject *)self;
}

/* A block that raised is not judged. */
static PyObject *leave(Limit *self, PyObject *raised) {
  const struct heapster__measured measured = heapster__leave_manager(&self->manager);
  if (!measured.stats) return NULL;
  const bool is_kept = raised != Py_None || heapster__judge_limits(&self->limits, measured.stats, measured.sites);
  heapster__measured_free(measured);
  if (!is_kept) return NULL;
  Py_RETURN_FALSE;
}

static PyObject *renew(PyObject *object, PyObject *none);

static PyObject *call(PyObject *object, PyObject *const *arguments, size_t flagged, PyObject *names) {
  static PyMethodDef renew_method = {"renew", renew, METH_NOARGS, NULL};
  Limit *const self = (Limit *)object;
  const Py_ssize_t count = PyVectorcall_NARGS(flagged);
  if (!names && count == 0) return enter(self);
  if (!names && count == 3) return leave(self, arguments[0]);
  if (!names && count == 1 && PyCallable_Check(arguments[0]))
    return heapster__limit_function(object, &self->limits, &renew_method, arguments[0]);
  return PyErr_Format(PyExc_TypeError, "limit() is for a with block, or decorates a function");
}

/* As in source: alloc_count <= 10, 1 <= alloc_count, 0 <= live_change <= 0. */
static PyObject *append_limit(PyObject *text, const char *separator, const struct heapster_limit *limit) {
  const char *const name = limit->field->name;
  const long long min = limit->min, max = limit->max;
  if (limit->min == INT64_MIN) return PyUnicode_FromFormat("%U%s%s <= %lld", text, separator, name, max);
  if (limit->max == INT64_MAX) return PyUnicode_FromFormat("%U%s%lld <= %s", text, separator, min, name);
  return PyUnicode_FromFormat("%U%s%lld <= %s <= %lld", text, separator, min, name, max);
}

static PyObject *repr(PyObject *object) {
  const struct heapster__limits *const limits = &((Limit *)object)->limits;
  PyObject *text = PyUnicode_FromString("<Limit");
  for (size_t i = 0; text && i < limits->count; i++) {
    PyObject *const longer = append_limit(text, i == 0 ? " " : ", ", &limits->limits[i]);
    Py_DECREF(text);
    text = longer;
  }
  PyObject *const whole = text ? PyUnicode_FromFormat("%U>", text) : NULL;
  Py_XDECREF(text);
  return whole;
}

static void dealloc(PyObject *object) {
  Limit *const self = (Limit *)object;
  heapster__clear_manager(&self->manager);
  heapster__value_free(self->limits.limits);
  PyObject_Del(self);
}

static PyObject *broken(PyObject *object, PyObject *diff) {
  const struct heapster__limits *const limits = &((Limit *)object)->limits;
  const struct heapster_stats *const stats = heapster__python_stats_of(diff);
  if (!stats) return PyErr_Format(PyExc_TypeError, "broken() needs a Stats, not %.200s", Py_TYPE(diff)->tp_name);
  return heapster__python_string(heapster__explain_broken_limits(stats, limits->limits, limits->count));
}

static PyObject *unjudged(PyObject *object, PyObject *diff) {
  const struct heapster__limits *const limits = &((Limit *)object)->limits;
  const struct heapster_stats *const stats = heapster__python_stats_of(diff);
  if (!stats) return PyErr_Format(PyExc_TypeError, "unjudged() needs a Stats, not %.200s", Py_TYPE(diff)->tp_name);
  return heapster__python_string(heapster__explain_unjudged_limits(stats, limits->limits, limits->count));
}

static PyMethodDef methods[] = {
    {"broken", broken, METH_O,
     "broken($self, diff, /)\n--\n\n"
     "Return a line for each limit that diff, a Stats, breaks; an empty string if it breaks none.\n"
     "A use_peak that is off by no more than use_peak_error breaks none: unjudged() names it."},
    {"unjudged", unjudged, METH_O,
     "unjudged($self, diff, /)\n--\n\n"
     "Return a line for each limit that diff, a Stats, breaks by no more than its use_peak_error,\n"
     "so that other threads decide whether it is broken; an empty string if there is none."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject limit_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "heapster.Limit",
    .tp_doc = "Limits on a with block or, as a decorator, on a function, from limit().",
    .tp_basicsize = sizeof(Limit),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_dealloc = dealloc,
    .tp_repr = repr,
    .tp_methods = methods,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Limit, manager.vectorcall),
};

/* Takes over the memory of the limits. */
static PyObject *new_limit(const struct heapster__limits *limits) {
  Limit *const self = PyObject_New(Limit, &limit_type);
  if (!self) {
    heapster__value_free(limits->limits);
    return NULL;
  }
  heapster__init_manager(&self->manager, &limits->options);
  self->manager.vectorcall = call;
  self->limits = *limits;
  return (PyObject *)self;
}

static PyObject *renew(PyObject *object, PyObject *none) {
  (void)none;
  struct heapster__limits limits = ((Limit *)object)->limits;
  limits.limits = heapster__value_copy(limits.limits, limits.count * sizeof *limits.limits);
  return limits.limits ? new_limit(&limits) : PyErr_NoMemory();
}

PyObject *heapster__python_limit(PyObject *module, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  (void)module;
  struct heapster__limits limits = {.count = 0};
  if (count > 0 || !names)
    return PyErr_Format(PyExc_TypeError, "limit() takes keyword arguments, such as limit(alloc_count=10)");
  if (heapster__parse_limits(&limits, arguments, names)) return new_limit(&limits);
  heapster__value_free(limits.limits);
  return NULL;
}

bool heapster__python_add_limit(PyObject *module) {
  if (!heapster__ready_manager_type(&limit_type) || !heapster__ready_limited_type()) return false;
  Py_INCREF(&limit_type);
  return !PyModule_AddObject(module, "Limit", (PyObject *)&limit_type);
}
