/* `async with` and coroutines: windows that are open while a coroutine waits.

   __aenter__ gives something to await, whose end is told by StopIteration. All objects for that are there before the
   window opens and are kept until it has ended. */
#include "python/module.h"

typedef struct {
  PyObject_HEAD vectorcallfunc vectorcall;
  heapster__PyWindow *manager;
  PyObject *end; /* the StopIteration that ends what is awaited next; or NULL */
} Face;

static PyObject *stop_iteration(PyObject *value) {
  return PyObject_CallFunctionObjArgs(PyExc_StopIteration, value, NULL);
}

static PyObject *enter(Face *self) {
  Py_CLEAR(self->end);
  PyObject *const end = stop_iteration((PyObject *)self->manager);
  if (!end) return NULL;
  PyObject *const manager = PyObject_Vectorcall((PyObject *)self->manager, NULL, 0, NULL);
  if (!manager) {
    Py_DECREF(end);
    return NULL;
  }
  Py_DECREF(manager); /* its caller has it */
  self->end = end;
  Py_INCREF(self);
  return (PyObject *)self;
}

static PyObject *leave(Face *self, PyObject *const *raised) {
  PyObject *const answer = PyObject_Vectorcall((PyObject *)self->manager, raised, 3, NULL);
  if (!answer) return NULL;
  PyObject *const entered = self->end;
  self->end = stop_iteration(answer);
  Py_XDECREF(entered);
  Py_DECREF(answer);
  if (!self->end) return NULL;
  Py_INCREF(self);
  return (PyObject *)self;
}

static PyObject *call(PyObject *object, PyObject *const *arguments, size_t flagged, PyObject *names) {
  Face *const self = (Face *)object;
  const Py_ssize_t count = PyVectorcall_NARGS(flagged);
  if (!names && count == 0) return enter(self);
  if (!names && count == 3) return leave(self, arguments);
  PyErr_SetString(PyExc_TypeError, "__aenter__ and __aexit__ are for an async with block");
  return NULL;
}

static PyObject *await_it(PyObject *self) {
  Py_INCREF(self);
  return self;
}

/* The end stays referenced, so that nothing is freed where it is caught, inside the window. */
static PyObject *next(PyObject *object) {
  PyObject *const end = ((Face *)object)->end;
  if (!end) return NULL;
  Py_INCREF(PyExc_StopIteration);
  Py_INCREF(end);
  PyErr_Restore(PyExc_StopIteration, end, NULL);
  return NULL;
}

static void dealloc(PyObject *object) {
  Face *const self = (Face *)object;
  self->manager->face = NULL;
  Py_CLEAR(self->end);
  Py_CLEAR(self->manager);
  PyObject_Del(self);
}

static PyAsyncMethods async_methods = {.am_await = await_it};

static PyTypeObject face_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "heapster._Face",
    .tp_basicsize = sizeof(Face),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_dealloc = dealloc,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Face, vectorcall),
    .tp_as_async = &async_methods,
    .tp_iter = await_it,
    .tp_iternext = next,
};

PyObject *heapster__async_face(heapster__PyWindow *manager) {
  if (manager->face) {
    Py_INCREF(manager->face);
    return manager->face;
  }
  Face *const face = PyType_Ready(&face_type) == 0 ? PyObject_New(Face, &face_type) : NULL;
  if (!face) return NULL;
  Py_INCREF(manager);
  face->vectorcall = call;
  face->manager = manager;
  face->end = NULL;
  return manager->face = (PyObject *)face;
}

static bool has_flag(PyObject *function, int flags) {
  PyObject *const plain = PyMethod_Check(function) ? PyMethod_GET_FUNCTION(function) : function;
  return PyFunction_Check(plain) && ((PyCodeObject *)PyFunction_GET_CODE(plain))->co_flags & flags;
}

bool heapster__is_coroutine_function(PyObject *function) { return has_flag(function, CO_COROUTINE); }

bool heapster__is_generator_function(PyObject *function) {
  return has_flag(function, CO_GENERATOR | CO_ASYNC_GENERATOR);
}

/* In Python, since only that makes what inspect and asyncio take for a coroutine function. The awaitable is made before
   the window opens, and is freed after it has ended. */
static const char source[] = "def made(again, function):\n"
                             "    async def limited(*arguments, **keywords):\n"
                             "        awaitable = function(*arguments, **keywords)\n"
                             "        with again():\n"
                             "            return await awaitable\n"
                             "    return limited\n";

PyObject *heapster__limited_coroutine(PyObject *again, PyObject *function) {
  PyObject *const names = PyDict_New();
  PyObject *limited = NULL;
  if (names && PyDict_SetItemString(names, "__builtins__", PyEval_GetBuiltins()) == 0) {
    PyObject *const ran = PyRun_String(source, Py_file_input, names, names);
    if (ran) limited = PyObject_CallFunctionObjArgs(PyDict_GetItemString(names, "made"), again, function, NULL);
    Py_XDECREF(ran);
  }
  Py_XDECREF(names);
  return limited;
}
