/* Values from plain ones: Stats.from_dict, Stats.from_json, Histogram(buckets). */
#include "python/module.h"

#include "common/stats.h"
#include "common/value.h"
#include "python/errors.h"
#include "python/values.h"

#include <heapster/histogram.h>

#include "value/field.h"

/* Borrowed, or NULL. The dict is a copy of ours. */
static PyObject *find(PyObject *dict, const char *key) { return PyDict_GetItemString(dict, key); }

/* --- Histogram --- */

static bool set_bucket(uint64_t *bucket, PyObject *value) {
  PyObject *const integer = PyBool_Check(value) ? NULL : PyNumber_Index(value);
  if (!integer && !PyErr_Occurred())
    return heapster__python_refuse(PyExc_TypeError, "a bucket is an int, not %.200s", Py_TYPE(value)->tp_name);
  *bucket = integer ? PyLong_AsUnsignedLongLong(integer) : 0;
  Py_XDECREF(integer);
  if (!PyErr_Occurred()) return true;
  if (!PyErr_ExceptionMatches(PyExc_OverflowError)) return false;
  return heapster__python_refuse(PyExc_ValueError, "%R is no count of requests: it must be 0 .. 2**64 - 1", value);
}

/* A tuple, which nobody changes while it is read: an __index__ of an item, or another thread, may change a list. */
static PyObject *take_counts(PyObject *values) {
  PyObject *const each = PyObject_GetIter(values);
  if (!each && PyErr_ExceptionMatches(PyExc_TypeError))
    PyErr_SetString(PyExc_TypeError, "a Histogram is made of 64 counts");
  PyObject *const counts = each ? PySequence_Tuple(each) : NULL;
  Py_XDECREF(each);
  return counts;
}

static bool set_buckets(struct heapster_histogram *histogram, PyObject *values) {
  PyObject *const counts = take_counts(values);
  bool is_set = counts != NULL;
  const Py_ssize_t count = counts ? PyTuple_GET_SIZE(counts) : 0;
  if (counts && count != HEAPSTER_BUCKETS)
    is_set = heapster__python_refuse(PyExc_ValueError, "a Histogram is made of 64 counts, not of %zd", count);
  for (Py_ssize_t i = 0; is_set && i < count; i++)
    is_set = set_bucket(&histogram->buckets[i], PyTuple_GET_ITEM(counts, i));
  Py_XDECREF(counts);
  return is_set;
}

static PyObject *new_histogram(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
  static char *names[] = {"buckets", NULL};
  PyObject *values;
  (void)type;
  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O:Histogram", names, &values)) return NULL;
  struct heapster_histogram *const histogram = heapster__value_alloc(sizeof *histogram);
  if (!histogram) return PyErr_NoMemory();
  if (set_buckets(histogram, values)) return heapster__python_wrap_histogram(histogram);
  heapster__value_free(histogram);
  return NULL;
}

/* --- Stats --- */

/* Which word the value is, or -1 with an exception. */
static int find_word(PyObject *dict, const char *key, const char *(*name)(int), int count) {
  PyObject *const value = find(dict, key);
  const char *const word = value && PyUnicode_Check(value) ? PyUnicode_AsUTF8(value) : NULL;
  for (int i = 0; word && i < count; i++) {
    if (!strcmp(word, name(i))) return i;
  }
  PyErr_Clear();
  if (value)
    PyErr_Format(PyExc_ValueError, "%R is no %s of a Stats", value, key);
  else
    PyErr_Format(PyExc_ValueError, "this is no Stats: it has no \"%s\"", key);
  return -1;
}

static const char *name_of_kind(int kind) { return heapster__kind_name((enum heapster_stats_kind)kind); }
static const char *name_of_scope(int scope) { return heapster__scope_name((enum heapster_scope)scope); }

static bool refuse_figure(const char *name, PyObject *value) {
  PyErr_Clear();
  return heapster__python_refuse(PyExc_ValueError, "%s: %R is no figure", name, value);
}

/* Absent and None: the figure is 0, or has no meaning. */
static bool read_figure(PyObject *dict, const char *name, bool is_signed, uint64_t *figure) {
  PyObject *const value = find(dict, name);
  *figure = 0;
  if (!value || value == Py_None) return true;
  PyObject *const integer = PyBool_Check(value) ? NULL : PyNumber_Index(value);
  if (!integer) return refuse_figure(name, value);
  *figure = is_signed ? (uint64_t)PyLong_AsLongLong(integer) : PyLong_AsUnsignedLongLong(integer);
  Py_DECREF(integer);
  return !PyErr_Occurred() || refuse_figure(name, value);
}

#define MEMBER(name, ...) {#name, (uint64_t *)&stats->name},
#define NO_MEMBER(...)
/* Sets the members of the struct by their names. */
static bool set_figures(struct heapster_stats *stats, PyObject *dict) {
  const struct {
    const char *name;
    uint64_t *figure;
  } members[] = {HEAPSTER__FIELDS(MEMBER, NO_MEMBER) HEAPSTER__ADDED_FIELDS(MEMBER)};
  for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
    const bool is_signed = heapster_field_find(members[i].name)->is_signed;
    if (!read_figure(dict, members[i].name, is_signed, members[i].figure)) return false;
  }
  return true;
}

/* The histogram of a key; empty if it is absent. Its sum is the figure `count`. */
static bool set_histogram(struct heapster_histogram *histogram, PyObject *dict, const char *key, uint64_t count) {
  PyObject *const values = find(dict, key);
  if (values && !set_buckets(histogram, values)) return false;
  if (heapster_histogram_total(histogram) == count) return true;
  return heapster__python_refuse(PyExc_ValueError, "this is no Stats: %s does not add up to its count", key);
}

static bool set_kind(struct heapster_lua_kind *kind, PyObject *values) {
  return read_figure(values, "count", false, &kind->count) && read_figure(values, "sum", false, &kind->sum);
}

/* The kind of that name; `kinds` is a copy of ours. */
static bool copy_and_set_kind(struct heapster_lua_kind *kind, PyObject *kinds, const char *name) {
  PyObject *const pair = find(kinds, name);
  if (!pair || !PyDict_Check(pair)) return refuse_figure("lua_kinds", kinds);
  PyObject *const copy = PyDict_Copy(pair);
  const bool is_set = copy && set_kind(kind, copy);
  Py_XDECREF(copy);
  return is_set;
}

static bool set_lua_kinds(struct heapster_stats *stats, PyObject *dict) {
  PyObject *const kinds = find(dict, "lua_kinds");
  const struct heapster_lua_kind *kind;
  const char *name;
  if (!kinds || kinds == Py_None) return true;
  if (!PyDict_Check(kinds)) return refuse_figure("lua_kinds", kinds);
  PyObject *const copy = PyDict_Copy(kinds);
  bool is_set = copy != NULL;
  stats->has_lua_kinds = true;
  for (size_t i = 0; is_set && (kind = heapster_lua_kind_at(&stats->lua_kinds, i, &name)); i++)
    is_set = copy_and_set_kind((struct heapster_lua_kind *)(uintptr_t)kind, copy, name);
  Py_XDECREF(copy);
  return is_set;
}

static bool is_known(const char *key) {
  static const char *const others[] = {
      "kind", "scope", "alloc_histogram", "realloc_growth_histogram", "realloc_shrink_histogram", "lua_kinds"};
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    if (!strcmp(key, others[i])) return true;
  }
  return heapster_field_find(key);
}

static bool check_keys(PyObject *dict) {
  PyObject *key, *value;
  for (Py_ssize_t at = 0; PyDict_Next(dict, &at, &key, &value);) {
    const char *const word = PyUnicode_Check(key) ? PyUnicode_AsUTF8(key) : NULL;
    if (word && is_known(word)) continue;
    PyErr_Clear();
    return heapster__python_refuse(PyExc_ValueError, "a Stats has no %R", key);
  }
  return true;
}

static bool set_stats(struct heapster_stats *stats, PyObject *dict) {
  memset(stats, 0, sizeof *stats);
  stats->struct_size = sizeof *stats;
  const int kind = find_word(dict, "kind", name_of_kind, HEAPSTER_WINDOW + 1);
  const int scope = kind < 0 ? -1 : find_word(dict, "scope", name_of_scope, HEAPSTER_THREAD + 1);
  if (scope < 0) return false;
  stats->kind = (enum heapster_stats_kind)kind;
  stats->scope = (enum heapster_scope)scope;
  return check_keys(dict) && set_figures(stats, dict) && set_lua_kinds(stats, dict) &&
         set_histogram(&stats->alloc_histogram, dict, "alloc_histogram", stats->alloc_count) &&
         set_histogram(&stats->realloc_growth_histogram, dict, "realloc_growth_histogram",
                       stats->realloc_growth_count) &&
         set_histogram(&stats->realloc_shrink_histogram, dict, "realloc_shrink_histogram", stats->realloc_shrink_count);
}

static PyObject *from_dict(PyObject *none, PyObject *dict) {
  (void)none;
  if (!PyDict_Check(dict))
    return PyErr_Format(PyExc_TypeError, "Stats.from_dict needs a dict, such as as_dict() gives, not %.200s",
                        Py_TYPE(dict)->tp_name);
  PyObject *const copy = PyDict_Copy(dict);
  struct heapster_stats *const stats = copy ? heapster__stats_alloc() : NULL;
  if (copy && !stats) PyErr_NoMemory();
  const bool is_set = stats && set_stats(stats, copy);
  Py_XDECREF(copy);
  if (is_set) return heapster__python_wrap_stats(stats);
  heapster__stats_free(stats);
  return NULL;
}

static PyObject *from_json(PyObject *none, PyObject *text) {
  PyObject *const json = PyImport_ImportModule("json");
  PyObject *const value = json ? PyObject_CallMethod(json, "loads", "O", text) : NULL;
  PyObject *stats = NULL;
  if (value && PyDict_Check(value))
    stats = from_dict(none, value);
  else if (value)
    PyErr_Format(PyExc_ValueError, "this is no Stats: not a JSON object");
  Py_XDECREF(value);
  Py_XDECREF(json);
  return stats;
}

static PyMethodDef methods[] = {
    {"from_dict", from_dict, METH_O | METH_STATIC,
     "from_dict(values, /)\n--\n\n"
     "Return the Stats of a dict such as as_dict() gives. A figure that is missing is 0. Raises ValueError for a dict\n"
     "that is no Stats. Its snapshots subtract from any, since nobody knows where they were read."},
    {"from_json", from_json, METH_O | METH_STATIC,
     "from_json(text, /)\n--\n\nReturn the Stats of a text such as to_json() gives, as from_dict does."},
    {NULL, NULL, 0, NULL},
};

/* The class is made as one that nobody makes by hand. */
static bool let_histograms_be_made(PyObject *module) {
  PyTypeObject *const type = (PyTypeObject *)PyObject_GetAttrString(module, "Histogram");
  if (type) type->tp_new = new_histogram;
  Py_XDECREF(type);
  return type != NULL;
}

bool heapster__python_add_makers(PyObject *module) {
  PyTypeObject *const type = (PyTypeObject *)PyObject_GetAttrString(module, "Stats");
  bool is_added = type != NULL && let_histograms_be_made(module);
  for (PyMethodDef *method = methods; is_added && method->ml_name; method++) {
    PyObject *const function = PyCFunction_New(method, NULL);
    PyObject *const unbound = function ? PyStaticMethod_New(function) : NULL;
    is_added = unbound && !PyDict_SetItemString(type->tp_dict, method->ml_name, unbound);
    Py_XDECREF(unbound);
    Py_XDECREF(function);
  }
  if (type) PyType_Modified(type);
  Py_XDECREF(type);
  return is_added;
}
