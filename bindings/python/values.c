/* Slots of the classes that SWIG makes: equal, hashable, read-only, with a short repr. */
#include "python/values.h"

#include "common/stats.h"
#include "common/values.h"
#include "python/errors.h"

#include <inttypes.h>

PyObject *heapster__python_refuse_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
  (void)arguments, (void)keywords;
  return PyErr_Format(PyExc_TypeError, "a %s cannot be made by hand: heapster's functions give it", type->tp_name);
}

int heapster__python_refuse_set(PyObject *self, PyObject *name, PyObject *value) {
  PyErr_Format(PyExc_AttributeError, "a %s is read-only: cannot %s %R", Py_TYPE(self)->tp_name,
               value ? "set" : "delete", name);
  return -1;
}

static PyObject *compare(bool is_same_class, bool is_equal, int operation) {
  if (!is_same_class || (operation != Py_EQ && operation != Py_NE)) Py_RETURN_NOTIMPLEMENTED;
  return PyBool_FromLong(is_equal == (operation == Py_EQ));
}

/* FNV-1a. */
static uint64_t hash_bytes(uint64_t hash, const void *value, size_t size) {
  const unsigned char *const bytes = value;
  for (size_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
  return hash;
}

static const uint64_t hash_start = UINT64_C(0xcbf29ce484222325);

/* Python reserves -1 for an error. */
static Py_hash_t finish_hash(uint64_t hash) { return (Py_hash_t)hash == -1 ? -2 : (Py_hash_t)hash; }

/* --- Stats --- */

PyObject *heapster__python_stats_compare(PyObject *self, PyObject *other, int operation) {
  const struct heapster_stats *const a = heapster__python_stats_of(self), *const b = heapster__python_stats_of(other);
  return compare(a && b, a && b && heapster_stats_is_equal(a, b), operation);
}

/* Over what equality compares: the figures that have a meaning. */
Py_hash_t heapster__python_stats_hash(PyObject *self) {
  const struct heapster_stats *const stats = heapster__python_stats_of(self);
  const struct heapster_field *field;
  const int words[] = {(int)stats->kind, (int)stats->scope};
  uint64_t hash = hash_bytes(hash_start, words, sizeof words);
  for (size_t i = 0; (field = heapster_field_at(i)); i++) {
    int64_t value;
    if (heapster_stats_get(stats, field, &value)) hash = hash_bytes(hash, &value, sizeof value);
  }
  return finish_hash(hash_bytes(hash, &stats->alloc_histogram, sizeof stats->alloc_histogram));
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

/* --- Histogram --- */

PyObject *heapster__python_histogram_compare(PyObject *self, PyObject *other, int operation) {
  const struct heapster_histogram *const a = heapster__python_histogram_of(self);
  const struct heapster_histogram *const b = heapster__python_histogram_of(other);
  return compare(a && b, a && b && !memcmp(a, b, sizeof *a), operation);
}

Py_hash_t heapster__python_histogram_hash(PyObject *self) {
  return finish_hash(hash_bytes(hash_start, heapster__python_histogram_of(self), sizeof(struct heapster_histogram)));
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
  return PyErr_Format(PyExc_IndexError, "a Histogram has the buckets 0 .. 63");
}

/* Over a list of all buckets: one call instead of 65. */
PyObject *heapster__python_histogram_iter(PyObject *self) {
  PyObject *const list = heapster__python_histogram_as_list(heapster__python_histogram_of(self));
  PyObject *const iterator = list ? PyObject_GetIter(list) : NULL;
  Py_XDECREF(list);
  return iterator;
}

/* --- Heap and Status --- */

PyObject *heapster__python_heap_compare(PyObject *self, PyObject *other, int operation) {
  const struct heapster_heap *const a = heapster__python_heap_of(self), *const b = heapster__python_heap_of(other);
  return compare(a && b, a == b, operation);
}

Py_hash_t heapster__python_heap_hash(PyObject *self) {
  const uintptr_t address = (uintptr_t)heapster__python_heap_of(self);
  return finish_hash(hash_bytes(hash_start, &address, sizeof address));
}

PyObject *heapster__python_heap_repr(PyObject *self) {
  return PyUnicode_FromFormat("<Heap '%s'>", heapster_heap_name(heapster__python_heap_of(self)));
}

PyObject *heapster__python_status_repr(PyObject *self) {
  const struct heapster_status *const status = heapster__python_status_of(self);
  return PyUnicode_FromFormat("<Status %s malloc=%s windows_open=%u>", status->version, status->malloc_way,
                              status->windows_open);
}

/* --- Frame and Frames --- */

PyObject *heapster__python_frame_compare(PyObject *self, PyObject *other, int operation) {
  const struct heapster_frame *const a = heapster__python_frame_of(self), *const b = heapster__python_frame_of(other);
  return compare(a && b, a && b && !memcmp(a, b, sizeof *a), operation);
}

Py_hash_t heapster__python_frame_hash(PyObject *self) {
  return finish_hash(hash_bytes(hash_start, heapster__python_frame_of(self), sizeof(struct heapster_frame)));
}

PyObject *heapster__python_frame_repr(PyObject *self) {
  PyObject *const figures = heapster__python_string(heapster__frame_text(heapster__python_frame_of(self)));
  PyObject *const text = figures ? PyUnicode_FromFormat("<Frame %U>", figures) : NULL;
  Py_XDECREF(figures);
  return text;
}

PyObject *heapster__python_frames_repr(PyObject *self) {
  const struct heapster_frames *const frames = heapster__python_frames_of(self);
  return PyUnicode_FromFormat("<Frames frame_count=%llu quiet_count=%llu worst_index=%llu>",
                              (unsigned long long)frames->frame_count, (unsigned long long)frames->quiet_count,
                              (unsigned long long)frames->worst_index);
}

Py_ssize_t heapster__python_frames_length(PyObject *self) {
  return (Py_ssize_t)heapster__python_frames_of(self)->kept_count;
}

PyObject *heapster__python_frames_item(PyObject *self, Py_ssize_t index) {
  const struct heapster_frames *const frames = heapster__python_frames_of(self);
  if (index >= 0 && (uint64_t)index < frames->kept_count) return heapster__python_wrap_frame(&frames->kept[index]);
  return PyErr_Format(PyExc_IndexError, "there are %llu frames here", (unsigned long long)frames->kept_count);
}
