/* For the law of CPython's own count of blocks: its side and heapster's, read at one instant. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <heapster/heapster.h>

/* read(): (sys.getallocatedblocks(), live_count, unseen_alloc_count, crossed_count) of heap `python`. */
static PyObject *read_both(PyObject *module, PyObject *none) {
  (void)module, (void)none;
  struct heapster_stats stats;
  struct heapster_status status;
  PyObject *const blocks = PyObject_CallObject(PySys_GetObject("getallocatedblocks"), NULL);
  if (!blocks) return NULL;
  heapster_stats_read(heapster_heap_find("python"), &stats);
  heapster_status_read(&status);
  return Py_BuildValue("NKKK", blocks, (unsigned long long)stats.live_count,
                       (unsigned long long)stats.unseen_alloc_count, (unsigned long long)status.crossed_count);
}

static PyMethodDef methods[] = {{"read", read_both, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef law_blocks = {PyModuleDef_HEAD_INIT, "law_blocks", NULL, -1, methods, NULL, NULL, NULL, NULL};

__attribute__((visibility("default"))) PyObject *PyInit_law_blocks(void) { return PyModule_Create(&law_blocks); }
