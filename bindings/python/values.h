/* Values of the core as objects of Python: what the classes are made of, and what else can be made of a value. */
#ifndef HEAPSTER__PYTHON_VALUES_H
#define HEAPSTER__PYTHON_VALUES_H

#include "python/memory.h"

#include "common/text.h"
#include "python/sites.h"

/* values.c and frames.c: new objects. They take over their memory, and NULL is a MemoryError; a Frame is copied, a Heap
   stays the core's. */
PyObject *heapster__python_wrap_stats(struct heapster_stats *stats);
PyObject *heapster__python_wrap_histogram(struct heapster_histogram *histogram);
PyObject *heapster__python_wrap_heap(const struct heapster_heap *heap);
PyObject *heapster__python_wrap_status(struct heapster_status *status);
/* Once, for a Stats of an explained window, which takes over the Sites. */
void heapster__python_set_sites(PyObject *stats, PyObject *sites);
PyObject *heapster__python_wrap_frame(const struct heapster_frame *frame);
PyObject *heapster__python_wrap_frames(struct heapster_frames *frames);

/* The attribute `sites` of a Stats. */
PyObject *heapster__python_get_sites(PyObject *stats, void *none);

/* NULL without an exception if the object is of another class. */
struct heapster_stats *heapster__python_stats_of(PyObject *object);
struct heapster_histogram *heapster__python_histogram_of(PyObject *object);
struct heapster__held_heap *heapster__python_held_heap_of(PyObject *object);
struct heapster_status *heapster__python_status_of(PyObject *object);
struct heapster_frame *heapster__python_frame_of(PyObject *object);
struct heapster_frames *heapster__python_frames_of(PyObject *object);

bool heapster__python_add_values(PyObject *module);
bool heapster__python_add_frames(PyObject *module);

/* dict.c: a Stats as a dict, a Histogram as a list */
PyObject *heapster__python_stats_as_dict(const struct heapster_stats *stats);
PyObject *heapster__python_histogram_as_list(const struct heapster_histogram *histogram);

/* lua_kinds.c: LuaKinds as named tuples, and as dicts */
bool heapster__python_add_lua_kinds(PyObject *module);
PyObject *heapster__python_wrap_lua_kinds(const struct heapster_lua_kinds *kinds);
PyObject *heapster__python_lua_kinds_as_dict(const struct heapster_lua_kinds *kinds);

/* make.c: values from plain ones */
bool heapster__python_add_makers(PyObject *module);

/* pickle.c */
bool heapster__python_add_restorers(PyObject *module);
PyObject *heapster__python_stats_reduce(const struct heapster_stats *stats);
PyObject *heapster__python_histogram_reduce(const struct heapster_histogram *histogram);

/* html.c: what a notebook shows */
struct heapster_text heapster__python_stats_html(const struct heapster_stats *stats);

#endif
