/* The classes that SWIG makes, as values of Python. */
#ifndef HEAPSTER__PYTHON_VALUES_H
#define HEAPSTER__PYTHON_VALUES_H

#include "python/memory.h"

#include "common/text.h"

/* In generated code, which knows SWIG's types. A Stats and a Histogram take over their memory, and NULL is a
   MemoryError; a Frame is copied. */
PyObject *heapster__python_wrap_stats(struct heapster_stats *stats);
PyObject *heapster__python_wrap_histogram(struct heapster_histogram *histogram);
PyObject *heapster__python_wrap_frame(const struct heapster_frame *frame);
PyObject *heapster__python_wrap_heap(const struct heapster_heap *heap);

/* In generated code. NULL without an exception if the object is of another class. */
struct heapster_stats *heapster__python_stats_of(PyObject *object);
struct heapster_histogram *heapster__python_histogram_of(PyObject *object);
struct heapster_heap *heapster__python_heap_of(PyObject *object);
struct heapster_status *heapster__python_status_of(PyObject *object);
struct heapster_frame *heapster__python_frame_of(PyObject *object);
struct heapster_frames *heapster__python_frames_of(PyObject *object);

/* values.c: slots */
PyObject *heapster__python_refuse_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords);
int heapster__python_refuse_set(PyObject *self, PyObject *name, PyObject *value);
PyObject *heapster__python_stats_repr(PyObject *self);
PyObject *heapster__python_stats_compare(PyObject *self, PyObject *other, int operation);
Py_hash_t heapster__python_stats_hash(PyObject *self);
PyObject *heapster__python_histogram_repr(PyObject *self);
PyObject *heapster__python_histogram_compare(PyObject *self, PyObject *other, int operation);
Py_hash_t heapster__python_histogram_hash(PyObject *self);
Py_ssize_t heapster__python_histogram_length(PyObject *self);
PyObject *heapster__python_histogram_bucket(PyObject *self, Py_ssize_t index);
PyObject *heapster__python_histogram_iter(PyObject *self);
PyObject *heapster__python_heap_repr(PyObject *self);
PyObject *heapster__python_heap_compare(PyObject *self, PyObject *other, int operation);
Py_hash_t heapster__python_heap_hash(PyObject *self);
PyObject *heapster__python_status_repr(PyObject *self);
PyObject *heapster__python_frame_repr(PyObject *self);
PyObject *heapster__python_frame_compare(PyObject *self, PyObject *other, int operation);
Py_hash_t heapster__python_frame_hash(PyObject *self);
PyObject *heapster__python_frames_repr(PyObject *self);
Py_ssize_t heapster__python_frames_length(PyObject *self);
PyObject *heapster__python_frames_item(PyObject *self, Py_ssize_t index);

/* dict.c: a Stats as a dict, a Histogram as a list */
PyObject *heapster__python_stats_as_dict(const struct heapster_stats *stats);
PyObject *heapster__python_histogram_as_list(const struct heapster_histogram *histogram);

/* lua_kinds.c: LuaKinds as named tuples, and as dicts */
bool heapster__python_add_lua_kinds(PyObject *module);
PyObject *heapster__python_wrap_lua_kinds(const struct heapster_lua_kinds *kinds);
PyObject *heapster__python_lua_kinds_as_dict(const struct heapster_lua_kinds *kinds);

/* pickle.c */
bool heapster__python_add_restorers(PyObject *module);
PyObject *heapster__python_stats_reduce(const struct heapster_stats *stats);
PyObject *heapster__python_histogram_reduce(const struct heapster_histogram *histogram);

/* html.c: what a notebook shows */
struct heapster_text heapster__python_stats_html(const struct heapster_stats *stats);

#endif
