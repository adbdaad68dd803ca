/* The classes Frame and Frames. */
#include "python/values.h"

#include "common/value.h"
#include "common/values.h"
#include "python/errors.h"
#include "python/objects.h"

/* --- Frame --- */

static PyTypeObject frame_type;

PyObject *heapster__python_wrap_frame(const struct heapster_frame *frame) {
  return heapster__python_wrap_value(&frame_type, heapster__value_copy(frame, sizeof *frame));
}

struct heapster_frame *heapster__python_frame_of(PyObject *object) {
  return heapster__python_value_of(object, &frame_type);
}

static PyObject *frame_compare(PyObject *self, PyObject *other, int operation) {
  const struct heapster_frame *const a = heapster__python_frame_of(self), *const b = heapster__python_frame_of(other);
  return heapster__python_compare(a && b, a && b && !memcmp(a, b, sizeof *a), operation);
}

static Py_hash_t frame_hash(PyObject *self) {
  const struct heapster_frame *const frame = heapster__python_frame_of(self);
  return heapster__python_finish_hash(heapster__python_hash(HEAPSTER__HASH_START, frame, sizeof *frame));
}

static PyObject *frame_str(PyObject *self) {
  return heapster__python_string(heapster__frame_text(heapster__python_frame_of(self)));
}

static PyObject *frame_repr(PyObject *self) {
  PyObject *const figures = frame_str(self);
  PyObject *const text = figures ? PyUnicode_FromFormat("<Frame %U>", figures) : NULL;
  Py_XDECREF(figures);
  return text;
}

static PyTypeObject frame_type = {
    HEAPSTER__PYTHON_CLASS("Frame"),
    .tp_doc =
        "What happened between two calls of frame(). A value, equal to another with the same figures; they mean the "
        "same as in\n"
        "a window's Stats.",
    .tp_richcompare = frame_compare,
    .tp_hash = frame_hash,
    .tp_repr = frame_repr,
    .tp_str = frame_str,
};

/* --- Frames --- */

static PyTypeObject frames_type;

PyObject *heapster__python_wrap_frames(struct heapster_frames *frames) {
  return heapster__python_wrap_value(&frames_type, frames);
}

struct heapster_frames *heapster__python_frames_of(PyObject *object) {
  return heapster__python_value_of(object, &frames_type);
}

static PyObject *frames_repr(PyObject *self) {
  const struct heapster_frames *const frames = heapster__python_frames_of(self);
  return PyUnicode_FromFormat("<Frames frame_count=%llu quiet_count=%llu worst_index=%llu>",
                              (unsigned long long)frames->frame_count, (unsigned long long)frames->quiet_count,
                              (unsigned long long)frames->worst_index);
}

static PyObject *frames_str(PyObject *self) {
  return heapster__python_string(heapster__frames_text(heapster__python_frames_of(self)));
}

static Py_ssize_t frames_length(PyObject *self) { return (Py_ssize_t)heapster__python_frames_of(self)->kept_count; }

static PyObject *frames_item(PyObject *self, Py_ssize_t index) {
  const struct heapster_frames *const frames = heapster__python_frames_of(self);
  if (index >= 0 && (uint64_t)index < frames->kept_count) return heapster__python_wrap_frame(&frames->kept[index]);
  return PyErr_Format(PyExc_IndexError, "no such frame: %llu %s kept", (unsigned long long)frames->kept_count,
                      frames->kept_count == 1 ? "is" : "are");
}

static PySequenceMethods frames_sequence = {.sq_length = frames_length, .sq_item = frames_item};

static PyTypeObject frames_type = {
    HEAPSTER__PYTHON_CLASS("Frames"),
    .tp_doc = "The last frames of a heap or of all heaps: a sequence of Frame, the oldest first, at most 256.",
    .tp_repr = frames_repr,
    .tp_str = frames_str,
    .tp_iter = PySeqIter_New,
    .tp_as_sequence = &frames_sequence,
};

bool heapster__python_add_frames(PyObject *module) {
  return heapster__python_add_class(module, &frame_type, &heapster__generated_frame) &&
         heapster__python_add_class(module, &frames_type, &heapster__generated_frames);
}
