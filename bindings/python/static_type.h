/* Static types, made ready in each life of the interpreter. */
#ifndef HEAPSTER__PYTHON_STATIC_TYPE_H
#define HEAPSTER__PYTHON_STATIC_TYPE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* PyType_Ready, also for a type of the interpreter that ran before in this process. */
int heapster__python_ready_type(PyTypeObject *type);

#endif
