/* The classes Stats, Histogram, Heap and Status: equal, hashable, read-only, with a short repr. */
#include "python/values.h"

#include "common/held.h"
#include "common/script.h"
#include "common/stats.h"
#include "common/value.h"
#include "common/values.h"
#include "python/errors.h"
#include "python/objects.h"

#include <inttypes.h>

/* --- Stats --- */

static PyTypeObject stats_type;

/* Begins as a heapster__Object does. */
typedef struct {
  PyObject_HEAD struct heapster_stats *value;
  PyObject *sites; /* or NULL: not explained */
} Stats;

PyObject *heapster__python_wrap_stats(struct heapster_stats *stats) {
  PyObject *const object = heapster__python_wrap_value(&stats_type, stats);
  if (object) ((Stats *)object)->sites = NULL;
  return object;
}

void heapster__python_set_sites(PyObject *stats, PyObject *sites) { ((Stats *)stats)->sites = sites; }

PyObject *heapster__python_get_sites(PyObject *stats, void *none) {
  PyObject *const sites = ((Stats *)stats)->sites;
  (void)none;
  if (!sites) Py_RETURN_NONE;
  Py_INCREF(sites);
  return sites;
}

struct heapster_stats *heapster__python_stats_of(PyObject *object) {
  return heapster__python_value_of(object, &stats_type);
}

static void stats_dealloc(PyObject *self) {
  heapster__stats_free(heapster__python_stats_of(self));
  Py_XDECREF(((Stats *)self)->sites);
  PyObject_Del(self);
}

static PyObject *stats_compare(PyObject *self, PyObject *other, int operation) {
  const struct heapster_stats *const a = heapster__python_stats_of(self), *const b = heapster__python_stats_of(other);
  return heapster__python_compare(a && b, a && b && heapster_stats_is_equal(a, b), operation);
}

/* Over what equality compares: the figures that have a meaning. */
static Py_hash_t stats_hash(PyObject *self) {
  const struct heapster_stats *const stats = heapster__python_stats_of(self);
  const struct heapster_field *field;
  const int words[] = {(int)stats->kind, (int)stats->scope};
  uint64_t hash = heapster__python_hash(HEAPSTER__HASH_START, words, sizeof words);
  for (size_t i = 0; (field = heapster_field_at(i)); i++) {
    int64_t value;
    if (heapster_stats_get(stats, field, &value)) hash = heapster__python_hash(hash, &value, sizeof value);
  }
  return heapster__python_finish_hash(
      heapster__python_hash(hash, &stats->alloc_histogram, sizeof stats->alloc_histogram));
}

static PyObject *stats_repr(PyObject *self) {
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

static PyObject *stats_str(PyObject *self) {
  return heapster__python_string(heapster__stats_text(heapster__python_stats_of(self)));
}

static PyObject *stats_subtract(PyObject *left, PyObject *right) {
  const struct heapster_stats *const after = heapster__python_stats_of(left);
  const struct heapster_stats *const before = heapster__python_stats_of(right);
  if (!after || !before) Py_RETURN_NOTIMPLEMENTED;
  const struct heapster_new_stats diff = heapster__stats_subtract(after, before);
  return diff.error ? heapster__python_raise(diff.error) : heapster__python_wrap_stats(diff.value);
}

static PyNumberMethods stats_number = {.nb_subtract = stats_subtract};

static PyTypeObject stats_type = {
    HEAPSTER__PYTHON_CLASS_OF("Stats", Stats),
    .tp_doc = "What a heap, or all heaps, did. A value, equal to another with the same figures.\n\n"
              "kind is 'snapshot' (since the start or reset()), 'diff' (after - before) or 'window' (from measure, "
              "measuring, limit).\n"
              "Counts are requests or blocks; sums and use_ figures are bytes as the program requested them. A figure "
              "without a meaning\n"
              "in this kind is None, and so is the average of nothing. str() is the report.",
    .tp_dealloc = stats_dealloc,
    .tp_richcompare = stats_compare,
    .tp_hash = stats_hash,
    .tp_repr = stats_repr,
    .tp_str = stats_str,
    .tp_as_number = &stats_number,
};

/* --- Histogram --- */

static PyTypeObject histogram_type;

PyObject *heapster__python_wrap_histogram(struct heapster_histogram *histogram) {
  return heapster__python_wrap_value(&histogram_type, histogram);
}

struct heapster_histogram *heapster__python_histogram_of(PyObject *object) {
  return heapster__python_value_of(object, &histogram_type);
}

static PyObject *histogram_compare(PyObject *self, PyObject *other, int operation) {
  const struct heapster_histogram *const a = heapster__python_histogram_of(self);
  const struct heapster_histogram *const b = heapster__python_histogram_of(other);
  return heapster__python_compare(a && b, a && b && !memcmp(a, b, sizeof *a), operation);
}

static Py_hash_t histogram_hash(PyObject *self) {
  const struct heapster_histogram *const histogram = heapster__python_histogram_of(self);
  return heapster__python_finish_hash(heapster__python_hash(HEAPSTER__HASH_START, histogram, sizeof *histogram));
}

static PyObject *histogram_repr(PyObject *self) {
  const unsigned long long total = heapster_histogram_total(heapster__python_histogram_of(self));
  return PyUnicode_FromFormat("<Histogram total=%llu>", total);
}

static PyObject *histogram_str(PyObject *self) {
  return heapster__python_string(heapster__histogram_text(heapster__python_histogram_of(self)));
}

static PyObject *histogram_subtract(PyObject *left, PyObject *right) {
  const struct heapster_histogram *const after = heapster__python_histogram_of(left);
  const struct heapster_histogram *const before = heapster__python_histogram_of(right);
  if (!after || !before) Py_RETURN_NOTIMPLEMENTED;
  return heapster__python_wrap_histogram(heapster__histogram_subtract(after, before));
}

static Py_ssize_t histogram_length(PyObject *self) {
  (void)self;
  return HEAPSTER_BUCKETS;
}

static PyObject *histogram_bucket(PyObject *self, Py_ssize_t index) {
  if (index >= 0 && index < HEAPSTER_BUCKETS)
    return PyLong_FromUnsignedLongLong(heapster__python_histogram_of(self)->buckets[index]);
  return PyErr_Format(PyExc_IndexError, "a Histogram has the buckets 0 .. 63");
}

/* Over a list of all buckets: one call instead of 65. */
static PyObject *histogram_iter(PyObject *self) {
  PyObject *const list = heapster__python_histogram_as_list(heapster__python_histogram_of(self));
  PyObject *const iterator = list ? PyObject_GetIter(list) : NULL;
  Py_XDECREF(list);
  return iterator;
}

static PyNumberMethods histogram_number = {.nb_subtract = histogram_subtract};
static PySequenceMethods histogram_sequence = {.sq_length = histogram_length, .sq_item = histogram_bucket};

static PyTypeObject histogram_type = {
    HEAPSTER__PYTHON_CLASS("Histogram"),
    .tp_doc =
        "Counts by power-of-two size, a sequence of 64. Bucket k counts sizes from 2**k up to 2**(k+1) - 1; bucket "
        "0 also\n"
        "counts the size 0. A loop, tuple() and list() read all buckets at once, much faster than 64 indexes. "
        "str() is a line with\n"
        "a bar for each bucket from the first to the last that is not 0.",
    .tp_richcompare = histogram_compare,
    .tp_hash = histogram_hash,
    .tp_repr = histogram_repr,
    .tp_str = histogram_str,
    .tp_iter = histogram_iter,
    .tp_as_number = &histogram_number,
    .tp_as_sequence = &histogram_sequence,
};

/* --- Heap --- */

static PyTypeObject heap_type;

PyObject *heapster__python_wrap_heap(const struct heapster_heap *heap) {
  const struct heapster__held_heap held = heapster__hold_heap(heap);
  return heapster__python_wrap_value(&heap_type, heapster__value_copy(&held, sizeof held));
}

struct heapster__held_heap *heapster__python_held_heap_of(PyObject *object) {
  return heapster__python_value_of(object, &heap_type);
}

static PyObject *heap_compare(PyObject *self, PyObject *other, int operation) {
  const struct heapster__held_heap *const a = heapster__python_held_heap_of(self);
  const struct heapster__held_heap *const b = heapster__python_held_heap_of(other);
  return heapster__python_compare(a && b, a && b && heapster__holds_same(a, b), operation);
}

static Py_hash_t heap_hash(PyObject *self) {
  const uint64_t serial = heapster__python_held_heap_of(self)->serial;
  return heapster__python_finish_hash(heapster__python_hash(HEAPSTER__HASH_START, &serial, sizeof serial));
}

static PyObject *heap_repr(PyObject *self) {
  const struct heapster__held_heap *const held = heapster__python_held_heap_of(self);
  return PyUnicode_FromFormat(heapster__held_heap(held) ? "<Heap '%s'>" : "<Heap '%s', ended>", held->name);
}

static PyTypeObject heap_type = {
    HEAPSTER__PYTHON_CLASS("Heap"),
    .tp_doc = "A named set of counters, from heapster.heap(name) or heapster.heaps().\n\n"
              "Its host may end it: it then keeps its name, and raises UnknownHeap wherever it is used.",
    .tp_richcompare = heap_compare,
    .tp_hash = heap_hash,
    .tp_repr = heap_repr,
};

/* --- Status --- */

static PyTypeObject status_type;

PyObject *heapster__python_wrap_status(struct heapster_status *status) {
  return heapster__python_wrap_value(&status_type, status);
}

struct heapster_status *heapster__python_status_of(PyObject *object) {
  return heapster__python_value_of(object, &status_type);
}

static PyObject *status_repr(PyObject *self) {
  const struct heapster_status *const status = heapster__python_status_of(self);
  return PyUnicode_FromFormat("<Status %s malloc=%s windows_open=%u>", status->version, status->malloc_way,
                              status->windows_open);
}

static PyObject *status_str(PyObject *self) {
  return heapster__python_string(heapster__status_text(heapster__python_status_of(self)));
}

static PyTypeObject status_type = {
    HEAPSTER__PYTHON_CLASS("Status"),
    .tp_doc = "What is hooked and how, and what could not be counted. str() is a few lines for people.",
    .tp_repr = status_repr,
    .tp_str = status_str,
};

bool heapster__python_add_values(PyObject *module) {
  return heapster__python_add_class(module, &stats_type, &heapster__generated_stats) &&
         heapster__python_add_class(module, &histogram_type, &heapster__generated_histogram) &&
         heapster__python_add_class(module, &heap_type, &heapster__generated_heap) &&
         heapster__python_add_class(module, &status_type, &heapster__generated_status);
}
