/* Memory of heapster's own objects: from below every hook, so that they show in no figure. Generated code includes this
   before all else, and then makes its objects here too. */
#ifndef HEAPSTER__PYTHON_MEMORY_H
#define HEAPSTER__PYTHON_MEMORY_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* A new object of a type without cyclic collection, or NULL and an exception. */
PyObject *heapster__python_object_new(PyTypeObject *type);
void heapster__python_object_free(void *object);

#undef PyObject_New
#undef PyObject_Del
#undef PyObject_DEL
#define PyObject_New(type, type_object) ((type *)heapster__python_object_new(type_object))
#define PyObject_Del heapster__python_object_free
#define PyObject_DEL heapster__python_object_free

#endif
