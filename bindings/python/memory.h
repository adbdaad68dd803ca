/* Python.h, with memory for heapster's own objects from below every hook: they show in no figure. CPython must
   not free one, so each of their types has a tp_dealloc that does. */
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

/* CPython 3.8 has these names with an underscore. */
#if PY_VERSION_HEX < 0x03090000
#define PyObject_Vectorcall _PyObject_Vectorcall
#define Py_TPFLAGS_HAVE_VECTORCALL _Py_TPFLAGS_HAVE_VECTORCALL
#endif

#endif
