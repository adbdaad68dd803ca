/* Python.h, with memory for heapster's own objects from below every hook: they show in no figure. CPython must
   not free one, so each of their types has a tp_dealloc that does.

   That memory is the system's; without the GIL it is CPython's own, from below heapster's hook. For there a thread that
   takes an object out of a list or a dict looks at its reference counts without a lock, even while another thread is
   freeing it. CPython keeps the memory of objects in a state in which such a look does no harm; the system would give
   it to somebody else, or unmap it. */
#ifndef HEAPSTER__PYTHON_MEMORY_H
#define HEAPSTER__PYTHON_MEMORY_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* The core's numbers of CPython's domains. */
enum { HEAPSTER__PYTHON_MEM = 0, HEAPSTER__PYTHON_OBJ = 1 };

/* Before the first object is made, with the hook as it is: installed or not. */
void heapster__python_open_memory(void);

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
