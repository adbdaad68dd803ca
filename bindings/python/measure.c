/* measure(): a function run in a window, or in several of which the cleanest counts. */
#include "python/module.h"

static struct heapster_stats *new_stats(void) {
  struct heapster_stats *const stats = heapster__stats_new();
  if (!stats) PyErr_NoMemory();
  return stats;
}

static bool warm_up(struct heapster__call *call, long times) {
  for (long i = 0; i < times; i++) {
    PyObject *const result = heapster__call_run(call);
    if (!result) return false;
    Py_DECREF(result);
  }
  return true;
}

/* One more run; `best` and `result` become its own where it made fewer requests. */
static bool run_again(struct heapster__call *call, const struct heapster__options *options,
                      struct heapster_stats **best, struct heapster_stats **spare, PyObject **result) {
  PyObject *const again = heapster__call_in_window(call, options, *spare);
  if (!again) return false;
  PyObject *loser = again;
  if (heapster__stats_requests(*spare) < heapster__stats_requests(*best)) {
    struct heapster_stats *const cleaner = *spare;
    *spare = *best;
    *best = cleaner;
    loser = *result;
    *result = again;
  }
  Py_DECREF(loser);
  return true;
}

static PyObject *run_often(struct heapster__call *call, const struct heapster__options *options,
                           struct heapster_stats **best) {
  PyObject *result = heapster__call_in_window(call, options, *best);
  if (!result || options->repeat == 1) return result;
  struct heapster_stats *spare = new_stats();
  bool is_done = spare != NULL;
  for (long i = 1; is_done && i < options->repeat; i++) is_done = run_again(call, options, best, &spare, &result);
  heapster__stats_free(spare);
  if (!is_done) Py_CLEAR(result);
  return result;
}

static PyObject *run(struct heapster__call *call, const struct heapster__options *options,
                     struct heapster_stats **stats) {
  if (!warm_up(call, options->warmup)) return NULL;
  if (!options->stops_gc) return run_often(call, options, stats);
  bool was_on;
  if (!heapster__gc_stop(&was_on)) return NULL;
  PyObject *const result = run_often(call, options, stats);
  heapster__gc_restore(was_on);
  return result;
}

/* (result, diff); takes both over. */
static PyObject *pair(PyObject *result, struct heapster_stats *stats) {
  PyObject *const diff = heapster__python_stats_new((struct heapster_new_stats){stats, HEAPSTER_OK});
  PyObject *const both = diff ? PyTuple_New(2) : NULL;
  if (!both) {
    Py_DECREF(result);
    Py_XDECREF(diff);
    return NULL;
  }
  PyTuple_SET_ITEM(both, 0, result);
  PyTuple_SET_ITEM(both, 1, diff);
  return both;
}

PyObject *heapster__python_measure(PyObject *module, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  (void)module;
  if (count < 1) {
    PyErr_SetString(PyExc_TypeError, "measure() needs a function to call: measure(fn, *args)");
    return NULL;
  }
  if (!PyCallable_Check(arguments[0]))
    return PyErr_Format(PyExc_TypeError, "measure() needs a function to call, not %.200s",
                        Py_TYPE(arguments[0])->tp_name);

  struct heapster__call call;
  struct heapster__options options = heapster__options_default();
  struct heapster_stats *stats = NULL;
  PyObject *result = NULL;
  if (heapster__call_make(&call, arguments[0], arguments + 1, (size_t)count - 1, names, &options) &&
      (stats = new_stats()) != NULL)
    result = run(&call, &options, &stats);
  heapster__call_free(&call);
  if (result) return pair(result, stats);
  heapster__stats_free(stats);
  return NULL;
}
