/* Heaps in Python: which one is meant, and all of them. */
#include "python/options.h"

#include "common/held.h"
#include "common/hooks.h"
#include "common/reasons.h"
#include "python/errors.h"
#include "python/values.h"

bool heapster__python_check_heap(PyObject *object) {
  if (object == Py_None || PyUnicode_Check(object) || heapster__python_held_heap_of(object)) return true;
  return heapster__python_refuse(PyExc_TypeError, "heap must be None, a name or a heapster.Heap, not %.200s",
                                 Py_TYPE(object)->tp_name);
}

bool heapster__python_find_heap(PyObject *object, const struct heapster_heap **heap) {
  *heap = NULL;
  if (!heapster__python_check_heap(object)) return false;
  if (object == Py_None) return true;
  const struct heapster__python_errors *const errors = &heapster__python_errors;
  const struct heapster__held_heap *const held = heapster__python_held_heap_of(object);
  if (held) {
    *heap = heapster__held_heap(held);
    if (!*heap) heapster__python_raise_text(errors->unknown_heap, heapster__explain_ended(held->name));
    return *heap != NULL;
  }
  const char *const name = heapster__python_chars(object);
  if (!name) return false;
  *heap = heapster_heap_find(name);
  if (*heap) return true;
  heapster__python_raise_text(heapster__is_hook_name(name) ? errors->not_counting : errors->unknown_heap,
                              heapster__explain_heap(name));
  return false;
}

PyObject *heapster__python_heaps(PyObject *module, PyObject *none) {
  (void)module, (void)none;
  PyObject *list = PyList_New(0);
  for (const struct heapster_heap *heap = heapster_heap_next(NULL); list && heap; heap = heapster_heap_next(heap)) {
    PyObject *const object = heapster__python_wrap_heap(heap);
    if (!object || PyList_Append(list, object) < 0) Py_CLEAR(list);
    Py_XDECREF(object);
  }
  return list;
}
