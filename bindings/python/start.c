/* The hooks that `import heapster` installs: that of Python's objects, or those in HEAPSTER_HOOKS. */
#include "python/module.h"

#include "common/hooks.h"
#include "common/reasons.h"
#include "python/errors.h"

static bool warn(struct heapster_text words) {
  PyObject *const message = heapster__python_string(words);
  const bool is_warned = message && !PyErr_WarnFormat(PyExc_RuntimeWarning, 1, "HEAPSTER_HOOKS: %U", message);
  Py_XDECREF(message);
  return is_warned;
}

/* False if a filter turned the warning into an exception. */
static bool install_wanted(const char *list) {
  char name[HEAPSTER_HEAP_NAME];
  while (heapster__take_wanted_hook(&list, "python", name)) {
    const enum heapster_error error = heapster_hook(name);
    if (error && !warn(heapster__explain_hook("hook", error, name))) return false;
  }
  return true;
}

/* A further interpreter of the process leaves the hook as it is: a script may have removed it. */
static bool mark_started(void) {
  static bool was_started;
  const bool is_first = !was_started || PyThreadState_Get()->interp == PyInterpreterState_Main();
  was_started = true;
  return is_first;
}

bool heapster__python_start(void) {
  heapster__python_offer_hook();
  if (!mark_started()) return true;
  const char *const wanted = heapster__find_wanted_hooks();
  if (wanted) return install_wanted(wanted);
  heapster__python_import_hook(); /* the status says why it fails */
  return true;
}
