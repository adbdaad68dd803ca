/* How the values of heapster.i look in Python. */
%begin %{
#define SWIG_TYPE_TABLE heapster
#include "python/memory.h"
%}
%{
#include "python/errors.h"
#include "python/module.h"
#include "python/options.h"
#include "python/values.h"

/* PyInit__heapster is in python/module.c, since SWIG's classes are ready only after %init. */
#undef SWIG_init
#define SWIG_init heapster__python_swig_init
#undef SWIGEXPORT
#define SWIGEXPORT

/* Takes over `value`; NULL is a MemoryError. */
static PyObject *wrap_value(void *value, swig_type_info *type) {
  if (!value) return PyErr_NoMemory();
  PyObject *const object = SWIG_Python_NewPointerObj(NULL, value, type, SWIG_POINTER_OWN);
  if (!object) heapster__value_free(value);
  return object;
}
%}
%include "python/docs.i"

/* --- results --- */

%typemap(out) enum heapster_error {
  if ($1) { heapster__python_raise_hook("$symname", $1, arg1); SWIG_fail; }
  $result = SWIG_Py_Void();
}
%typemap(out) enum heapster_stats_kind "$result = PyUnicode_FromString(heapster__kind_name($1));"
%typemap(out) enum heapster_scope "$result = PyUnicode_FromString(heapster__scope_name($1));"
%typemap(out) bool "$result = PyBool_FromLong($1);"
%typemap(out) uint64_t, uint32_t "$result = PyLong_FromUnsignedLongLong($1);"
%typemap(out) int64_t "$result = PyLong_FromLongLong($1);"
%typemap(out) uint64_t FIGURE {
  int64_t value;
  const bool is_defined = heapster_stats_get(arg1, heapster_field_find("$1_name"), &value);
  $result = is_defined ? PyLong_FromLongLong(value) : SWIG_Py_Void();
}
%typemap(out) struct heapster_real "$result = $1.is_defined ? PyFloat_FromDouble($1.value) : SWIG_Py_Void();"
%typemap(out) struct heapster_text "$result = heapster__python_string($1);"
%typemap(out) struct heapster_new_stats
  "$result = $1.error ? heapster__python_raise($1.error) : heapster__python_wrap_stats($1.value);"
%typemap(out) struct heapster_histogram *, struct heapster_status *, struct heapster_frames *
  "$result = wrap_value(($owner) ? $1 : heapster__value_copy($1, sizeof *$1), $1_descriptor);"
%typemap(out) struct heapster_lua_kinds * {
  $result = arg1->has_lua_kinds ? heapster__python_wrap_lua_kinds($1) : SWIG_Py_Void();
}
%typemap(out) const struct heapster_stats *
  "$result = $1 ? heapster__python_wrap_stats(heapster__stats_copy($1)) : SWIG_Py_Void();"
%typemap(out) struct heapster_frame * "$result = arg1->kept_count ? heapster__python_wrap_frame($1) : SWIG_Py_Void();"
%typemap(out) uint64_t worst_index "$result = $1 ? PyLong_FromUnsignedLongLong($1) : SWIG_Py_Void();"
%typemap(out) enum heapster_error heapster_frame_mark {
  if ($1) { heapster__python_raise($1); SWIG_fail; }
  $result = SWIG_Py_Void();
}
%typemap(out) struct heapster_heap * "$result = heapster__python_wrap_heap($1);"

/* --- arguments --- */

%typemap(in) const char *name {
  if (!PyUnicode_Check($input)) {
    PyErr_Format(PyExc_TypeError, "name must be a str, not %.200s", Py_TYPE($input)->tp_name);
    SWIG_fail;
  }
  $1 = (char *)heapster__python_chars($input);
  if (!$1) SWIG_fail;
}
%typemap(in) const struct heapster_heap *heap {
  const struct heapster_heap *found;
  if (!heapster__python_find_heap($input, &found)) SWIG_fail;
  $1 = (struct heapster_heap *)found;
}
%typemap(in) const struct heapster_heap *named_heap {
  const struct heapster_heap *found;
  if (!heapster__python_find_heap($input, &found)) SWIG_fail;
  if (!found) { PyErr_SetString(PyExc_TypeError, "heap must be a name or a heapster.Heap, not None"); SWIG_fail; }
  $1 = (struct heapster_heap *)found;
}
%typemap(in) double q {
  $1 = PyFloat_AsDouble($input);
  if (PyErr_Occurred()) SWIG_fail;
  if (!($1 >= 0 && $1 <= 1)) { PyErr_Format(PyExc_ValueError, "q must be 0 .. 1, not %R", $input); SWIG_fail; }
}
%feature("kwargs") heapster__script_stats;
%feature("kwargs") heapster__script_live_histogram;
%feature("kwargs") heapster__script_frames;

/* --- values --- */

%define VALUE(type, short_name)
%feature("python:tp_flags") type "Py_TPFLAGS_DEFAULT";
%feature("python:tp_dictoffset") type "0";
%feature("python:tp_new") type "heapster__python_refuse_new";
%feature("python:tp_setattro") type "heapster__python_refuse_set";
%feature("python:tp_repr") type "heapster__python_" #short_name "_repr";
%feature("python:slot", "tp_str", functype="reprfunc") type::as_text;
%enddef
%define COMPARED_VALUE(type, short_name)
VALUE(type, short_name)
%feature("python:tp_richcompare") type "heapster__python_" #short_name "_compare";
%feature("python:tp_hash") type "heapster__python_" #short_name "_hash";
%feature("python:slot", "nb_subtract", functype="binaryfunc") type::minus;
%pythonmaybecall type::minus;
%ignore type::is_equal;
%enddef

COMPARED_VALUE(heapster_stats, stats)
COMPARED_VALUE(heapster_histogram, histogram)
COMPARED_VALUE(heapster_heap, heap)
COMPARED_VALUE(heapster_frame, frame)
VALUE(heapster_frames, frames)
VALUE(heapster_status, status)

%feature("python:sq_length") heapster_histogram "heapster__python_histogram_length";
%feature("python:sq_item") heapster_histogram "heapster__python_histogram_bucket";
%feature("python:tp_iter") heapster_histogram "heapster__python_histogram_iter";
%feature("python:sq_length") heapster_frames "heapster__python_frames_length";
%feature("python:sq_item") heapster_frames "heapster__python_frames_item";
%feature("python:tp_iter") heapster_frames "PySeqIter_New";

%extend heapster_stats {
  PyObject *as_dict(void) const { return heapster__python_stats_as_dict($self); }
  PyObject *__reduce__(void) const { return heapster__python_stats_reduce($self); }
  struct heapster_text _repr_html_(void) const { return heapster__python_stats_html($self); }
}
%extend heapster_histogram {
  PyObject *__reduce__(void) const { return heapster__python_histogram_reduce($self); }
}

/* --- between SWIG's types and python/ --- */

%wrapper %{
PyObject *heapster__python_wrap_stats(struct heapster_stats *stats) {
  return wrap_value(stats, SWIGTYPE_p_heapster_stats);
}

PyObject *heapster__python_wrap_histogram(struct heapster_histogram *histogram) {
  return wrap_value(histogram, SWIGTYPE_p_heapster_histogram);
}

PyObject *heapster__python_wrap_frame(const struct heapster_frame *frame) {
  return wrap_value(heapster__value_copy(frame, sizeof *frame), SWIGTYPE_p_heapster_frame);
}

PyObject *heapster__python_wrap_heap(const struct heapster_heap *heap) {
  return SWIG_Python_NewPointerObj(NULL, (void *)heap, SWIGTYPE_p_heapster_heap, 0);
}

#define DEFINE_OF(name) \
  struct heapster_##name *heapster__python_##name##_of(PyObject *object) { \
    void *value = NULL; \
    const int status = SWIG_ConvertPtr(object, &value, SWIGTYPE_p_heapster_##name, 0); \
    return object != Py_None && SWIG_IsOK(status) ? value : NULL; \
  }
DEFINE_OF(stats)
DEFINE_OF(histogram)
DEFINE_OF(heap)
DEFINE_OF(status)
DEFINE_OF(frame)
DEFINE_OF(frames)
%}
