/* What module.c puts together. */
#ifndef HEAPSTER__PYTHON_MODULE_H
#define HEAPSTER__PYTHON_MODULE_H

#include "python/memory.h"

#include <heapster/heapster.h>

PyObject *heapster__python_measure(PyObject *module, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *heapster__python_measuring(PyObject *module, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *heapster__python_limit(PyObject *module, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *heapster__python_explain(PyObject *module, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *heapster__python_explaining(PyObject *module, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
bool heapster__python_add_measuring(PyObject *module);
bool heapster__python_add_limit(PyObject *module);

/* hook.c: tells the core of the hook; heapster__python_import_hook also installs it. A host calls heapster_python_hook.
 */
void heapster__python_offer_hook(void);
enum heapster_error heapster__python_import_hook(void);

/* start.c: installs the hooks for `import heapster`. */
bool heapster__python_start(void);

#endif
