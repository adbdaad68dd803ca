/* Memory for heapster's own objects. */
#include "python/memory.h"

#include "common/value.h"

PyObject *heapster__python_object_new(PyTypeObject *type) {
  PyObject *const object = heapster__value_alloc((size_t)type->tp_basicsize);
  return object ? PyObject_Init(object, type) : PyErr_NoMemory();
}

void heapster__python_object_free(void *object) { heapster__value_free(object); }
