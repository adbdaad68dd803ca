/* Between the files of the Python module. All of it runs under the GIL; a NULL, a negative answer or a false comes
   with a Python exception set, unless it says otherwise. */
#ifndef HEAPSTER__PYTHON_MODULE_H
#define HEAPSTER__PYTHON_MODULE_H

#include "common/script.h"
#include "python/memory.h"

/* Names that CPython 3.8 has with an underscore, or not at all. */
#if PY_VERSION_HEX < 0x03090000
#define PyObject_Vectorcall _PyObject_Vectorcall
#define Py_TPFLAGS_HAVE_VECTORCALL _Py_TPFLAGS_HAVE_VECTORCALL
#endif

/* The module's own exceptions, made when it is imported. */
struct heapster__python_errors {
  PyObject *not_counting;   /* RuntimeError: what was asked about is not counted */
  PyObject *unknown_heap;   /* LookupError: no heap has that name */
  PyObject *limit_exceeded; /* AssertionError: a limit was broken */
};
extern struct heapster__python_errors heapster__python_errors;

/* In generated code: the module with SWIG's classes and functions. */
PyObject *heapster__python_swig_init(void);

/* In generated code, which knows SWIG's types. A `new` takes the value, and frees it where there is no memory for
   the object. An `of` answers NULL without an exception where the object is none. */
PyObject *heapster__python_stats_new(struct heapster_new_stats made);
PyObject *heapster__python_histogram_new(struct heapster_new_histogram made);
PyObject *heapster__python_heap_new(const struct heapster_heap *heap);
PyObject *heapster__python_frame_new(const struct heapster_frame *frame); /* copies it */
PyObject *heapster__python_frames_new(struct heapster_new_frames made);
struct heapster_stats *heapster__python_stats_of(PyObject *object);
struct heapster_histogram *heapster__python_histogram_of(PyObject *object);
const struct heapster_heap *heapster__python_heap_of(PyObject *object);
const struct heapster_frame *heapster__python_frame_of(PyObject *object);
const struct heapster_frames *heapster__python_frames_of(PyObject *object);
const struct heapster_status *heapster__python_status_of(PyObject *object);

/* python/errors.c */
bool heapster__python_errors_add(PyObject *module);
void *heapster__python_raise(enum heapster_error error);
void *heapster__python_raise_hook(const char *verb, enum heapster_error error, const char *hook);
void *heapster__python_raise_text(PyObject *type, struct heapster_text text);
PyObject *heapster__python_string(struct heapster_text text); /* frees it; raises its error */
const char *heapster__python_chars(PyObject *string);         /* of a str, without nulls inside */

/* python/values.c: slots of Stats, Histogram, Heap and Status */
bool heapster__python_values_add(PyObject *module);
PyObject *heapster__python_stats_as_dict(const struct heapster_stats *stats);

/* python/lua_kinds.c: as named tuples, and as plain dicts. */
bool heapster__python_lua_kinds_add(PyObject *module);
PyObject *heapster__python_lua_kinds_new(const struct heapster_lua_kinds *kinds);
PyObject *heapster__python_lua_kinds_dict(const struct heapster_lua_kinds *kinds);
PyObject *heapster__python_stats_reduce(const struct heapster_stats *stats);
PyObject *heapster__python_stats_repr(PyObject *self);
PyObject *heapster__python_stats_compare(PyObject *self, PyObject *other, int operation);
Py_hash_t heapster__python_stats_hash(PyObject *self);
PyObject *heapster__python_histogram_reduce(const struct heapster_histogram *histogram);
PyObject *heapster__python_histogram_repr(PyObject *self);
PyObject *heapster__python_histogram_compare(PyObject *self, PyObject *other, int operation);
PyObject *heapster__python_histogram_bucket(PyObject *self, Py_ssize_t index);
Py_ssize_t heapster__python_histogram_length(PyObject *self);
PyObject *heapster__python_histogram_iter(PyObject *self);
Py_hash_t heapster__python_histogram_hash(PyObject *self);
PyObject *heapster__python_status_repr(PyObject *self);
PyObject *heapster__python_heap_repr(PyObject *self);
PyObject *heapster__python_heap_compare(PyObject *self, PyObject *other, int operation);
Py_hash_t heapster__python_heap_hash(PyObject *self);
PyObject *heapster__python_refuse_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords);
int heapster__python_refuse_set(PyObject *self, PyObject *name, PyObject *value);

/* python/frames.c: slots of Frame and Frames */
PyObject *heapster__python_frame_repr(PyObject *self);
PyObject *heapster__python_frame_compare(PyObject *self, PyObject *other, int operation);
Py_hash_t heapster__python_frame_hash(PyObject *self);
PyObject *heapster__python_frames_repr(PyObject *self);
Py_ssize_t heapster__python_frames_length(PyObject *self);
PyObject *heapster__python_frames_item(PyObject *self, Py_ssize_t index);

/* python/html.c: for notebooks */
struct heapster_text heapster__python_stats_html(const struct heapster_stats *stats);

/* python/options.c: how and where a window counts, from keyword arguments. */
struct heapster__options {
  PyObject *heap; /* None, a str or a Heap; borrowed */
  enum heapster_scope scope;
  long warmup;
  long repeat;
  bool stops_gc;
  bool thread_peak; /* the thread's share is a window of its own */
};
enum heapster__options_of { HEAPSTER__OF_LIMIT = 1, HEAPSTER__OF_MEASURE = 2, HEAPSTER__OF_MEASURING = 4 };

struct heapster__options heapster__options_default(void);

bool heapster__is_option(PyObject *name, enum heapster__options_of which);
bool heapster__option_set(struct heapster__options *options, PyObject *name, PyObject *value);

/* Of a function that has no other arguments; heap and scope may be given by position. */
bool heapster__options_take(struct heapster__options *options, const char *function, PyObject *const *arguments,
                            Py_ssize_t count, PyObject *names);

/* The heap of None (NULL, the total), a str or a Heap: UnknownHeap, NotCounting, TypeError. */
bool heapster__python_heap_find(PyObject *object, const struct heapster_heap **heap);

/* Opens a window for the options, or raises NotCounting where nothing of them is counted. */
bool heapster__window_open(const struct heapster__options *options, struct heapster_window *window);

/* Closes it; `stats` may be NULL. Keeps an exception that is set, and is silent then. */
bool heapster__window_close(struct heapster_window window, struct heapster_stats *stats);

/* python/call.c: a call made ready, so that making it allocates nothing of ours. */
enum { HEAPSTER__FEW_ARGUMENTS = 8 };
struct heapster__call {
  PyObject *function;
  PyObject **arguments; /* [-1] is free for the callee, as vectorcall allows */
  size_t count;         /* of positional arguments */
  PyObject *names;      /* of keyword arguments: a tuple, or NULL */
  PyObject *few[1 + HEAPSTER__FEW_ARGUMENTS];
};

/* Of the arguments that a vectorcall got; keyword arguments that are options of measure go to `options`, unless that
   is NULL. Borrows everything: the call must not outlive them. To be freed, also after a failure. */
bool heapster__call_make(struct heapster__call *call, PyObject *function, PyObject *const *arguments, size_t count,
                         PyObject *names, struct heapster__options *options);
PyObject *heapster__call_run(struct heapster__call *call);
void heapster__call_free(struct heapster__call *call);

/* The call in a window of its own. */
PyObject *heapster__call_in_window(struct heapster__call *call, const struct heapster__options *options,
                                   struct heapster_stats *stats);

/* python/gc.c: keeps the collector off, after a collection. `was_on` is for the way back. */
bool heapster__gc_stop(bool *was_on);
void heapster__gc_restore(bool was_on); /* keeps an exception that is set */

/* python/measure.c */
PyObject *heapster__python_measure(PyObject *module, PyObject *const *arguments, Py_ssize_t count, PyObject *names);

/* python/window.c: what `with measuring()` and `with limit()` share. */
typedef struct {
  PyObject_HEAD vectorcallfunc vectorcall;
  struct heapster__options options; /* owns the heap object */
  struct heapster_window window;
  struct heapster_window own;   /* inside it, of thread scope, where options.thread_peak asks for one */
  struct heapster_stats *stats; /* of the window, once it has ended */
  PyObject *face;               /* for `async with`, not owned; or NULL */
  bool is_open;
  bool gc_was_on; /* before options.stops_gc kept it off */
} heapster__PyWindow;

void heapster__pywindow_init(heapster__PyWindow *self, const struct heapster__options *options);
bool heapster__pywindow_begin(heapster__PyWindow *self);
bool heapster__pywindow_end(heapster__PyWindow *self); /* keeps an exception that is set, and is silent then */
void heapster__pywindow_clear(heapster__PyWindow *self);

/* Makes a type ready whose objects are called to enter (no argument) and to leave (three). */
bool heapster__pywindow_type_ready(PyTypeObject *type);

/* python/async.c: the same for `async with`. A face is what __aenter__ and __aexit__ of a manager give: it is called as
   the manager is, and then awaited. It keeps the manager, of which there is one at a time. */
PyObject *heapster__async_face(heapster__PyWindow *manager);

/* `function`, a coroutine function, as one whose coroutines run in limits that `again()` gives. */
PyObject *heapster__limited_coroutine(PyObject *again, PyObject *function);
bool heapster__is_coroutine_function(PyObject *function);

/* Also async ones. */
bool heapster__is_generator_function(PyObject *function);

/* python/hook.c: makes the core know the hook into CPython's allocator; `import` also puts it on, unless it is.
   heapster_python_hook is the same for a host. */
void heapster__python_hook_offer(void);
enum heapster_error heapster__python_hook_import(void);

/* python/start.c: puts on what import is to put on. */
bool heapster__python_start(void);

/* python/measuring.c, python/limit.c, python/limited.c */
bool heapster__measuring_add(PyObject *module);
bool heapster__limit_add(PyObject *module);
PyObject *heapster__python_measuring(PyObject *module, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *heapster__python_limit(PyObject *module, PyObject *const *arguments, Py_ssize_t count, PyObject *names);

/* The limits of one `limit(...)`. */
struct heapster__limits {
  struct heapster__options options;
  size_t count;
  struct heapster_limit *limits;
};

/* Of a keyword argument: 10, "1 MiB", (None, 10). */
bool heapster__limit_of(PyObject *name, PyObject *value, struct heapster_limit *limit);

/* Raises LimitExceeded where the window broke one. */
bool heapster__limits_judge(const struct heapster__limits *limits, const struct heapster_stats *stats);
PyObject *heapster__limit_again(PyObject *limit, PyObject *none); /* a Limit of the same limits */
PyObject *heapster__limited_new(PyObject *owner, const struct heapster__limits *limits, PyObject *function);

#endif
