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

/* What is known of one run. */
struct run {
  PyObject *result;
  struct heapster_stats *stats;
  struct heapster__sites *sites;
};

static bool run_once(struct heapster__call *call, const struct heapster__options *options,
                     const struct heapster__collector *collector, struct run *run) {
  run->result = heapster__measure_call(call, options, collector, run->stats, &run->sites);
  return run->result != NULL;
}

static void drop(struct run *run) {
  Py_CLEAR(run->result);
  heapster__python_free_sites(run->sites);
  run->sites = NULL;
}

/* Runs once more, and keeps the run that made fewer requests. */
static bool run_again(struct heapster__call *call, const struct heapster__options *options,
                      const struct heapster__collector *collector, struct run *best, struct run *spare) {
  if (!run_once(call, options, collector, spare)) return false;
  if (heapster__stats_requests(spare->stats) < heapster__stats_requests(best->stats)) {
    const struct run better = *spare;
    *spare = *best;
    *best = better;
  }
  drop(spare);
  return true;
}

static bool run_repeatedly(struct heapster__call *call, const struct heapster__options *options,
                           const struct heapster__collector *collector, struct run *best) {
  if (!run_once(call, options, collector, best)) return false;
  if (options->repeat == 1) return true;
  struct run spare = {.stats = heapster__python_alloc_stats()};
  bool is_done = spare.stats != NULL;
  for (long i = 1; is_done && i < options->repeat; i++) is_done = run_again(call, options, collector, best, &spare);
  heapster__stats_free(spare.stats);
  if (!is_done) drop(best);
  return is_done;
}

static bool run(struct heapster__call *call, const struct heapster__options *options, struct run *best) {
  struct heapster__collector collector;
  if (!warm_up(call, options->warmup) || !heapster__stop_collector(&collector, options)) return false;
  const bool is_done = run_repeatedly(call, options, &collector, best);
  heapster__restart_collector(&collector);
  return is_done;
}

/* (result, diff), or (result, sites). Takes over all of the run. */
static PyObject *pair(const struct run *run, bool wants_sites) {
  PyObject *const diff = heapster__python_wrap_explained(run->stats, run->sites);
  PyObject *const second = diff && wants_sites ? heapster__python_get_sites(diff, NULL) : diff;
  PyObject *const both = second ? PyTuple_Pack(2, run->result, second) : NULL;
  if (wants_sites) Py_XDECREF(diff);
  Py_XDECREF(second);
  Py_DECREF(run->result);
  return both;
}

static PyObject *measure(const char *name, PyObject *const *arguments, Py_ssize_t count, PyObject *names,
                         bool wants_sites) {
  if (count < 1) return PyErr_Format(PyExc_TypeError, "%s() needs a function to call: %s(fn, *args)", name, name);
  if (!PyCallable_Check(arguments[0]))
    return PyErr_Format(PyExc_TypeError, "%s() needs a function to call, not %.200s", name,
                        Py_TYPE(arguments[0])->tp_name);

  struct heapster__call call;
  struct heapster__options options = heapster__make_options();
  struct run best = {NULL, NULL, NULL};
  bool is_done = heapster__prepare_call(&call, arguments[0], arguments + 1, (size_t)count - 1, names, &options) &&
                 (best.stats = heapster__python_alloc_stats());
  if (wants_sites) options.explains = true;
  is_done = is_done && run(&call, &options, &best);
  heapster__free_call(&call);
  if (is_done) return pair(&best, wants_sites);
  heapster__stats_free(best.stats);
  return NULL;
}

PyObject *heapster__python_measure(PyObject *module, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  (void)module;
  return measure("measure", arguments, count, names, false);
}

PyObject *heapster__python_explain(PyObject *module, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  (void)module;
  return measure("explain", arguments, count, names, true);
}
