/* How the values of heapster.i look in Python. The C behind it is in python/*.c. */
%begin %{
#define SWIG_TYPE_TABLE heapster
#include "python/memory.h"
%}
%{
#include "python/module.h"

/* PyInit__heapster is in python/module.c: SWIG's classes come ready only after all that %init can do. */
#undef SWIG_init
#define SWIG_init heapster__python_swig_init
#undef SWIGEXPORT
#define SWIGEXPORT
%}
%include "python/docs.i"

/* --- answers --- */

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
  const struct heapster_figure figure = heapster__stats_figure(arg1, "$1_name");
  $result = figure.is_defined ? PyLong_FromLongLong(figure.value) : SWIG_Py_Void();
}
%typemap(out) struct heapster_real "$result = $1.is_defined ? PyFloat_FromDouble($1.value) : SWIG_Py_Void();"
%typemap(out) struct heapster_text "$result = heapster__python_string($1);"
%typemap(out) struct heapster_new_stats "$result = heapster__python_stats_new($1);"
%typemap(out) struct heapster_new_histogram "$result = heapster__python_histogram_new($1);"
%typemap(out) struct heapster_histogram * "$result = heapster__python_histogram_new(heapster__histogram_copy($1));"
%typemap(out) struct heapster_lua_kinds * {
  $result = arg1->has_lua_kinds ? heapster__python_lua_kinds_new($1) : SWIG_Py_Void();
}
%typemap(out) const struct heapster_stats *
  "$result = $1 ? heapster__python_stats_new(heapster__stats_copy($1)) : SWIG_Py_Void();"
%typemap(out) struct heapster_new_frames "$result = heapster__python_frames_new($1);"
%typemap(out) struct heapster_frame * "$result = arg1->kept_count ? heapster__python_frame_new($1) : SWIG_Py_Void();"
%typemap(out) uint64_t worst_index "$result = $1 ? PyLong_FromUnsignedLongLong($1) : SWIG_Py_Void();"
%typemap(out) enum heapster_error heapster_frame_mark {
  if ($1) { heapster__python_raise($1); SWIG_fail; }
  $result = SWIG_Py_Void();
}
%typemap(out) struct heapster_heap * "$result = heapster__python_heap_new($1);"
%typemap(out) struct heapster_new_status {
  if ($1.error) { heapster__python_raise($1.error); SWIG_fail; }
  $result = SWIG_NewPointerObj($1.value, SWIGTYPE_p_heapster_status, SWIG_POINTER_OWN);
}

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
  if (!heapster__python_heap_find($input, &found)) SWIG_fail;
  $1 = (struct heapster_heap *)found;
}
%typemap(in) const struct heapster_heap *named_heap {
  const struct heapster_heap *found;
  if (!heapster__python_heap_find($input, &found)) SWIG_fail;
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

/* --- between SWIG's types and python/*.c --- */

%wrapper %{
static void *value_of(PyObject *object, swig_type_info *type) {
  void *value = NULL;
  return object != Py_None && SWIG_IsOK(SWIG_ConvertPtr(object, &value, type, 0)) ? value : NULL;
}

static PyObject *new_object(void *value, enum heapster_error error, swig_type_info *type) {
  if (!value) return heapster__python_raise(error ? error : HEAPSTER_NO_MEMORY);
  PyObject *const object = SWIG_Python_NewPointerObj(NULL, value, type, SWIG_POINTER_OWN);
  if (!object) heapster__value_free(value);
  return object;
}

PyObject *heapster__python_stats_new(struct heapster_new_stats made) {
  return new_object(made.value, made.error, SWIGTYPE_p_heapster_stats);
}

PyObject *heapster__python_histogram_new(struct heapster_new_histogram made) {
  return new_object(made.value, made.error, SWIGTYPE_p_heapster_histogram);
}

PyObject *heapster__python_heap_new(const struct heapster_heap *heap) {
  return SWIG_Python_NewPointerObj(NULL, (void *)heap, SWIGTYPE_p_heapster_heap, 0);
}

PyObject *heapster__python_frame_new(const struct heapster_frame *frame) {
  return new_object(heapster__frame_copy(frame), HEAPSTER_NO_MEMORY, SWIGTYPE_p_heapster_frame);
}

PyObject *heapster__python_frames_new(struct heapster_new_frames made) {
  return new_object(made.value, made.error, SWIGTYPE_p_heapster_frames);
}

struct heapster_stats *heapster__python_stats_of(PyObject *object) {
  return value_of(object, SWIGTYPE_p_heapster_stats);
}

struct heapster_histogram *heapster__python_histogram_of(PyObject *object) {
  return value_of(object, SWIGTYPE_p_heapster_histogram);
}

const struct heapster_heap *heapster__python_heap_of(PyObject *object) {
  return value_of(object, SWIGTYPE_p_heapster_heap);
}

const struct heapster_frame *heapster__python_frame_of(PyObject *object) {
  return value_of(object, SWIGTYPE_p_heapster_frame);
}

const struct heapster_frames *heapster__python_frames_of(PyObject *object) {
  return value_of(object, SWIGTYPE_p_heapster_frames);
}

const struct heapster_status *heapster__python_status_of(PyObject *object) {
  return value_of(object, SWIGTYPE_p_heapster_status);
}
%}
