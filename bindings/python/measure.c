/* measure(): runs a function in a window, or in several, and keeps the run with the fewest requests. */
#include "python/module.h"

#include "common/stats.h"
#include "python/call.h"
#include "python/values.h"
#include "python/window.h"

static bool warm_up(struct heapster__call *call, long times) {
  for (long i = 0; i < times; i++) {
    PyObject *const result = heapster__run_call(call);
    if (!result) return false;
    Py_DECREF(result);
  }
  return true;
}

/* Runs once more. Replaces `best` and `result` if the run made fewer requests. */
static bool run_again(struct heapster__call *call, const struct heapster__options *options,
                      const struct heapster__collector *collector, struct heapster_stats **best,
                      struct heapster_stats **spare, PyObject **result) {
  PyObject *const again = heapster__measure_call(call, options, collector, *spare);
  if (!again) return false;
  PyObject *dropped = again;
  if (heapster__stats_requests(*spare) < heapster__stats_requests(*best)) {
    struct heapster_stats *const better = *spare;
    *spare = *best;
    *best = better;
    dropped = *result;
    *result = again;
  }
  Py_DECREF(dropped);
  return true;
}

static PyObject *run_repeatedly(struct heapster__call *call, const struct heapster__options *options,
                                const struct heapster__collector *collector, struct heapster_stats **best) {
  PyObject *result = heapster__measure_call(call, options, collector, *best);
  if (!result || options->repeat == 1) return result;
  struct heapster_stats *spare = heapster__python_alloc_stats();
  bool is_done = spare != NULL;
  for (long i = 1; is_done && i < options->repeat; i++)
    is_done = run_again(call, options, collector, best, &spare, &result);
  heapster__stats_free(spare);
  if (!is_done) Py_CLEAR(result);
  return result;
}

static PyObject *run(struct heapster__call *call, const struct heapster__options *options,
                     struct heapster_stats **stats) {
  struct heapster__collector collector;
  if (!warm_up(call, options->warmup) || !heapster__stop_collector(&collector, options)) return NULL;
  PyObject *const result = run_repeatedly(call, options, &collector, stats);
  heapster__restart_collector(&collector);
  return result;
}

/* (result, diff). Takes over both arguments. */
static PyObject *pair(PyObject *result, struct heapster_stats *stats) {
  PyObject *const diff = heapster__python_wrap_stats(stats);
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
  if (count < 1) return PyErr_Format(PyExc_TypeError, "measure() needs a function to call: measure(fn, *args)");
  if (!PyCallable_Check(arguments[0]))
    return PyErr_Format(PyExc_TypeError, "measure() needs a function to call, not %.200s",
                        Py_TYPE(arguments[0])->tp_name);

  struct heapster__call call;
  struct heapster__options options = heapster__make_options();
  struct heapster_stats *stats = NULL;
  PyObject *result = NULL;
  if (heapster__prepare_call(&call, arguments[0], arguments + 1, (size_t)count - 1, names, &options) &&
      (stats = heapster__python_alloc_stats()))
    result = run(&call, &options, &stats);
  heapster__free_call(&call);
  if (result) return pair(result, stats);
  heapster__stats_free(stats);
  return NULL;
}
