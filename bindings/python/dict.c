/* A Stats as a dict, with the keys of its JSON in the same order. */
#include "python/values.h"

#include "common/stats.h"

/* Takes over `value`; fails if that is NULL. */
static bool put(PyObject *dict, const char *key, PyObject *value) {
  const bool is_put = value && !PyDict_SetItemString(dict, key, value);
  Py_XDECREF(value);
  return is_put;
}

static PyObject *figure_of(const struct heapster_stats *stats, const struct heapster_field *field) {
  int64_t value;
  if (heapster_stats_get(stats, field, &value)) return PyLong_FromLongLong(value);
  Py_RETURN_NONE;
}

PyObject *heapster__python_histogram_as_list(const struct heapster_histogram *histogram) {
  PyObject *list = PyList_New(HEAPSTER_BUCKETS);
  for (Py_ssize_t i = 0; list && i < HEAPSTER_BUCKETS; i++) {
    PyObject *const count = PyLong_FromUnsignedLongLong(histogram->buckets[i]);
    if (count)
      PyList_SET_ITEM(list, i, count);
    else
      Py_CLEAR(list);
  }
  return list;
}

static PyObject *kinds_of(const struct heapster_stats *stats) {
  if (stats->has_lua_kinds) return heapster__python_lua_kinds_as_dict(&stats->lua_kinds);
  Py_RETURN_NONE;
}

static bool fill(PyObject *dict, const struct heapster_stats *stats) {
  if (!put(dict, "kind", PyUnicode_FromString(heapster__kind_name(stats->kind)))) return false;
  if (!put(dict, "scope", PyUnicode_FromString(heapster__scope_name(stats->scope)))) return false;
  const struct heapster_field *field;
  for (size_t i = 0; (field = heapster_field_at(i)); i++) {
    if (!put(dict, field->name, figure_of(stats, field))) return false;
  }
  return put(dict, "alloc_histogram", heapster__python_histogram_as_list(&stats->alloc_histogram)) &&
         put(dict, "realloc_growth_histogram", heapster__python_histogram_as_list(&stats->realloc_growth_histogram)) &&
         put(dict, "realloc_shrink_histogram", heapster__python_histogram_as_list(&stats->realloc_shrink_histogram)) &&
         put(dict, "lua_kinds", kinds_of(stats));
}

PyObject *heapster__python_stats_as_dict(const struct heapster_stats *stats) {
  PyObject *dict = PyDict_New();
  if (dict && !fill(dict, stats)) Py_CLEAR(dict);
  return dict;
}
