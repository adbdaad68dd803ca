/* A function decorated with @limit(...): it looks like the function, and each call has a window of its own. */
#include "python/limits.h"

#include "common/stats.h"
#include "python/call.h"
#include "python/static_type.h"

typedef struct {
  PyObject_HEAD vectorcallfunc vectorcall;
  PyObject *owner; /* the Limit, which keeps `limits` */
  const struct heapster__limits *limits;
  PyObject *function;
  PyObject *dict; /* __wrapped__, __name__, __doc__ */
} Limited;

static PyObject *measure(struct heapster__call *call, const struct heapster__options *options,
                         struct heapster_stats *stats, struct heapster__sites **sites) {
  struct heapster__collector collector;
  if (!heapster__stop_collector(&collector, options)) return NULL;
  PyObject *const result = heapster__measure_call(call, options, &collector, stats, sites);
  heapster__restart_collector(&collector);
  return result;
}

static PyObject *call(PyObject *object, PyObject *const *arguments, size_t flagged, PyObject *names) {
  const Limited *const self = (Limited *)object;
  struct heapster__call call;
  struct heapster_stats_with_thread both;
  struct heapster__sites *sites = NULL;
  PyObject *result = NULL;
  if (!self->function) return PyErr_Format(PyExc_RuntimeError, "this function is being destroyed");
  if (heapster__prepare_call(&call, self->function, arguments, (size_t)PyVectorcall_NARGS(flagged), names, NULL))
    result = measure(&call, &self->limits->options, &both.stats, &sites);
  heapster__free_call(&call);
  if (result && !heapster__judge_limits(self->limits, &both.stats, sites)) Py_CLEAR(result);
  heapster__python_free_sites(sites);
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

bool heapster__ready_limited_type(void) { return heapster__python_ready_type(&limited_type) >= 0; }

/* functools.update_wrapper. */
static bool update_wrapper(PyObject *limited, PyObject *function) {
  PyObject *const functools = PyImport_ImportModule("functools");
  PyObject *const result = functools ? PyObject_CallMethod(functools, "update_wrapper", "OO", limited, function) : NULL;
  Py_XDECREF(functools);
  Py_XDECREF(result);
  return result != NULL;
}

static PyObject *new_limited(PyObject *owner, const struct heapster__limits *limits, PyObject *function) {
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
  return (PyObject *)self;
}

/* In Python, since inspect and asyncio recognise only Python's own coroutine functions. The awaitable is made before
   the window opens and is freed after it has ended. */
static const char source[] = "def limit(renew, function):\n"
                             "    async def limited(*arguments, **keywords):\n"
                             "        awaitable = function(*arguments, **keywords)\n"
                             "        with renew():\n"
                             "            return await awaitable\n"
                             "    return limited\n";

/* A coroutine function; each of its coroutines has a window and limits of its own. */
static PyObject *new_coroutine_function(PyObject *owner, PyMethodDef *renew, PyObject *function) {
  PyObject *const bound = PyCFunction_New(renew, owner);
  PyObject *const names = PyDict_New();
  PyObject *limited = NULL;
  if (bound && names && !PyDict_SetItemString(names, "__builtins__", PyEval_GetBuiltins())) {
    PyObject *const ran = PyRun_String(source, Py_file_input, names, names);
    if (ran) limited = PyObject_CallFunctionObjArgs(PyDict_GetItemString(names, "limit"), bound, function, NULL);
    Py_XDECREF(ran);
  }
  Py_XDECREF(names);
  Py_XDECREF(bound);
  return limited;
}

static bool has_flag(PyObject *function, int flags) {
  PyObject *const plain = PyMethod_Check(function) ? PyMethod_GET_FUNCTION(function) : function;
  return PyFunction_Check(plain) && ((PyCodeObject *)PyFunction_GET_CODE(plain))->co_flags & flags;
}

PyObject *heapster__limit_function(PyObject *owner, const struct heapster__limits *limits, PyMethodDef *renew,
                                   PyObject *function) {
  if (has_flag(function, CO_GENERATOR | CO_ASYNC_GENERATOR))
    return PyErr_Format(PyExc_TypeError,
                        "limit() cannot judge %R: calling it only makes the generator; put the loop that runs it into "
                        "a function, or into `with limit(...)`",
                        function);
  PyObject *limited = has_flag(function, CO_COROUTINE) ? new_coroutine_function(owner, renew, function)
                                                       : new_limited(owner, limits, function);
  if (limited && !update_wrapper(limited, function)) Py_CLEAR(limited);
  return limited;
}
