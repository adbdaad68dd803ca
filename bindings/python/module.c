/* The module: SWIG's classes and functions, cleaned up, with the handwritten ones. */
#include "python/module.h"

#include "python/errors.h"
#include "python/options.h"
#include "python/values.h"

#include <heapster/modules.h>

/* SWIG starts each docstring with a newline, which hides the signature from Python. */
static void tidy_doc(PyMethodDef *method) {
  if (method->ml_doc && method->ml_doc[0] == '\n') method->ml_doc++;
}

static void tidy_docs(PyObject *dict) {
  PyObject *name, *value;
  for (Py_ssize_t at = 0; PyDict_Next(dict, &at, &name, &value);) {
    if (PyCFunction_Check(value)) tidy_doc(((PyCFunctionObject *)value)->m_ml);
    if (Py_TYPE(value) == &PyMethodDescr_Type) tidy_doc(((PyMethodDescrObject *)value)->d_method);
  }
}

/* Deletes SWIG's attributes for shared memory, since these objects are plain values, and the methods that Python has as
   an operator or str(). */
static void tidy_type(PyTypeObject *type) {
  static const char *const names[] = {"this",    "thisown",  "acquire",  "disown",   "own",   "append", "next",
                                      "__int__", "__dict__", "__init__", "__rsub__", "minus", "text"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (PyDict_GetItemString(type->tp_dict, names[i])) PyDict_DelItemString(type->tp_dict, names[i]);
  }
  tidy_docs(type->tp_dict);
  if (type->tp_as_number) type->tp_as_number->nb_int = NULL;
  ((PyObject *)type)->ob_type = &PyType_Type; /* SWIG's metaclass serves static members only */
  PyType_Modified(type);
}

/* SWIG gives a class a new dict each time an interpreter starts, but CPython fills only the first. */
static void restore_dict(PyTypeObject *type, PyObject **first) {
  if (!*first) *first = type->tp_dict;
  if (*first == type->tp_dict) return;
  Py_DECREF(type->tp_dict);
  type->tp_dict = *first;
}

static bool tidy(PyObject *module) {
  static const char *const classes[] = {"Stats", "Histogram", "Heap", "Status", "Frame", "Frames"};
  static PyObject *first_dicts[sizeof classes / sizeof classes[0]];
  tidy_docs(PyModule_GetDict(module));
  for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
    PyTypeObject *const type = (PyTypeObject *)PyObject_GetAttrString(module, classes[i]);
    if (!type) return false;
    restore_dict(type, &first_dicts[i]);
    tidy_type(type->tp_base);
    type->tp_base->tp_name = "heapster._Value";
    tidy_type(type);
    Py_DECREF(type);
  }
  return true;
}

static PyObject *size_text(PyObject *module, PyObject *bytes) {
  (void)module;
  char text[HEAPSTER_SIZE_TEXT];
  const unsigned long long count = PyLong_AsUnsignedLongLong(bytes);
  if (PyErr_Occurred()) return NULL;
  return PyUnicode_FromStringAndSize(text, (Py_ssize_t)heapster_size_text(count, text));
}

#define FASTCALL(function) (PyCFunction)(void (*)(void))(function), METH_FASTCALL | METH_KEYWORDS

static PyMethodDef methods[] = {
    {"measure", FASTCALL(heapster__python_measure),
     "measure(fn, /, *args, heap=None, scope='process', warmup=0, repeat=1, gc='leave', **kwargs)\n--\n\n"
     "Call fn(*args, **kwargs) and return (its result, the Stats of that time).\n\n"
     "An exception of fn passes through. heap is None for all heaps, a name or a Heap. scope is 'process', or "
     "'thread'\n"
     "for the calling thread's requests only. fn is first called warmup times, then repeat times; the run with the\n"
     "fewest requests counts, since other threads can only add. gc='stop' collects garbage first and disables the\n"
     "collector. Arguments of these names do not reach fn: wrap it in a lambda. Raises NotCounting if nothing of the\n"
     "heap is counted."},
    {"measuring", FASTCALL(heapster__python_measuring),
     "measuring(heap=None, scope='process', *, gc='leave', thread_peak=False)\n--\n\n"
     "Measure a with block: `with measuring() as m: ...`; then m.diff is its Stats. In `async with` the window stays\n"
     "open while the block waits. gc='stop' collects garbage first and disables the collector. With thread_peak,\n"
     "m.diff.thread has a use_peak, too, and the block must end on the thread that began it."},
    {"limit", FASTCALL(heapster__python_limit),
     "limit(*, heap=None, scope='process', **limits)\n--\n\n"
     "Limit a with block, or the function that it decorates: raises LimitExceeded if it did more.\n\n"
     "A limit's name is a figure of a window, such as alloc_count, use_peak or live_change. Its value is the most\n"
     "allowed: a number or, for bytes, a size such as '1 MiB'. A pair is the least and the most, None for no end:\n"
     "live_change=(0, 0). A block that raises is not judged. A use_peak that is above its limit by no more than\n"
     "use_peak_error is a warning, LimitUnjudged. Each call of a decorated function has its own window; a decorated\n"
     "coroutine function is measured from a coroutine's start to its end."},
    {"heaps", heapster__python_heaps, METH_NOARGS, "heaps()\n--\n\nReturn a list of every Heap, the oldest first."},
    {"size_text", size_text, METH_O,
     "size_text(bytes, /)\n--\n\n"
     "Return bytes as a report writes them: '4 B', '64 KiB', '2.45 KiB'. Two decimals unless whole. Raises\n"
     "OverflowError outside 0 .. 2**64 - 1."},
    {NULL, NULL, 0, NULL},
};

/* Names the module `heapster`, so that pickles find it where a host registers it under that name. */
static bool rename_module(PyObject *module) {
  const char *const name = PyModule_GetName(module);
  return name && (strcmp(name, "_heapster") != 0 || !PyModule_AddStringConstant(module, "__name__", "heapster"));
}

/* Sets __all__: every name without an underscore. */
static bool list_names(PyObject *module) {
  PyObject *const all = PyList_New(0);
  PyObject *name, *value;
  bool is_complete = all != NULL;
  for (Py_ssize_t at = 0; is_complete && PyDict_Next(PyModule_GetDict(module), &at, &name, &value);) {
    if (PyUnicode_READ_CHAR(name, 0) != '_') is_complete = !PyList_Append(all, name);
  }
  is_complete = is_complete && !PyList_Sort(all) && !PyObject_SetAttrString(module, "__all__", all);
  Py_XDECREF(all);
  return is_complete;
}

static bool complete(PyObject *module) {
  return tidy(module) && rename_module(module) && !PyModule_AddFunctions(module, methods) &&
         !PyModule_AddStringConstant(module, "__version__", heapster_version()) &&
         heapster__python_add_errors(module) && heapster__python_add_restorers(module) &&
         heapster__python_add_lua_kinds(module) && heapster__python_add_measuring(module) &&
         heapster__python_add_limit(module) && list_names(module) && heapster__python_start();
}

PyObject *PyInit__heapster(void) {
  const char *const conflict = heapster_conflict();
  if (conflict) return PyErr_Format(PyExc_ImportError, "%s", conflict);
  PyObject *module = heapster__python_swig_init();
  if (module && !complete(module)) Py_CLEAR(module);
  return module;
}
