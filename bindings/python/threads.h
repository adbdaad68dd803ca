/* What stands for the GIL where CPython runs without one; nothing where it has one.

   HEAPSTER__BEGIN_ALONE(object) and HEAPSTER__END_ALONE: one thread at a time is in such a section of the object, as
   long as nothing in it runs Python code or waits. HEAPSTER__MUTEX: the same without an object. A thread that waits for
   either lets others stop the world, which a lock of the system's would not. */
#ifndef HEAPSTER__PYTHON_THREADS_H
#define HEAPSTER__PYTHON_THREADS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

#ifdef Py_GIL_DISABLED
#define HEAPSTER__BEGIN_ALONE(object) Py_BEGIN_CRITICAL_SECTION(object)
#define HEAPSTER__END_ALONE Py_END_CRITICAL_SECTION()
#define HEAPSTER__MUTEX(name) static PyMutex name
#define HEAPSTER__LOCK(name) PyMutex_Lock(&(name))
#define HEAPSTER__UNLOCK(name) PyMutex_Unlock(&(name))
#else
#define HEAPSTER__BEGIN_ALONE(object) {
#define HEAPSTER__END_ALONE }
#define HEAPSTER__MUTEX(name) _Static_assert(true, "")
#define HEAPSTER__LOCK(name) ((void)0)
#define HEAPSTER__UNLOCK(name) ((void)0)
#endif

/* Whether the calling thread may take a reference to an object that it has none to: nobody frees it meanwhile. Without
   the GIL another thread may, unless the object belongs to the calling one. */
static inline bool heapster__python_is_mine(PyObject *object) {
#ifdef Py_GIL_DISABLED
  return _Py_IsOwnedByCurrentThread(object);
#else
  (void)object;
  return true;
#endif
}

#endif
