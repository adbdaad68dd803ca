/* Static types outlive the interpreter, marked as ready; from CPython 3.14 on what their dictionaries hold does not. So
   when it ends each type becomes again what it was before PyType_Ready. */
#include "python/static_type.h"

enum { TYPES = 16 };

static struct {
  PyTypeObject *type;
  PyTypeObject fresh;
} readied[TYPES];
static unsigned count;

/* Called when the interpreter has ended: Python's functions are out of reach. */
static void restore_types(void) {
  for (unsigned i = 0; i < count; i++) *readied[i].type = readied[i].fresh;
  count = 0;
}

/* Without a place among the 32 functions that CPython calls at its end, only a restart is lost. */
static void remember(PyTypeObject *type, const PyTypeObject *fresh) {
  if (count == TYPES || (count == 0 && Py_AtExit(restore_types) < 0)) return;
  readied[count].type = type;
  readied[count].fresh = *fresh;
  count++;
}

int heapster__python_ready_type(PyTypeObject *type) {
  if (type->tp_flags & Py_TPFLAGS_READY) return 0;
  const PyTypeObject fresh = *type;
  if (PyType_Ready(type) < 0) return -1;
  remember(type, &fresh);
  return 0;
}
