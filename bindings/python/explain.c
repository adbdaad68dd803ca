/* Explaining, around a window. The core explains one at a time in a process, and its captured lines are kept with it.
 */
#include "python/explain.h"

#include "explain/explain.h"
#include "python/capture.h"
#include "python/errors.h"

#ifdef Py_GIL_DISABLED
static const char *const unsupported = "this CPython runs without the GIL, where lines are not captured yet";
#else
static const char *const unsupported = NULL;
#endif

static bool refuse(const char *why) { return heapster__python_refuse(PyExc_RuntimeError, "cannot explain: %s", why); }

/* In the child of a fork an explanation may be over, and another may have begun, when its end is asked for. */
static uint64_t current; /* the number of the explanation; 0: none */
static uint64_t last;
static const PyThreadState
    *beginner; /* of the current one; where another thread may not end it, only this one settles */

bool heapster__begin_explaining(const struct heapster__options *options, uint64_t *number) {
  const struct heapster_heap *heap;
  *number = 0;
  if (!options->explains) return true;
  if (unsupported) return refuse(unsupported);
  if (!heapster__python_knows_frames()) return refuse("this CPython keeps its frames in places that are not known");
  if (!heapster__python_find_heap(options->heap, &heap)) return false;
  const enum heapster_error error = heapster_explain_begin(heap, options->scope);
  if (error) return refuse(heapster_error_text(error));
  if (!heapster__start_capture(options->root, options->scope == HEAPSTER_THREAD)) {
    heapster__explain_drop();
    return heapster__python_raise(HEAPSTER_NO_MEMORY);
  }
  beginner = PyThreadState_Get();
  *number = current = ++last;
  return true;
}

void heapster__settle_explaining(uint64_t number) {
  if (number && number == current && PyThreadState_Get() == beginner) heapster__settle_capture();
}

static enum heapster_error take_sites(struct heapster__sites **sites) {
  struct heapster_explanation whole;
  struct heapster_site *raw;
  size_t count;
  enum heapster_error error = heapster__explain_take(&whole, &raw, &count);
  if (error == HEAPSTER_WRONG_THREAD) return error;
  heapster__stop_capture();
  current = 0;
  heapster__settle_capture();
  if (!error) {
    *sites = heapster__sites_make(&whole, raw, count);
    heapster__explain_free(raw, count);
    if (!*sites) error = HEAPSTER_NO_MEMORY;
  }
  heapster__forget_captured();
  return error;
}

bool heapster__end_explaining(uint64_t number, struct heapster__sites **sites) {
  PyObject *type, *value, *traceback;
  *sites = NULL;
  if (!number) return true;
  PyErr_Fetch(&type, &value, &traceback);
  const enum heapster_error error = number == current ? take_sites(sites) : HEAPSTER_NOT_EXPLAINING;
  PyErr_Restore(type, value, traceback);
  if (error && !PyErr_Occurred()) heapster__python_raise(error);
  return !error;
}

void heapster__drop_explaining(uint64_t number) {
  PyObject *type, *value, *traceback;
  if (!number || number != current) return;
  PyErr_Fetch(&type, &value, &traceback);
  heapster__explain_drop();
  heapster__stop_capture();
  current = 0;
  heapster__forget_captured();
  PyErr_Restore(type, value, traceback);
}
