/* `async with`: a window that stays open while a coroutine waits.

   __aenter__ returns something to await, which ends with a StopIteration. All objects for that are made before the
   window opens and live until it has ended. */
#include "python/manager.h"

#include "python/static_type.h"
#include "python/threads.h"

typedef struct {
  PyObject_HEAD vectorcallfunc vectorcall;
  heapster__Manager *manager;
  PyObject *end; /* the StopIteration of the next await, or NULL */
} Adaptor;

static PyObject *make_end(PyObject *value) { return PyObject_CallFunctionObjArgs(PyExc_StopIteration, value, NULL); }

/* Takes over `end`, and gives what was there before. */
static PyObject *exchange_end(Adaptor *self, PyObject *end) {
  PyObject *before;
  HEAPSTER__BEGIN_ALONE(self);
  before = self->end;
  self->end = end;
  HEAPSTER__END_ALONE;
  return before;
}

static PyObject *enter(Adaptor *self) {
  Py_XDECREF(exchange_end(self, NULL));
  PyObject *const end = make_end((PyObject *)self->manager);
  if (!end) return NULL;
  PyObject *const manager = PyObject_Vectorcall((PyObject *)self->manager, NULL, 0, NULL);
  if (!manager) {
    Py_DECREF(end);
    return NULL;
  }
  Py_DECREF(manager); /* the caller has a reference */
  Py_XDECREF(exchange_end(self, end));
  Py_INCREF(self);
  return (PyObject *)self;
}

static PyObject *leave(Adaptor *self, PyObject *const *raised) {
  PyObject *const answer = PyObject_Vectorcall((PyObject *)self->manager, raised, 3, NULL);
  if (!answer) return NULL;
  PyObject *const end = make_end(answer);
  Py_XDECREF(exchange_end(self, end));
  Py_DECREF(answer);
  if (!end) return NULL;
  Py_INCREF(self);
  return (PyObject *)self;
}

static PyObject *call(PyObject *object, PyObject *const *arguments, size_t flagged, PyObject *names) {
  Adaptor *const self = (Adaptor *)object;
  const Py_ssize_t count = PyVectorcall_NARGS(flagged);
  if (!names && count == 0) return enter(self);
  if (!names && count == 3) return leave(self, arguments);
  return PyErr_Format(PyExc_TypeError, "__aenter__ and __aexit__ are for an async with block");
}

/* Keeps a reference to the end, or catching it would free it inside the window. */
static PyObject *next(PyObject *object) {
  PyObject *end;
  HEAPSTER__BEGIN_ALONE(object);
  end = ((Adaptor *)object)->end;
  Py_XINCREF(end);
  HEAPSTER__END_ALONE;
  if (!end) return NULL;
  Py_INCREF(PyExc_StopIteration);
  PyErr_Restore(PyExc_StopIteration, end, NULL);
  return NULL;
}

static void dealloc(PyObject *object) {
  Adaptor *const self = (Adaptor *)object;
  HEAPSTER__BEGIN_ALONE(self->manager);
  if (self->manager->adaptor == object) self->manager->adaptor = NULL;
  HEAPSTER__END_ALONE;
  Py_CLEAR(self->end);
  Py_CLEAR(self->manager);
  PyObject_Del(self);
}

static PyAsyncMethods async_methods = {.am_await = PyObject_SelfIter};

static PyTypeObject adaptor_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "heapster._Awaitable",
    .tp_basicsize = sizeof(Adaptor),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_dealloc = dealloc,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Adaptor, vectorcall),
    .tp_as_async = &async_methods,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = next,
};

bool heapster__ready_adaptor_type(void) { return heapster__python_ready_type(&adaptor_type) >= 0; }

static PyObject *new_adaptor(heapster__Manager *manager) {
  Adaptor *const adaptor = PyObject_New(Adaptor, &adaptor_type);
  if (!adaptor) return NULL;
  Py_INCREF(manager);
  adaptor->vectorcall = call;
  adaptor->manager = manager;
  adaptor->end = NULL;
  return (PyObject *)adaptor;
}

PyObject *heapster__adapt_manager(heapster__Manager *manager) {
  PyObject *adaptor;
  HEAPSTER__BEGIN_ALONE(manager);
  adaptor = manager->adaptor;
  if (adaptor && heapster__python_is_mine(adaptor))
    Py_INCREF(adaptor);
  else if ((adaptor = new_adaptor(manager)))
    manager->adaptor = adaptor;
  HEAPSTER__END_ALONE;
  return adaptor;
}
