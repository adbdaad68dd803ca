/* What makes Frame and Frames values of Python: a sequence of frames, each equal to another by its figures. */
#include "python/module.h"

PyObject *heapster__python_frame_compare(PyObject *self, PyObject *other, int operation) {
  const struct heapster_frame *const a = heapster__python_frame_of(self), *const b = heapster__python_frame_of(other);
  if (!a || !b || (operation != Py_EQ && operation != Py_NE)) Py_RETURN_NOTIMPLEMENTED;
  return PyBool_FromLong(heapster__frame_is_equal(a, b) == (operation == Py_EQ));
}

/* The odd number spreads what are mostly small figures. */
Py_hash_t heapster__python_frame_hash(PyObject *self) {
  const struct heapster_frame *const frame = heapster__python_frame_of(self);
  uint64_t hash = frame->alloc_count;
  hash = hash * UINT64_C(0x100000001b3) + frame->realloc_growth_count;
  hash = hash * UINT64_C(0x100000001b3) + frame->total_alloc_sum;
  hash = hash * UINT64_C(0x100000001b3) + frame->use_peak;
  return (Py_hash_t)hash == -1 ? -2 : (Py_hash_t)hash;
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
  if (index >= 0 && (uint64_t)index < frames->kept_count) return heapster__python_frame_new(&frames->kept[index]);
  PyErr_Format(PyExc_IndexError, "there are %llu frames here", (unsigned long long)frames->kept_count);
  return NULL;
}
