/* The module: SWIG's classes and functions, tidied, and what is written by hand. */
#include "python/module.h"

#include <heapster/modules.h>

/* SWIG begins each text with a newline; without it Python finds the signature. */
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

/* SWIG gives its classes attributes for memory that scripts share with C++; here a value is a value. And what Python
   says with an operator or with str() needs no method. */
static void tidy_type(PyTypeObject *type) {
  static const char *const names[] = {"this",    "thisown",  "acquire",  "disown",   "own",   "append", "next",
                                      "__int__", "__dict__", "__init__", "__rsub__", "minus", "text"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (PyDict_GetItemString(type->tp_dict, names[i])) PyDict_DelItemString(type->tp_dict, names[i]);
  }
  tidy_docs(type->tp_dict);
  if (type->tp_as_number) type->tp_as_number->nb_int = NULL;
  ((PyObject *)type)->ob_type = &PyType_Type; /* SWIG's own metaclass is for static members; there are none */
  PyType_Modified(type);
}

/* SWIG gives a class a new dict each time an interpreter starts, but CPython fills only the first: that one is kept. */
static void keep_dict(PyTypeObject *type, PyObject **first) {
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
    keep_dict(type, &first_dicts[i]);
    tidy_type(type->tp_base);
    type->tp_base->tp_name = "heapster._Value";
    tidy_type(type);
    Py_DECREF(type);
  }
  return true;
}

static PyObject *heaps(PyObject *module, PyObject *none) {
  (void)module, (void)none;
  PyObject *list = PyList_New(0);
  for (const struct heapster_heap *heap = heapster_heap_next(NULL); list && heap; heap = heapster_heap_next(heap)) {
    PyObject *const object = heapster__python_heap_new(heap);
    if (!object || PyList_Append(list, object) < 0) Py_CLEAR(list);
    Py_XDECREF(object);
  }
  return list;
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
     "Call fn(*args, **kwargs) and return (its result, the Stats of what the heap did meanwhile).\n\n"
     "An exception of fn passes through. heap is None for all heaps, a name or a Heap; scope is 'process' or\n"
     "'thread', for the requests of the calling thread only. fn is called warmup times before, then repeat times;\n"
     "the run with the fewest requests counts, since others can only add. gc='stop' collects garbage first and keeps\n"
     "the collector off. Arguments of these names do not reach fn: wrap it in a lambda. Raises NotCounting where\n"
     "nothing of this is counted."},
    {"measuring", FASTCALL(heapster__python_measuring),
     "measuring(heap=None, scope='process', *, gc='leave', thread_peak=False)\n--\n\n"
     "Measure a with block: `with measuring() as m: ...`, then m.diff is the Stats of what the heap did in it. Also "
     "for\n"
     "`async with`: the window is open while the block waits. gc='stop' collects garbage first and keeps the "
     "collector\n"
     "off. With thread_peak, m.diff.thread knows a use_peak, too, and the block must end on the thread that began it."},
    {"limit", FASTCALL(heapster__python_limit),
     "limit(*, heap=None, scope='process', **limits)\n--\n\n"
     "Limit what a with block, or the function that it decorates, may do: raises LimitExceeded where it did more.\n\n"
     "A limit's name is a figure of a window, such as alloc_count, use_peak or live_change. Its value is the most\n"
     "allowed, as a number or, for bytes, a size such as '1 MiB'; or a pair of the least and the most, None for no\n"
     "end: live_change=(0, 0). A block that raises is not judged. A decorated function is measured call by call, a\n"
     "decorated coroutine function from a coroutine's start to its end."},
    {"heaps", heaps, METH_NOARGS, "heaps()\n--\n\nReturn a list of every Heap that is counted, the oldest first."},
    {"size_text", size_text, METH_O,
     "size_text(bytes, /)\n--\n\n"
     "Return bytes as a report writes them: '4 B', '64 KiB', '2.45 KiB'. Two decimals unless whole. Raises\n"
     "OverflowError outside 0 .. 2**64 - 1."},
    {NULL, NULL, 0, NULL},
};

/* A host that registers the module as `heapster` gets one of that name, for pickles to find. */
static bool name_it(PyObject *module) {
  const char *const name = PyModule_GetName(module);
  return name && (strcmp(name, "_heapster") != 0 || PyModule_AddStringConstant(module, "__name__", "heapster") == 0);
}

/* `from heapster import *` and help(heapster): every name without an underscore. */
static bool list_names(PyObject *module) {
  PyObject *const all = PyList_New(0);
  PyObject *name, *value;
  bool is_complete = all != NULL;
  for (Py_ssize_t at = 0; is_complete && PyDict_Next(PyModule_GetDict(module), &at, &name, &value);) {
    if (PyUnicode_READ_CHAR(name, 0) != '_') is_complete = PyList_Append(all, name) == 0;
  }
  is_complete = is_complete && PyList_Sort(all) == 0 && PyObject_SetAttrString(module, "__all__", all) == 0;
  Py_XDECREF(all);
  return is_complete;
}

static bool complete(PyObject *module) {
  return tidy(module) && name_it(module) && PyModule_AddFunctions(module, methods) == 0 &&
         PyModule_AddStringConstant(module, "__version__", heapster_version()) == 0 &&
         heapster__python_errors_add(module) && heapster__python_values_add(module) &&
         heapster__python_lua_kinds_add(module) && heapster__measuring_add(module) && heapster__limit_add(module) &&
         list_names(module) && heapster__python_start();
}

/* Figures of two copies of the core would not add up. */
static bool is_only_copy(void) {
  const char *const conflict = heapster_conflict();
  if (conflict) PyErr_SetString(PyExc_ImportError, conflict);
  return !conflict;
}

PyObject *PyInit__heapster(void) {
  if (!is_only_copy()) return NULL;
  PyObject *module = heapster__python_swig_init();
  if (module && !complete(module)) Py_CLEAR(module);
  return module;
}
