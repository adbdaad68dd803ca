/* How the values of heapster.i look in Python. SWIG makes functions, methods and attributes. The classes and the module
   are written by hand: no object is SWIG's, and its start never runs. */
%{
#include "python/errors.h"
#include "python/large.h"
#include "python/memory.h"
#include "python/objects.h"
#include "python/options.h"
#include "python/values.h"

#undef SWIGEXPORT
#define SWIGEXPORT static SWIGUNUSED
%}

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
%define RESULT(short_name)
%typemap(out) struct heapster_##short_name * {
  $result = heapster__python_wrap_##short_name(($owner) ? $1 : heapster__value_copy($1, sizeof *$1));
}
%enddef
RESULT(histogram)
RESULT(status)
RESULT(frames)
%typemap(out) struct heapster_lua_kinds * {
  $result = arg1->has_lua_kinds ? heapster__python_wrap_lua_kinds($1) : SWIG_Py_Void();
}
%typemap(out) struct heapster_stats *
  "$result = $1 ? heapster__python_wrap_stats(heapster__stats_copy_figures($1)) : SWIG_Py_Void();"
%typemap(out) struct heapster_frame * "$result = arg1->kept_count ? heapster__python_wrap_frame($1) : SWIG_Py_Void();"
%typemap(out) uint64_t worst_index "$result = $1 ? PyLong_FromUnsignedLongLong($1) : SWIG_Py_Void();"
%typemap(out) enum heapster_error heapster_frame_mark {
  if ($1) { heapster__python_raise($1); SWIG_fail; }
  $result = SWIG_Py_Void();
}
%typemap(out) enum heapster_error heapster__script_watch_large {
  if ($1) { heapster__python_raise_watch($1); SWIG_fail; }
  $result = SWIG_Py_Void();
}
%typemap(out) char [ANY] "$result = heapster__python_word($1);"
%typemap(out) struct heapster_heap * "$result = heapster__python_wrap_heap($1);"

/* --- arguments --- */

/* The object of a method or an attribute: CPython has checked its class. */
%define SELF(short_name)
%typemap(in) struct heapster_##short_name *, const struct heapster_##short_name * {
  $1 = heapster__python_##short_name##_of($input);
}
%enddef
SELF(stats)
SELF(histogram)
SELF(status)
SELF(frame)
SELF(frames)
%typemap(in) struct heapster__held_heap *, const struct heapster__held_heap * {
  $1 = heapster__python_held_heap_of($input);
}

%typemap(in) struct heapster__named_request *, const struct heapster__named_request * {
  $1 = heapster__python_large_of($input);
}

%typemap(in) uint64_t size "if (!heapster__python_parse_watched($input, &$1)) SWIG_fail;"
%typemap(in) bool keep "if (!heapster__python_parse_keep($input, &$1)) SWIG_fail;"
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
%feature("kwargs") heapster__script_watch_large;

/* --- values --- */

/* Python has these as operators and str(), in values.c and frames.c. */
%define SLOTS(type)
%ignore type::is_equal;
%ignore type::minus;
%ignore type::as_text;
%enddef
SLOTS(heapster_stats)
SLOTS(heapster_histogram)
SLOTS(heapster_status)
SLOTS(heapster_frame)
SLOTS(heapster_frames)
SLOTS(heapster__named_request)

%extend heapster_stats {
  PyObject *as_dict(void) const { return heapster__python_stats_as_dict($self); }
  PyObject *__reduce__(void) const { return heapster__python_stats_reduce($self); }
  struct heapster_text _repr_html_(void) const { return heapster__python_stats_html($self); }
}
%extend heapster_histogram {
  PyObject *__reduce__(void) const { return heapster__python_histogram_reduce($self); }
}
