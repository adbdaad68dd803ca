/* The module: its classes, SWIG's functions and the handwritten ones. */
#include "python/module.h"

#include "python/errors.h"
#include "python/large.h"
#include "python/objects.h"
#include "python/options.h"
#include "python/values.h"

#include <heapster/modules.h>

static PyObject *size_text(PyObject *module, PyObject *bytes) {
  (void)module;
  char text[HEAPSTER_SIZE_TEXT];
  PyObject *const integer = PyNumber_Index(bytes);
  const unsigned long long count = integer ? PyLong_AsUnsignedLongLong(integer) : 0;
  Py_XDECREF(integer);
  if (PyErr_Occurred()) return NULL;
  return PyUnicode_FromStringAndSize(text, (Py_ssize_t)heapster_size_text(count, text));
}

#define FASTCALL(function) (PyCFunction)(void (*)(void))(function), METH_FASTCALL | METH_KEYWORDS

static PyMethodDef methods[] = {
    {"measure", FASTCALL(heapster__python_measure),
     "measure(fn, /, *args, heap=None, scope='process', warmup=0, repeat=1, gc='leave', explain=False, root=None,\n"
     "        **kwargs)\n--\n\n"
     "Call fn(*args, **kwargs) and return (its result, the Stats of that time).\n\n"
     "An exception of fn passes through. heap is None for all heaps, a name or a Heap. scope is 'process', or "
     "'thread'\n"
     "for the calling thread's requests only. fn is first called warmup times, then repeat times; the run with the\n"
     "fewest requests counts, since other threads can only add. gc='stop' disables the collector, and collects "
     "garbage\n"
     "before the window and at its end, inside it: live figures are then of what is alive. gc='quick' does the same, "
     "but\n"
     "leaves the interpreter's cache of attributes, which may keep a name or two. With explain, diff.sites are the "
     "lines\n"
     "that made the requests, see explain(). Arguments of these names do not reach fn: wrap it in a lambda. Raises "
     "NotCounting if nothing of the heap is counted."},
    {"measuring", FASTCALL(heapster__python_measuring),
     "measuring(heap=None, scope='process', *, gc='leave', thread_peak=False, explain=False, root=None)\n--\n\n"
     "Measure a with block: `with measuring() as m: ...`; then m.diff is its Stats. In `async with` the window stays\n"
     "open while the block waits. gc='stop' and 'quick' are those of measure. With thread_peak, m.diff.thread has a\n"
     "use_peak, too, and the block must end on the thread that began it. With explain, m.sites are the lines that made "
     "the\n"
     "requests, see explain()."},
    {"limit", FASTCALL(heapster__python_limit),
     "limit(*, heap=None, scope='process', explain=False, root=None, **limits)\n--\n\n"
     "Limit a with block, or the function that it decorates: raises LimitExceeded if it did more.\n\n"
     "A limit's name is a figure of a window, such as alloc_count, use_peak or live_change. Its value is the most\n"
     "allowed: a number or, for bytes, a size such as '1 MiB'. A pair is the least and the most, None for no end:\n"
     "live_change=(0, 0). A block that raises is not judged. A use_peak that is above its limit by no more than\n"
     "use_peak_error is a warning, LimitUnjudged. Each call of a decorated function has its own window; a decorated\n"
     "coroutine function is measured from a coroutine's start to its end. With explain, the error names the lines\n"
     "that made the requests, see explain()."},
    {"explain", FASTCALL(heapster__python_explain),
     "explain(fn, /, *args, heap=None, scope='process', warmup=0, repeat=1, gc='leave', root=None, **kwargs)\n--\n\n"
     "Call fn(*args, **kwargs) and return (its result, Sites): which lines made its requests.\n\n"
     "As measure(..., explain=True), with its options. A request that C code makes below a line of Python is that\n"
     "line's.\n"
     "One explanation at a time in a process: another one raises RuntimeError. Requests are slower meanwhile. With\n"
     "root, the absolute path of a folder, a request is at the nearest line of a file in it, packages installed there\n"
     "left out, and the innermost line is in Site.via. Raises what measure raises; RuntimeError, too, on CPython "
     "without\n"
     "the GIL, and ValueError for another root."},
    {"explaining", FASTCALL(heapster__python_explaining),
     "explaining(heap=None, scope='process', *, gc='leave', thread_peak=False, root=None)\n--\n\n"
     "Explain a with block: `with explaining() as e: ...`; then e.sites are its Sites, and e.diff is its Stats. The\n"
     "same as measuring(..., explain=True)."},
    {"heaps", heapster__python_heaps, METH_NOARGS,
     "heaps()\n--\n\n"
     "Return a list of every Heap: the hooks' first, then the host's. 'ended' comes last, once one has ended: it has\n"
     "what those heaps counted."},
    {"large_requests", heapster__python_large_requests, METH_NOARGS,
     "large_requests()\n--\n\n"
     "Return a list of the LargeRequests that watch_large(size, keep=True) kept, the oldest first, and forget them. 64 "
     "fit;\n"
     "unsaid_count of the next one that is kept says how many did not. The child of a fork has none of its parent's."},
    {"size_text", size_text, METH_O,
     "size_text(bytes, /)\n--\n\n"
     "Return bytes as a report writes them: '4 B', '64 KiB', '2.45 KiB'. Two decimals unless whole. Raises\n"
     "OverflowError outside 0 .. 2**64 - 1."},
    {NULL, NULL, 0, NULL},
};

/* Names the module `heapster`, so that pickles find it where a host registers it under that name. */
static bool rename_module(PyObject *module) {
  const char *const name = PyModule_GetName(module);
  return name && (strcmp(name, "_heapster") != 0 || !PyModule_AddStringConstant(module, "__name__", "heapster"));
}

/* Sets __all__: every name without an underscore. */
static bool list_names(PyObject *module) {
  PyObject *const all = PyList_New(0);
  PyObject *name, *value;
  bool is_complete = all != NULL;
  for (Py_ssize_t at = 0; is_complete && PyDict_Next(PyModule_GetDict(module), &at, &name, &value);) {
    if (PyUnicode_READ_CHAR(name, 0) != '_') is_complete = !PyList_Append(all, name);
  }
  is_complete = is_complete && !PyList_Sort(all) && !PyObject_SetAttrString(module, "__all__", all);
  Py_XDECREF(all);
  return is_complete;
}

/* All that threads share here is atomic, or used by one at a time: threads.h. */
static bool allow_threads(PyObject *module) {
#ifdef Py_GIL_DISABLED
  return PyUnstable_Module_SetGIL(module, Py_MOD_GIL_NOT_USED) >= 0;
#else
  (void)module;
  return true;
#endif
}

static bool complete(PyObject *module) {
  heapster__python_open_memory();
  return allow_threads(module) && rename_module(module) &&
         !PyModule_AddFunctions(module, heapster__generated_module.methods) &&
         !PyModule_AddFunctions(module, methods) &&
         !PyModule_AddStringConstant(module, "__version__", heapster_version()) &&
         heapster__python_add_values(module) && heapster__python_add_frames(module) &&
         heapster__python_add_large(module) && heapster__python_add_errors(module) &&
         heapster__python_add_restorers(module) && heapster__python_add_makers(module) &&
         heapster__python_add_lua_kinds(module) && heapster__python_add_sites(module) &&
         heapster__python_add_measuring(module) && heapster__python_add_limit(module) && list_names(module) &&
         heapster__python_start();
}

/* Of one phase: all interpreters of the process share the classes and exceptions. */
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "_heapster",
                                 .m_doc = "Exact heap telemetry: what a program asks of its heap, counted always.",
                                 .m_size = -1};

PyObject *PyInit__heapster(void) {
  const char *const conflict = heapster_conflict();
  if (conflict) return PyErr_Format(PyExc_ImportError, "%s", conflict);
  PyObject *module = PyModule_Create(&definition);
  if (module && !complete(module)) Py_CLEAR(module);
  return module;
}
