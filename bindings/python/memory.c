/* Memory for heapster's own objects. */
#include "python/memory.h"

#ifdef Py_GIL_DISABLED

#include "hooks/script/domains.h"

/* The functions for objects below our hook; those in force if it is not installed. Set once: an object is freed through
   the functions that it came from, whatever is hooked and unhooked meanwhile. */
static struct heapster__domain objects;

void heapster__python_open_memory(void) {
  if (objects.malloc) return;
  objects = heapster__domain_next(HEAPSTER__PYTHON_OBJ);
  if (objects.malloc) return;
  PyMemAllocatorEx now;
  PyMem_GetAllocator(PYMEM_DOMAIN_OBJ, &now);
  objects = (struct heapster__domain){now.ctx, now.malloc, now.calloc, now.realloc, now.free};
}

static void *take(size_t size) { return objects.malloc(objects.context, size); }

static void give_back(void *object) { objects.free(objects.context, object); }

#else

#include "common/value.h"

void heapster__python_open_memory(void) {}

static void *take(size_t size) { return heapster__value_alloc(size); }

static void give_back(void *object) { heapster__value_free(object); }

#endif

PyObject *heapster__python_object_new(PyTypeObject *type) {
  PyObject *const object = take((size_t)type->tp_basicsize);
  return object ? PyObject_Init(object, type) : PyErr_NoMemory();
}

void heapster__python_object_free(void *object) { give_back(object); }
