/* Pickles of Stats and Histogram: the value's bytes, for the same version of heapster on the same kind of machine. */
#include "python/values.h"

#include "common/stats.h"
#include "common/value.h"
#include "python/errors.h"

/* The functions that a pickle calls. They are in the module, so that pickle finds them by name. */
static struct {
  PyObject *stats;
  PyObject *histogram;
} restorers;

static PyObject *reduce(PyObject *restorer, const void *value, size_t size) {
  return Py_BuildValue("O(sy#)", restorer, heapster_version(), (const char *)value, (Py_ssize_t)size);
}

PyObject *heapster__python_stats_reduce(const struct heapster_stats *stats) {
  const struct heapster_stats *const thread = heapster__stats_thread(stats);
  struct heapster_stats_with_thread both = {.stats = *stats};
  if (thread) both.thread = *thread;
  return reduce(restorers.stats, &both, sizeof both);
}

PyObject *heapster__python_histogram_reduce(const struct heapster_histogram *histogram) {
  return reduce(restorers.histogram, histogram, sizeof *histogram);
}

/* The value in new memory. */
static void *restore(PyObject *arguments, const char *type, size_t size) {
  const char *version, *bytes;
  Py_ssize_t length;
  if (!PyArg_ParseTuple(arguments, "sy#", &version, &bytes, &length)) return NULL;
  if (strcmp(version, heapster_version()) != 0)
    return PyErr_Format(PyExc_ValueError, "pickled by heapster %s; this is %s", version, heapster_version());
  if ((size_t)length != size)
    return PyErr_Format(PyExc_ValueError, "a pickled %s has %zu bytes here; these are %zd: cut, or of another build",
                        type, size, length);
  void *const value = heapster__value_copy(bytes, size);
  return value ? value : PyErr_NoMemory();
}

static bool is_valid(const struct heapster_stats *stats) {
  return (unsigned)stats->kind <= HEAPSTER_WINDOW && (unsigned)stats->scope <= HEAPSTER_THREAD;
}

static PyObject *restore_stats(PyObject *module, PyObject *arguments) {
  (void)module;
  struct heapster_stats_with_thread *const both = restore(arguments, "Stats", sizeof *both);
  if (!both) return NULL;
  if (is_valid(&both->stats) && is_valid(&both->thread)) return heapster__python_wrap_stats(&both->stats);
  heapster__value_free(both);
  return PyErr_Format(PyExc_ValueError, "these bytes are no Stats");
}

static PyObject *restore_histogram(PyObject *module, PyObject *arguments) {
  (void)module;
  struct heapster_histogram *const histogram = restore(arguments, "Histogram", sizeof *histogram);
  return histogram ? heapster__python_wrap_histogram(histogram) : NULL;
}

static PyMethodDef methods[] = {
    {"_restore_stats", restore_stats, METH_VARARGS, NULL},
    {"_restore_histogram", restore_histogram, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

bool heapster__python_add_restorers(PyObject *module) {
  if (PyModule_AddFunctions(module, methods) < 0) return false;
  restorers.stats = PyObject_GetAttrString(module, "_restore_stats");
  restorers.histogram = PyObject_GetAttrString(module, "_restore_histogram");
  return restorers.stats && restorers.histogram;
}
