/* What `import heapster` puts on: the hook of Python's objects, or what HEAPSTER_HOOKS says. */
#include "common/wanted.h"
#include "python/module.h"

static bool warn(struct heapster_text words) {
  PyObject *const message = heapster__python_string(words);
  const bool is_warned = message && PyErr_WarnFormat(PyExc_RuntimeWarning, 1, "HEAPSTER_HOOKS: %U", message) == 0;
  Py_XDECREF(message);
  return is_warned;
}

/* False: the warning was made an error. */
static bool put_on(const char *name) {
  if (strcmp(name, "none") == 0 || strcmp(name, "lua") == 0) return true; /* Lua's own module obeys the latter */
  const enum heapster_error error = heapster_hook(name);
  return !error || warn(heapster__why_no_hook("hook", error, name));
}

static bool put_on_wanted(const char *list) {
  char name[HEAPSTER_HEAP_NAME];
  bool is_done = true;
  while (is_done && heapster__wanted_next(&list, name)) is_done = put_on(name);
  return is_done;
}

/* A further interpreter of the process leaves the hook as it is: somebody may have taken it off. */
static bool is_first(void) {
  static bool was_started;
  const bool is_first = !was_started || PyThreadState_Get()->interp == PyInterpreterState_Main();
  was_started = true;
  return is_first;
}

bool heapster__python_start(void) {
  heapster__python_hook_offer();
  if (!is_first()) return true;
  const char *const wanted = heapster__wanted();
  if (wanted) return put_on_wanted(wanted);
  heapster__python_hook_import(); /* where it cannot, the status says why */
  return true;
}
