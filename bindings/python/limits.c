/* The limits of one `limit(...)`: from keyword arguments to the verdict. */
#include "python/limits.h"

#include "common/bound.h"
#include "common/reasons.h"
#include "common/stats.h"
#include "common/value.h"
#include "python/errors.h"
#include "python/values.h"

static const char *name_more(const struct heapster_field *field) {
  return field->unit == HEAPSTER_BYTES ? ", a size such as \"1 MiB\"" : "";
}

static bool refuse_type(const struct heapster_field *field, PyObject *value) {
  return heapster__python_refuse(PyExc_TypeError,
                                 "%s must be an int%s, or a pair of the least and the most, not %.200s", field->name,
                                 name_more(field), Py_TYPE(value)->tp_name);
}

static bool refuse_tuple(const struct heapster_field *field, PyObject *value) {
  return heapster__python_refuse(PyExc_TypeError,
                                 "%s must be an int%s, or a pair of the least and the most, not a tuple of %zd",
                                 field->name, name_more(field), PyTuple_GET_SIZE(value));
}

static bool refuse_negative(const struct heapster_field *field, PyObject *value) {
  return heapster__python_refuse(PyExc_ValueError, "%s: %R is no limit: the figure is never negative", field->name,
                                 value);
}

static bool parse_size(const struct heapster_field *field, PyObject *value, int64_t *bound) {
  if (field->unit != HEAPSTER_BYTES) return refuse_type(field, value);
  const char *const text = heapster__python_chars(value);
  if (!text) return false;
  const enum heapster_error error = heapster__parse_bound(field, text, bound);
  if (error == HEAPSTER_BAD_LIMIT) return refuse_negative(field, value);
  if (!error) return true;
  return heapster__python_refuse(PyExc_ValueError, "%s: %R is %s", field->name, value, heapster__explain_size(text));
}

static bool parse_int(const struct heapster_field *field, PyObject *value, int64_t *bound) {
  int overflow;
  PyObject *const integer = PyNumber_Index(value);
  if (!integer) return false;
  *bound = PyLong_AsLongLongAndOverflow(integer, &overflow);
  Py_DECREF(integer);
  if (overflow)
    return heapster__python_refuse(PyExc_ValueError, "%s: %R is no limit: it is beyond 64 bits", field->name, value);
  return *bound >= 0 || field->is_signed || refuse_negative(field, value);
}

/* None stands for `open`. */
static bool parse_bound(const struct heapster_field *field, PyObject *value, int64_t open, int64_t *bound) {
  *bound = open;
  if (value == Py_None) return true;
  if (PyUnicode_Check(value)) return parse_size(field, value, bound);
  if (!PyIndex_Check(value) || PyBool_Check(value)) return refuse_type(field, value);
  return parse_int(field, value, bound);
}

static bool parse_bounds(const struct heapster_field *field, PyObject *value, int64_t *min, int64_t *max) {
  *min = INT64_MIN;
  if (value == Py_None) return refuse_type(field, value);
  if (PyTuple_Check(value) && PyTuple_GET_SIZE(value) != 2) return refuse_tuple(field, value);
  if (!PyTuple_Check(value)) return parse_bound(field, value, INT64_MAX, max);
  PyObject *const least = PyTuple_GET_ITEM(value, 0), *const most = PyTuple_GET_ITEM(value, 1);
  if (least == Py_None && most == Py_None)
    return heapster__python_refuse(PyExc_ValueError, "%s: %R limits nothing: one of both ends, at least, is a number",
                                   field->name, value);
  if (!parse_bound(field, least, INT64_MIN, min) || !parse_bound(field, most, INT64_MAX, max)) return false;
  if (*min <= *max) return true;
  return heapster__python_refuse(PyExc_ValueError, "%s: %R allows nothing: the least stands first", field->name, value);
}

static bool parse_limit(PyObject *name, PyObject *value, struct heapster_limit *limit) {
  const char *const field_name = heapster__python_chars(name);
  if (!field_name) return false;
  const enum heapster_error error = heapster_limit_make(field_name, INT64_MIN, INT64_MAX, limit);
  if (!error) return parse_bounds(limit->field, value, &limit->min, &limit->max);
  heapster__python_raise_text(error == HEAPSTER_UNKNOWN_FIELD ? PyExc_TypeError : PyExc_ValueError,
                              heapster__explain_limit(field_name));
  return false;
}

/* Whether dead objects in free lists, and garbage, are in the figure. */
static bool is_live(const struct heapster_field *field) { return field->is_signed; }

bool heapster__parse_limits(struct heapster__limits *limits, PyObject *const *values, PyObject *names) {
  const Py_ssize_t count = PyTuple_GET_SIZE(names);
  limits->options = heapster__make_options();
  limits->limits = heapster__value_alloc((size_t)count * sizeof *limits->limits);
  if (!limits->limits) return PyErr_NoMemory() != NULL;
  for (Py_ssize_t i = 0; i < count; i++) {
    PyObject *const name = PyTuple_GET_ITEM(names, i);
    const bool is_parsed = heapster__is_option(name, HEAPSTER__OF_LIMIT)
                               ? heapster__set_option(&limits->options, name, values[i])
                               : parse_limit(name, values[i], &limits->limits[limits->count++]);
    if (!is_parsed) return false;
  }
  for (size_t i = 0; i < limits->count; i++)
    if (is_live(limits->limits[i].field)) limits->options.stops_gc = true;
  if (limits->count > 0) return true;
  return heapster__python_refuse(PyExc_TypeError,
                                 "limit() needs a limit, such as alloc_count=10 or use_peak=\"1 MiB\"");
}

/* The names of the broken limits, as a tuple. */
static PyObject *name_broken(const struct heapster__limits *limits, const struct heapster_stats *stats) {
  PyObject *const names = PyList_New(0);
  bool is_complete = names != NULL;
  for (size_t i = 0; is_complete && i < limits->count; i++) {
    if (!heapster_limit_check(stats, &limits->limits[i], 1, NULL)) continue;
    PyObject *const name = PyUnicode_FromString(limits->limits[i].field->name);
    is_complete = name && !PyList_Append(names, name);
    Py_XDECREF(name);
  }
  PyObject *const tuple = is_complete ? PyList_AsTuple(names) : NULL;
  Py_XDECREF(names);
  return tuple;
}

/* Takes over `value`; fails if that is NULL. */
static bool set(PyObject *error, const char *name, PyObject *value) {
  const bool is_set = value && !PyObject_SetAttrString(error, name, value);
  Py_XDECREF(value);
  return is_set;
}

static bool warn_of_unjudged(const struct heapster__limits *limits, const struct heapster_stats *stats) {
  const struct heapster_text words = heapster__explain_unjudged_limits(stats, limits->limits, limits->count);
  if (!words.error && words.length == 0) return true;
  PyObject *const message = heapster__python_string(words);
  const bool goes_on = message && !PyErr_WarnFormat(heapster__python_errors.limit_unjudged, 1, "%U", message);
  Py_XDECREF(message);
  return goes_on;
}

/* Which lines to name first: those of blocks that stayed, if so many may not. */
static struct heapster__sites *rank_for(const struct heapster__limits *limits, const struct heapster_stats *stats,
                                        const struct heapster__sites *sites) {
  struct heapster__sites *const ranked = heapster__sites_copy(sites);
  bool is_ranked = ranked != NULL;
  for (size_t i = 0; is_ranked && i < limits->count; i++) {
    const bool is_broken = heapster_limit_check(stats, &limits->limits[i], 1, NULL);
    if (is_broken && is_live(limits->limits[i].field)) is_ranked = heapster__sites_rank_live(ranked);
  }
  if (is_ranked) return ranked;
  heapster__python_free_sites(ranked);
  return heapster__python_raise(HEAPSTER_NO_MEMORY);
}

enum { LINES = 10 }; /* of a message */

/* Takes over `sites`. */
static PyObject *make_error(const struct heapster__limits *limits, const struct heapster_stats *stats,
                            struct heapster__sites *sites, PyObject *message) {
  PyObject *const error = PyObject_CallFunctionObjArgs(heapster__python_errors.limit_exceeded, message, NULL);
  PyObject *const diff = error ? heapster__python_wrap_explained(heapster__stats_copy(stats), sites) : NULL;
  if (!error) heapster__python_free_sites(sites);
  const bool is_complete = diff && set(error, "sites", heapster__python_get_sites(diff, NULL)) &&
                           set(error, "broken", name_broken(limits, stats)) &&
                           !PyObject_SetAttrString(error, "diff", diff);
  Py_XDECREF(diff);
  if (is_complete) return error;
  Py_XDECREF(error);
  return NULL;
}

static PyObject *make_message(struct heapster_text words, const struct heapster__sites *sites) {
  PyObject *const message = heapster__python_string(words);
  PyObject *const table = sites && message ? heapster__python_string(heapster__python_sites_text(sites, LINES)) : NULL;
  if (!sites || !message) return message;
  PyObject *const both = table ? PyUnicode_FromFormat("%U\n%U", message, table) : NULL;
  Py_XDECREF(table);
  Py_DECREF(message);
  return both;
}

bool heapster__judge_limits(const struct heapster__limits *limits, const struct heapster_stats *stats,
                            const struct heapster__sites *sites) {
  const struct heapster_text words = heapster__explain_broken_limits(stats, limits->limits, limits->count);
  if (!words.error && words.length == 0) return warn_of_unjudged(limits, stats);
  struct heapster__sites *const ranked = sites ? rank_for(limits, stats, sites) : NULL;
  PyObject *const message = make_message(words, ranked);
  PyObject *error = NULL;
  if (message && (ranked || !sites))
    error = make_error(limits, stats, ranked, message);
  else
    heapster__python_free_sites(ranked);
  if (error) PyErr_SetObject(heapster__python_errors.limit_exceeded, error);
  Py_XDECREF(message);
  Py_XDECREF(error);
  return false;
}
