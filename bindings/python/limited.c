/* A function with limits, as @limit(...) makes it: looks like the function, each call is a window of its own. */
#include "python/module.h"

typedef struct {
  PyObject_HEAD vectorcallfunc vectorcall;
  PyObject *owner; /* the Limit, which keeps `limits` */
  const struct heapster__limits *limits;
  PyObject *function;
  PyObject *dict; /* __wrapped__, __name__, __doc__ */
} Limited;

static PyObject *call(PyObject *object, PyObject *const *arguments, size_t flagged, PyObject *names) {
  const Limited *const self = (Limited *)object;
  struct heapster__call call;
  struct heapster_shared_stats stats;
  PyObject *result = NULL;
  if (!self->function) return PyErr_Format(PyExc_RuntimeError, "this function is being destroyed");
  if (heapster__call_make(&call, self->function, arguments, (size_t)PyVectorcall_NARGS(flagged), names, NULL))
    result = heapster__call_in_window(&call, &self->limits->options, &stats.stats);
  heapster__call_free(&call);
  if (result && !heapster__limits_judge(self->limits, &stats.stats)) Py_CLEAR(result);
  return result;
}

static PyObject *bind(PyObject *self, PyObject *object, PyObject *type) {
  (void)type;
  if (object && object != Py_None) return PyMethod_New(self, object);
  Py_INCREF(self);
  return self;
}

static PyObject *repr(PyObject *self) { return PyUnicode_FromFormat("<limited %R>", ((Limited *)self)->function); }

static int traverse(PyObject *object, visitproc visit, void *arg) {
  Limited *const self = (Limited *)object;
  Py_VISIT(self->owner);
  Py_VISIT(self->function);
  Py_VISIT(self->dict);
  return 0;
}

static int clear(PyObject *object) {
  Limited *const self = (Limited *)object;
  Py_CLEAR(self->function);
  Py_CLEAR(self->dict);
  return 0;
}

static void dealloc(PyObject *self) {
  PyObject_GC_UnTrack(self);
  clear(self);
  Py_CLEAR(((Limited *)self)->owner);
  PyObject_GC_Del(self);
}

static PyGetSetDef attributes[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyTypeObject limited_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "heapster.Limited",
    .tp_basicsize = sizeof(Limited),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_HAVE_GC,
    .tp_dealloc = dealloc,
    .tp_traverse = traverse,
    .tp_clear = clear,
    .tp_repr = repr,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Limited, vectorcall),
    .tp_dictoffset = offsetof(Limited, dict),
    .tp_descr_get = bind,
    .tp_getset = attributes,
};

/* Gives it the function's name, docs and signature, as functools.wraps does. */
static bool dress(PyObject *limited, PyObject *function) {
  PyObject *const functools = PyImport_ImportModule("functools");
  PyObject *const dressed =
      functools ? PyObject_CallMethod(functools, "update_wrapper", "OO", limited, function) : NULL;
  Py_XDECREF(functools);
  Py_XDECREF(dressed);
  return dressed != NULL;
}

/* A coroutine function whose every coroutine is a window. */
static PyObject *new_coroutine(PyObject *owner, PyObject *function) {
  static PyMethodDef again = {"again", heapster__limit_again, METH_NOARGS, NULL};
  PyObject *const made = PyCFunction_New(&again, owner);
  PyObject *limited = made ? heapster__limited_coroutine(made, function) : NULL;
  Py_XDECREF(made);
  if (limited && !dress(limited, function)) Py_CLEAR(limited);
  return limited;
}

PyObject *heapster__limited_new(PyObject *owner, const struct heapster__limits *limits, PyObject *function) {
  if (heapster__is_coroutine_function(function)) return new_coroutine(owner, function);
  if (heapster__is_generator_function(function))
    return PyErr_Format(
        PyExc_TypeError,
        "limit() cannot judge %R: calling it only makes the generator; put the loop that runs it into a "
        "function, or into `with limit(...)`",
        function);
  if (PyType_Ready(&limited_type) < 0) return NULL;
  Limited *const self = PyObject_GC_New(Limited, &limited_type);
  if (!self) return NULL;
  Py_INCREF(owner);
  Py_INCREF(function);
  self->vectorcall = call;
  self->owner = owner;
  self->limits = limits;
  self->function = function;
  self->dict = NULL;
  PyObject_GC_Track(self);
  if (dress((PyObject *)self, function)) return (PyObject *)self;
  Py_DECREF(self);
  return NULL;
}
