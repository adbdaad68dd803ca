/* What `with measuring()` and `with limit()` share: a window between __enter__ and __exit__, __aenter__ and __aexit__.

   To enter a with block Python fetches __enter__ and __exit__, which makes a bound method of each, and frees the first
   after it has been called: inside the window. So the two attributes here hand out the manager itself, which is
   called with no argument to enter and with three to leave. */
#include "common/value.h"
#include "python/module.h"

/* The attribute __enter__ or __exit__ of a manager's type. */
typedef struct {
  PyObject_HEAD vectorcallfunc vectorcall;
  PyTypeObject *of;
  bool is_async;
} Door;

static PyObject *door_get(PyObject *self, PyObject *manager, PyObject *type) {
  (void)type;
  PyObject *const called = manager ? manager : self;
  if (manager && ((Door *)self)->is_async) return heapster__async_face((heapster__PyWindow *)manager);
  Py_INCREF(called);
  return called;
}

/* By the type, as contextlib.ExitStack does: __enter__(manager), __exit__(manager, type, value, traceback). */
static PyObject *door_call(PyObject *self, PyObject *const *arguments, size_t flagged, PyObject *names) {
  const Py_ssize_t count = PyVectorcall_NARGS(flagged);
  PyTypeObject *const type = ((Door *)self)->of;
  if (count < 1 || !PyObject_TypeCheck(arguments[0], type))
    return PyErr_Format(PyExc_TypeError, "__enter__ and __exit__ need a %s", type->tp_name);
  PyObject *const called = door_get(self, arguments[0], NULL);
  PyObject *const result = called ? PyObject_Vectorcall(called, arguments + 1, (size_t)count - 1, names) : NULL;
  Py_XDECREF(called);
  return result;
}

static void door_dealloc(PyObject *self) { PyObject_Del(self); }

static PyTypeObject door_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "heapster._Door",
    .tp_basicsize = sizeof(Door),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Door, vectorcall),
    .tp_descr_get = door_get,
    .tp_dealloc = door_dealloc,
};

static bool door_add(PyTypeObject *type, const char *name, bool is_async) {
  Door *const door = PyObject_New(Door, &door_type);
  if (!door) return false;
  door->vectorcall = door_call;
  door->of = type;
  door->is_async = is_async;
  const int failed = PyDict_SetItemString(type->tp_dict, name, (PyObject *)door);
  Py_DECREF(door);
  return !failed;
}

bool heapster__pywindow_type_ready(PyTypeObject *type) {
  if (PyType_Ready(&door_type) < 0 || PyType_Ready(type) < 0) return false;
  if (!door_add(type, "__enter__", false) || !door_add(type, "__exit__", false)) return false;
  if (!door_add(type, "__aenter__", true) || !door_add(type, "__aexit__", true)) return false;
  PyType_Modified(type);
  return true;
}

void heapster__pywindow_init(heapster__PyWindow *self, const struct heapster__options *options) {
  self->options = *options;
  Py_INCREF(self->options.heap);
  self->stats = NULL;
  self->face = NULL;
  self->is_open = false;
}

/* Inside the other one, so that what opening this one may take is no part of it. */
static bool open_own(heapster__PyWindow *self) {
  struct heapster__options own = self->options;
  own.scope = HEAPSTER_THREAD;
  if (!self->options.thread_peak || heapster__window_open(&own, &self->own)) return true;
  heapster_window_end(self->window, NULL);
  return false;
}

static bool open_both(heapster__PyWindow *self) {
  return heapster__window_open(&self->options, &self->window) && open_own(self);
}

static bool make_stats(heapster__PyWindow *self) {
  if (!self->stats) self->stats = heapster__stats_new();
  if (!self->stats) PyErr_NoMemory();
  return self->stats != NULL;
}

bool heapster__pywindow_begin(heapster__PyWindow *self) {
  if (self->is_open) {
    PyErr_SetString(PyExc_RuntimeError, "this window is open already");
    return false;
  }
  if (!make_stats(self)) return false;
  if (self->options.stops_gc && !heapster__gc_stop(&self->gc_was_on)) return false;
  self->is_open = open_both(self);
  if (!self->is_open && self->options.stops_gc) heapster__gc_restore(self->gc_was_on);
  return self->is_open;
}

static enum heapster_error end_both(heapster__PyWindow *self) {
  struct heapster_stats own;
  const bool has_own = self->options.thread_peak;
  enum heapster_error error = has_own ? heapster_window_end(self->own, &own) : HEAPSTER_OK;
  if (!error) error = heapster__stats_window_end(self->window, self->stats);
  if (!error && has_own) heapster__stats_share_set(self->stats, &own);
  return error;
}

bool heapster__pywindow_end(heapster__PyWindow *self) {
  const enum heapster_error error = self->is_open ? end_both(self) : HEAPSTER_WINDOW_CLOSED;
  if (error && !PyErr_Occurred()) heapster__python_raise(error);
  if (self->is_open && error != HEAPSTER_WRONG_THREAD) {
    self->is_open = false;
    if (self->options.stops_gc) heapster__gc_restore(self->gc_was_on);
  }
  return !error;
}

void heapster__pywindow_clear(heapster__PyWindow *self) {
  if (self->is_open && self->options.thread_peak) heapster_window_end(self->own, NULL);
  if (self->is_open) heapster_window_end(self->window, NULL);
  if (self->is_open && self->options.stops_gc) heapster__gc_restore(self->gc_was_on);
  heapster__stats_free(self->stats);
  Py_CLEAR(self->options.heap);
}
