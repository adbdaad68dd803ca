/* measuring(): the window of a with block, and its diff afterwards. */
#include "common/value.h"
#include "python/module.h"

typedef struct {
  heapster__PyWindow window;
  bool has_ended;
  PyObject *diff; /* made when it is first asked for */
} Measuring;

static PyObject *enter(Measuring *self) {
  if (self->has_ended) {
    PyErr_SetString(PyExc_RuntimeError, "this window has ended: measuring() makes another");
    return NULL;
  }
  if (!heapster__pywindow_begin(&self->window)) return NULL;
  Py_INCREF(self);
  return (PyObject *)self;
}

static PyObject *leave(Measuring *self) {
  if (!heapster__pywindow_end(&self->window)) return NULL;
  self->has_ended = true;
  Py_RETURN_FALSE;
}

static PyObject *call(PyObject *self, PyObject *const *arguments, size_t flagged, PyObject *names) {
  (void)arguments;
  const Py_ssize_t count = PyVectorcall_NARGS(flagged);
  if (!names && count == 0) return enter((Measuring *)self);
  if (!names && count == 3) return leave((Measuring *)self);
  PyErr_SetString(PyExc_TypeError, "measuring() is for a with block: with heapster.measuring() as m");
  return NULL;
}

static PyObject *get_diff(PyObject *object, void *closure) {
  (void)closure;
  Measuring *const self = (Measuring *)object;
  if (!self->has_ended) {
    PyErr_SetString(PyExc_RuntimeError, "diff is known when the with block has ended");
    return NULL;
  }
  if (!self->diff) {
    self->diff = heapster__python_stats_new((struct heapster_new_stats){self->window.stats, HEAPSTER_OK});
    self->window.stats = NULL;
  }
  Py_XINCREF(self->diff);
  return self->diff;
}

static PyObject *repr(PyObject *object) {
  Measuring *const self = (Measuring *)object;
  const char *const state = self->has_ended ? "ended" : self->window.is_open ? "open" : "not begun";
  return PyUnicode_FromFormat("<Measuring %s>", state);
}

static void dealloc(PyObject *object) {
  Measuring *const self = (Measuring *)object;
  heapster__pywindow_clear(&self->window);
  Py_XDECREF(self->diff);
  PyObject_Del(self);
}

/* The function's own arguments, whatever they are called; the diff is there also where it raised. */
static PyObject *run(PyObject *object, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  Measuring *const self = (Measuring *)object;
  struct heapster__call call;
  if (count < 1 || !PyCallable_Check(arguments[0])) {
    PyErr_SetString(PyExc_TypeError, "run() needs a function to call: run(fn, *args)");
    return NULL;
  }
  PyObject *result = NULL;
  PyObject *entered = NULL;
  if (heapster__call_make(&call, arguments[0], arguments + 1, (size_t)count - 1, names, NULL) &&
      (entered = enter(self)) != NULL) {
    result = heapster__call_run(&call);
    self->has_ended = heapster__pywindow_end(&self->window);
    if (!self->has_ended) Py_CLEAR(result);
  }
  heapster__call_free(&call);
  Py_XDECREF(entered);
  return result;
}

static PyMethodDef methods[] = {
    {"run", (PyCFunction)(void (*)(void))run, METH_FASTCALL | METH_KEYWORDS,
     "run($self, fn, /, *args, **kwargs)\n--\n\n"
     "Call fn(*args, **kwargs) in the window and return its result. Every argument is fn's, and diff is known "
     "afterwards "
     "also where\nfn raised."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef attributes[] = {
    {"diff", get_diff, NULL, "The Stats of the window, once the with block has ended.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyTypeObject measuring_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "heapster.Measuring",
    .tp_doc = "The window of a with block: what measuring() gives.",
    .tp_basicsize = sizeof(Measuring),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_dealloc = dealloc,
    .tp_repr = repr,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Measuring, window.vectorcall),
    .tp_methods = methods,
    .tp_getset = attributes,
};

PyObject *heapster__python_measuring(PyObject *module, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  (void)module;
  struct heapster__options options = heapster__options_default();
  if (!heapster__options_take(&options, "measuring", arguments, count, names)) return NULL;
  Measuring *const self = PyObject_New(Measuring, &measuring_type);
  if (!self) return NULL;
  heapster__pywindow_init(&self->window, &options);
  self->window.vectorcall = call;
  self->has_ended = false;
  self->diff = NULL;
  return (PyObject *)self;
}

bool heapster__measuring_add(PyObject *module) {
  if (!heapster__pywindow_type_ready(&measuring_type)) return false;
  /* a with block calls it, nobody else: not to be listed, and gone already where the interpreter starts again */
  if (PyDict_DelItemString(measuring_type.tp_dict, "__call__") < 0) PyErr_Clear();
  PyType_Modified(&measuring_type);
  Py_INCREF(&measuring_type);
  return PyModule_AddObject(module, "Measuring", (PyObject *)&measuring_type) == 0;
}
