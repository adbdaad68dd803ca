/* measuring(): the window of a with block, and its diff afterwards. */
#include "python/module.h"

#include "common/stats.h"
#include "python/call.h"
#include "python/errors.h"
#include "python/manager.h"
#include "python/threads.h"
#include "python/values.h"

typedef struct {
  heapster__Manager manager;
  _Atomic bool has_ended;
  struct heapster__measured measured; /* once it has ended, until `diff` takes it over */
  PyObject *diff;                     /* created on first use */
} Measuring;

static PyObject *enter(Measuring *self) {
  if (self->has_ended) return PyErr_Format(PyExc_RuntimeError, "this window has ended: measuring() makes another");
  if (!heapster__enter_manager(&self->manager)) return NULL;
  Py_INCREF(self);
  return (PyObject *)self;
}

/* Of two threads that shared the manager, the figures of the first to leave are kept. */
static bool end(Measuring *self) {
  struct heapster__measured measured = heapster__leave_manager(&self->manager);
  if (!measured.stats) return false;
  HEAPSTER__BEGIN_ALONE(self);
  if (!self->has_ended) {
    self->measured = measured;
    measured = (struct heapster__measured){NULL, NULL};
  }
  self->has_ended = true;
  HEAPSTER__END_ALONE;
  heapster__measured_free(measured);
  return true;
}

static PyObject *leave(Measuring *self) {
  if (!end(self)) return NULL;
  Py_RETURN_FALSE;
}

static PyObject *call(PyObject *self, PyObject *const *arguments, size_t flagged, PyObject *names) {
  (void)arguments;
  const Py_ssize_t count = PyVectorcall_NARGS(flagged);
  if (!names && count == 0) return enter((Measuring *)self);
  if (!names && count == 3) return leave((Measuring *)self);
  return PyErr_Format(PyExc_TypeError, "measuring() is for a with block: with heapster.measuring() as m");
}

static PyObject *get_diff(PyObject *object, void *closure) {
  (void)closure;
  Measuring *const self = (Measuring *)object;
  if (!self->has_ended) return PyErr_Format(PyExc_RuntimeError, "diff is known when the with block has ended");
  PyObject *diff;
  HEAPSTER__BEGIN_ALONE(object);
  if (!self->diff) {
    self->diff = heapster__python_wrap_explained(self->measured.stats, self->measured.sites);
    self->measured = (struct heapster__measured){NULL, NULL};
  }
  diff = self->diff;
  Py_XINCREF(diff);
  HEAPSTER__END_ALONE;
  return diff;
}

static PyObject *get_sites(PyObject *object, void *closure) {
  PyObject *const diff = get_diff(object, NULL);
  PyObject *const sites = diff ? heapster__python_get_sites(diff, closure) : NULL;
  Py_XDECREF(diff);
  return sites;
}

static PyObject *repr(PyObject *object) {
  Measuring *const self = (Measuring *)object;
  const char *const state = self->has_ended ? "ended" : self->manager.state ? "open" : "not begun";
  return PyUnicode_FromFormat("<Measuring %s>", state);
}

static void dealloc(PyObject *object) {
  Measuring *const self = (Measuring *)object;
  heapster__clear_manager(&self->manager);
  heapster__measured_free(self->measured);
  Py_XDECREF(self->diff);
  PyObject_Del(self);
}

static PyObject *run(PyObject *object, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  Measuring *const self = (Measuring *)object;
  struct heapster__call call;
  if (count < 1 || !PyCallable_Check(arguments[0]))
    return PyErr_Format(PyExc_TypeError, "run() needs a function to call: run(fn, *args)");
  PyObject *result = NULL;
  PyObject *entered = NULL;
  if (heapster__prepare_call(&call, arguments[0], arguments + 1, (size_t)count - 1, names, NULL) &&
      (entered = enter(self))) {
    result = heapster__run_call(&call);
    if (!end(self)) Py_CLEAR(result);
  }
  heapster__free_call(&call);
  Py_XDECREF(entered);
  return result;
}

static PyMethodDef methods[] = {
    {"run", (PyCFunction)(void (*)(void))run, METH_FASTCALL | METH_KEYWORDS,
     "run($self, fn, /, *args, **kwargs)\n--\n\n"
     "Call fn(*args, **kwargs) in the window and return its result. All arguments go to fn. diff is known afterwards,\n"
     "even if fn raised."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef attributes[] = {
    {"diff", get_diff, NULL, "The Stats of the window, once the with block has ended.", NULL},
    {"sites", get_sites, NULL, "diff.sites: the lines that made its requests; None if that was not asked for.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyTypeObject measuring_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "heapster.Measuring",
    .tp_doc = "The window of a with block, from measuring().",
    .tp_basicsize = sizeof(Measuring),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_dealloc = dealloc,
    .tp_repr = repr,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Measuring, manager.vectorcall),
    .tp_methods = methods,
    .tp_getset = attributes,
};

static PyObject *new_measuring(const struct heapster__options *options) {
  Measuring *const self = PyObject_New(Measuring, &measuring_type);
  if (!self) return NULL;
  heapster__init_manager(&self->manager, options);
  self->manager.vectorcall = call;
  self->has_ended = false;
  self->measured = (struct heapster__measured){NULL, NULL};
  self->diff = NULL;
  return (PyObject *)self;
}

PyObject *heapster__python_measuring(PyObject *module, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  (void)module;
  struct heapster__options options = heapster__make_options();
  if (!heapster__parse_measuring(&options, "measuring", arguments, count, names)) return NULL;
  return new_measuring(&options);
}

PyObject *heapster__python_explaining(PyObject *module, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  (void)module;
  struct heapster__options options = heapster__make_options();
  options.explains = true;
  if (!heapster__parse_measuring(&options, "explaining", arguments, count, names)) return NULL;
  return new_measuring(&options);
}

bool heapster__python_add_measuring(PyObject *module) {
  if (!heapster__ready_manager_type(&measuring_type)) return false;
  /* Only a with block calls it, so it is not listed. A restarted interpreter finds it removed already. */
  if (PyDict_DelItemString(measuring_type.tp_dict, "__call__") < 0) PyErr_Clear();
  PyType_Modified(&measuring_type);
  Py_INCREF(&measuring_type);
  return !PyModule_AddObject(module, "Measuring", (PyObject *)&measuring_type);
}
