/* The context managers measuring() and limit().

   To enter a with block Python reads __enter__ and __exit__, which makes two bound methods. It frees the first after
   calling it: inside the window. So these attributes are descriptors that return the manager itself. */
#include "python/manager.h"

#include "base/atomics.h"
#include "common/stats.h"
#include "python/errors.h"
#include "python/explain.h"
#include "python/static_type.h"
#include "python/window.h"

/* The attribute __enter__ or __exit__ of a manager's type. */
typedef struct {
  PyObject_HEAD vectorcallfunc vectorcall;
  PyTypeObject *manager_type;
  bool is_async;
} Descriptor;

static PyObject *get(PyObject *self, PyObject *manager, PyObject *type) {
  (void)type;
  PyObject *const result = manager ? manager : self;
  if (manager && ((Descriptor *)self)->is_async) return heapster__adapt_manager((heapster__Manager *)manager);
  Py_INCREF(result);
  return result;
}

/* Through the type, as contextlib.ExitStack does: __enter__(manager), __exit__(manager, type, value, traceback). */
static PyObject *call(PyObject *self, PyObject *const *arguments, size_t flagged, PyObject *names) {
  const Py_ssize_t count = PyVectorcall_NARGS(flagged);
  PyTypeObject *const type = ((Descriptor *)self)->manager_type;
  if (count < 1 || !PyObject_TypeCheck(arguments[0], type))
    return PyErr_Format(PyExc_TypeError, "__enter__ and __exit__ need a %s", type->tp_name);
  PyObject *const callee = get(self, arguments[0], NULL);
  PyObject *const result = callee ? PyObject_Vectorcall(callee, arguments + 1, (size_t)count - 1, names) : NULL;
  Py_XDECREF(callee);
  return result;
}

static void dealloc(PyObject *self) { PyObject_Del(self); }

static PyTypeObject descriptor_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "heapster._Descriptor",
    .tp_basicsize = sizeof(Descriptor),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Descriptor, vectorcall),
    .tp_descr_get = get,
    .tp_dealloc = dealloc,
};

static bool add_descriptor(PyTypeObject *type, const char *name, bool is_async) {
  Descriptor *const descriptor = PyObject_New(Descriptor, &descriptor_type);
  if (!descriptor) return false;
  descriptor->vectorcall = call;
  descriptor->manager_type = type;
  descriptor->is_async = is_async;
  const int failed = PyDict_SetItemString(type->tp_dict, name, (PyObject *)descriptor);
  Py_DECREF(descriptor);
  return !failed;
}

bool heapster__ready_manager_type(PyTypeObject *type) {
  if (heapster__python_ready_type(&descriptor_type) < 0 || heapster__python_ready_type(type) < 0) return false;
  if (!heapster__ready_adaptor_type()) return false;
  if (!add_descriptor(type, "__enter__", false) || !add_descriptor(type, "__exit__", false)) return false;
  if (!add_descriptor(type, "__aenter__", true) || !add_descriptor(type, "__aexit__", true)) return false;
  PyType_Modified(type);
  return true;
}

void heapster__init_manager(heapster__Manager *self, const struct heapster__options *options) {
  self->options = *options;
  Py_INCREF(self->options.heap);
  Py_XINCREF(self->options.root);
  self->stats = NULL;
  self->explanation = 0;
  self->adaptor = NULL;
  self->collector = (struct heapster__collector){.is_stopped = false};
  self->state = HEAPSTER__MANAGER_CLOSED;
}

static bool claim(heapster__Manager *self, enum heapster__manager_state from) {
  return atomic_compare_exchange_strong(&self->state, &from, HEAPSTER__MANAGER_BUSY);
}

/* The thread's window opens last, so that opening it adds nothing to itself. */
static bool open_windows(heapster__Manager *self) {
  if (!heapster__open_window(&self->options, &self->window)) return false;
  struct heapster__options thread = self->options;
  thread.scope = HEAPSTER_THREAD;
  if (!self->options.thread_peak || heapster__open_window(&thread, &self->thread_window)) return true;
  heapster_window_end(self->window, NULL);
  return false;
}

static bool enter(heapster__Manager *self) {
  if (!self->stats) self->stats = heapster__python_alloc_stats();
  if (!self->stats || !heapster__stop_collector(&self->collector, &self->options)) return false;
  uint64_t explanation;
  if (!heapster__begin_explaining(&self->options, &explanation)) {
    heapster__restart_collector(&self->collector);
    return false;
  }
  self->explanation = explanation;
  if (open_windows(self)) return true;
  heapster__drop_explaining(explanation);
  heapster__restart_collector(&self->collector);
  return false;
}

bool heapster__enter_manager(heapster__Manager *self) {
  if (!claim(self, HEAPSTER__MANAGER_CLOSED))
    return heapster__python_refuse(PyExc_RuntimeError, "this window is open already");
  const bool is_open = enter(self);
  self->state = is_open ? HEAPSTER__MANAGER_OPEN : HEAPSTER__MANAGER_CLOSED;
  return is_open;
}

static enum heapster_error end_windows(heapster__Manager *self) {
  struct heapster_stats thread;
  const bool has_thread = self->options.thread_peak;
  heapster__collect(&self->collector);
  heapster__settle_explaining(self->explanation);
  enum heapster_error error = has_thread ? heapster_window_end(self->thread_window, &thread) : HEAPSTER_OK;
  if (!error) error = heapster__stats_end_window(self->window, self->stats);
  if (!error && has_thread) heapster__stats_set_thread(self->stats, &thread);
  return error;
}

/* The window's figures and sites; without figures there is an error. */
static struct heapster__measured leave(heapster__Manager *self, enum heapster_error *error) {
  struct heapster__measured measured = {NULL, NULL};
  *error = end_windows(self);
  if (*error == HEAPSTER_WRONG_THREAD) return measured;
  const bool is_explained = heapster__end_explaining(self->explanation, &measured.sites);
  heapster__restart_collector(&self->collector);
  if (*error || !is_explained) {
    heapster__python_free_sites(measured.sites);
    return (struct heapster__measured){NULL, NULL};
  }
  measured.stats = self->stats;
  self->stats = NULL;
  return measured;
}

struct heapster__measured heapster__leave_manager(heapster__Manager *self) {
  enum heapster_error error = HEAPSTER_WINDOW_CLOSED;
  struct heapster__measured measured = {NULL, NULL};
  if (claim(self, HEAPSTER__MANAGER_OPEN)) {
    measured = leave(self, &error);
    self->state = error == HEAPSTER_WRONG_THREAD ? HEAPSTER__MANAGER_OPEN : HEAPSTER__MANAGER_CLOSED;
  }
  if (error && !PyErr_Occurred()) heapster__python_raise(error);
  return measured;
}

void heapster__measured_free(struct heapster__measured measured) {
  heapster__stats_free(measured.stats);
  heapster__python_free_sites(measured.sites);
}

void heapster__clear_manager(heapster__Manager *self) {
  const bool is_open = self->state == HEAPSTER__MANAGER_OPEN;
  if (is_open && self->options.thread_peak) heapster_window_end(self->thread_window, NULL);
  if (is_open) heapster_window_end(self->window, NULL);
  if (is_open) heapster__drop_explaining(self->explanation);
  if (is_open) heapster__restart_collector(&self->collector);
  heapster__stats_free(self->stats);
  Py_CLEAR(self->options.heap);
  Py_CLEAR(self->options.root);
}
