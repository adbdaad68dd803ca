/* What makes Stats, Histogram and Heap values of Python: equal, hashable, pickled, read-only, and named shortly. */
#include "common/value.h"
#include "python/module.h"

#include <inttypes.h>

/* The functions that pickles call; in the module, so that pickle finds them by name. */
static struct {
  PyObject *stats;
  PyObject *histogram;
} restorers;

PyObject *heapster__python_refuse_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
  (void)arguments, (void)keywords;
  return PyErr_Format(PyExc_TypeError, "a %s cannot be made by hand: heapster's functions give it", type->tp_name);
}

int heapster__python_refuse_set(PyObject *self, PyObject *name, PyObject *value) {
  PyErr_Format(PyExc_AttributeError, "a %s is read-only: cannot %s %R", Py_TYPE(self)->tp_name,
               value ? "set" : "delete", name);
  return -1;
}

static PyObject *answer(bool is_equal, int operation) {
  if (operation != Py_EQ && operation != Py_NE) Py_RETURN_NOTIMPLEMENTED;
  return PyBool_FromLong(is_equal == (operation == Py_EQ));
}

/* FNV-1a over words. */
static uint64_t hash_word(uint64_t hash, uint64_t word) {
  for (unsigned i = 0; i < 8; i++) hash = (hash ^ (word >> 8 * i & 0xff)) * UINT64_C(0x100000001b3);
  return hash;
}

static uint64_t hash_buckets(uint64_t hash, const struct heapster_histogram *histogram) {
  for (unsigned i = 0; i < HEAPSTER_BUCKETS; i++) hash = hash_word(hash, histogram->buckets[i]);
  return hash;
}

static Py_hash_t hash_end(uint64_t hash) {
  const Py_hash_t end = (Py_hash_t)hash;
  return end == -1 ? -2 : end;
}

static const uint64_t hash_start = UINT64_C(0xcbf29ce484222325);

/* --- Stats --- */

PyObject *heapster__python_stats_compare(PyObject *self, PyObject *other, int operation) {
  const struct heapster_stats *const a = heapster__python_stats_of(self), *const b = heapster__python_stats_of(other);
  if (!a || !b) Py_RETURN_NOTIMPLEMENTED;
  return answer(heapster_stats_is_equal(a, b), operation);
}

/* Of what equality looks at: the figures that have a meaning. */
Py_hash_t heapster__python_stats_hash(PyObject *self) {
  const struct heapster_stats *const stats = heapster__python_stats_of(self);
  const struct heapster_field *field;
  uint64_t hash = hash_word(hash_word(hash_start, stats->kind), stats->scope);
  for (size_t i = 0; (field = heapster_field_at(i)) != NULL; i++) {
    int64_t value;
    if (heapster_stats_get(stats, field, &value)) hash = hash_word(hash, (uint64_t)value);
  }
  return hash_end(hash_buckets(hash, &stats->alloc_histogram));
}

PyObject *heapster__python_stats_repr(PyObject *self) {
  const struct heapster_stats *const stats = heapster__python_stats_of(self);
  char text[256];
  int length = snprintf(text, sizeof text, "<Stats %s alloc_count=%" PRIu64 " dealloc_count=%" PRIu64,
                        heapster__kind_name(stats->kind), stats->alloc_count, stats->dealloc_count);
  char *const rest = text + length;
  const size_t left = sizeof text - (size_t)length;
  if (stats->kind == HEAPSTER_SNAPSHOT) snprintf(rest, left, " use_curr=%" PRIu64 ">", stats->use_curr);
  if (stats->kind == HEAPSTER_DIFF) snprintf(rest, left, " use_change=%" PRId64 ">", stats->use_change);
  if (stats->kind == HEAPSTER_WINDOW)
    snprintf(rest, left, " use_change=%" PRId64 " use_peak=%" PRIu64 ">", stats->use_change, stats->use_peak);
  return PyUnicode_FromString(text);
}

/* Puts a new reference, or fails where it is NULL. */
static bool put(PyObject *dict, const char *key, PyObject *value) {
  const bool is_put = value && PyDict_SetItemString(dict, key, value) == 0;
  Py_XDECREF(value);
  return is_put;
}

static PyObject *figure(const struct heapster_stats *stats, const struct heapster_field *field) {
  int64_t value;
  if (heapster_stats_get(stats, field, &value)) return PyLong_FromLongLong(value);
  Py_RETURN_NONE;
}

static PyObject *list_of(const struct heapster_histogram *histogram) {
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
  if (stats->has_lua_kinds) return heapster__python_lua_kinds_dict(&stats->lua_kinds);
  Py_RETURN_NONE;
}

/* The keys and values of heapster_stats_json, in its order. */
static bool fill(PyObject *dict, const struct heapster_stats *stats) {
  if (!put(dict, "kind", PyUnicode_FromString(heapster__kind_name(stats->kind)))) return false;
  if (!put(dict, "scope", PyUnicode_FromString(heapster__scope_name(stats->scope)))) return false;
  const struct heapster_field *field;
  for (size_t i = 0; (field = heapster_field_at(i)) != NULL; i++) {
    if (!put(dict, field->name, figure(stats, field))) return false;
  }
  return put(dict, "alloc_histogram", list_of(&stats->alloc_histogram)) &&
         put(dict, "realloc_growth_histogram", list_of(&stats->realloc_growth_histogram)) &&
         put(dict, "realloc_shrink_histogram", list_of(&stats->realloc_shrink_histogram)) &&
         put(dict, "lua_kinds", kinds_of(stats));
}

PyObject *heapster__python_stats_as_dict(const struct heapster_stats *stats) {
  PyObject *dict = PyDict_New();
  if (dict && !fill(dict, stats)) Py_CLEAR(dict);
  return dict;
}

/* --- Histogram --- */

PyObject *heapster__python_histogram_compare(PyObject *self, PyObject *other, int operation) {
  const struct heapster_histogram *const a = heapster__python_histogram_of(self);
  const struct heapster_histogram *const b = heapster__python_histogram_of(other);
  if (!a || !b) Py_RETURN_NOTIMPLEMENTED;
  return answer(heapster__histogram_is_equal(a, b), operation);
}

Py_hash_t heapster__python_histogram_hash(PyObject *self) {
  return hash_end(hash_buckets(hash_start, heapster__python_histogram_of(self)));
}

PyObject *heapster__python_histogram_repr(PyObject *self) {
  const unsigned long long total = heapster_histogram_total(heapster__python_histogram_of(self));
  return PyUnicode_FromFormat("<Histogram total=%llu>", total);
}

Py_ssize_t heapster__python_histogram_length(PyObject *self) {
  (void)self;
  return HEAPSTER_BUCKETS;
}

PyObject *heapster__python_histogram_bucket(PyObject *self, Py_ssize_t index) {
  if (index >= 0 && index < HEAPSTER_BUCKETS)
    return PyLong_FromUnsignedLongLong(heapster__python_histogram_of(self)->buckets[index]);
  PyErr_SetString(PyExc_IndexError, "a Histogram has the buckets 0 .. 63");
  return NULL;
}

/* Over a list of all buckets: one call in the place of 65. */
PyObject *heapster__python_histogram_iter(PyObject *self) {
  PyObject *const list = list_of(heapster__python_histogram_of(self));
  if (!list) return NULL;
  PyObject *const iterator = PyObject_GetIter(list);
  Py_DECREF(list);
  return iterator;
}

/* --- Heap and Status --- */

PyObject *heapster__python_heap_compare(PyObject *self, PyObject *other, int operation) {
  const struct heapster_heap *const a = heapster__python_heap_of(self), *const b = heapster__python_heap_of(other);
  if (!a || !b) Py_RETURN_NOTIMPLEMENTED;
  return answer(a == b, operation);
}

Py_hash_t heapster__python_heap_hash(PyObject *self) {
  return hash_end(hash_word(hash_start, (uintptr_t)heapster__python_heap_of(self)));
}

PyObject *heapster__python_heap_repr(PyObject *self) {
  return PyUnicode_FromFormat("<Heap '%s'>", heapster_heap_name(heapster__python_heap_of(self)));
}

PyObject *heapster__python_status_repr(PyObject *self) {
  const struct heapster_status *const status = heapster__python_status_of(self);
  return PyUnicode_FromFormat("<Status %s malloc=%s windows_open=%u>", status->version, status->malloc_way,
                              status->windows_open);
}

/* --- pickles: the value's bytes, good for the same version of heapster on the same kind of machine --- */

static PyObject *reduce(PyObject *restorer, const void *value, size_t size) {
  return Py_BuildValue("O(sy#)", restorer, heapster_version(), (const char *)value, (Py_ssize_t)size);
}

PyObject *heapster__python_stats_reduce(const struct heapster_stats *stats) {
  const struct heapster_stats *const share = heapster__stats_share(stats);
  struct heapster_shared_stats both = {.stats = *stats};
  if (share) both.share = *share;
  return reduce(restorers.stats, &both, sizeof both);
}

PyObject *heapster__python_histogram_reduce(const struct heapster_histogram *histogram) {
  return reduce(restorers.histogram, histogram, sizeof *histogram);
}

/* The value in new memory. */
static void *restore(PyObject *arguments, size_t size) {
  const char *version, *bytes;
  Py_ssize_t length;
  if (!PyArg_ParseTuple(arguments, "sy#", &version, &bytes, &length)) return NULL;
  if ((size_t)length != size || strcmp(version, heapster_version()) != 0)
    return PyErr_Format(PyExc_ValueError, "pickled by heapster %s; this is %s", version, heapster_version());
  void *const value = heapster__value_memory(size);
  if (!value) return PyErr_NoMemory();
  return memcpy(value, bytes, size);
}

static bool is_possible(const struct heapster_stats *stats) {
  return (unsigned)stats->kind <= HEAPSTER_WINDOW && (unsigned)stats->scope <= HEAPSTER_THREAD;
}

static PyObject *restore_stats(PyObject *module, PyObject *arguments) {
  (void)module;
  struct heapster_shared_stats *const both = restore(arguments, sizeof *both);
  if (!both) return NULL;
  if (is_possible(&both->stats) && is_possible(&both->share))
    return heapster__python_stats_new((struct heapster_new_stats){&both->stats, HEAPSTER_OK});
  heapster__value_free(both);
  PyErr_SetString(PyExc_ValueError, "these bytes are no Stats");
  return NULL;
}

static PyObject *restore_histogram(PyObject *module, PyObject *arguments) {
  (void)module;
  struct heapster_histogram *const histogram = restore(arguments, sizeof *histogram);
  if (!histogram) return NULL;
  return heapster__python_histogram_new((struct heapster_new_histogram){histogram, HEAPSTER_OK});
}

static PyMethodDef restorer_methods[] = {
    {"_restore_stats", restore_stats, METH_VARARGS, NULL},
    {"_restore_histogram", restore_histogram, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

bool heapster__python_values_add(PyObject *module) {
  if (PyModule_AddFunctions(module, restorer_methods) < 0) return false;
  restorers.stats = PyObject_GetAttrString(module, "_restore_stats");
  restorers.histogram = PyObject_GetAttrString(module, "_restore_histogram");
  return restorers.stats && restorers.histogram;
}
