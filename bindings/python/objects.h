/* Objects of the classes Stats, Histogram, Heap, Status, Frame, Frames and LargeRequest: a pointer to a value. Nobody
   makes or changes one from Python. */
#ifndef HEAPSTER__PYTHON_OBJECTS_H
#define HEAPSTER__PYTHON_OBJECTS_H

#include "python/memory.h"

#include <stdbool.h>

typedef struct {
  PyObject_HEAD void *value; /* freed by the class's tp_dealloc */
} heapster__Object;

PyObject *heapster__python_new_object(PyTypeObject *type, void *value);

/* Takes over `value`; NULL is a MemoryError. */
PyObject *heapster__python_wrap_value(PyTypeObject *type, void *value);

/* The value of an object of exactly this class; NULL without an exception if it is of another class. */
void *heapster__python_value_of(PyObject *object, const PyTypeObject *type);

PyObject *heapster__python_refuse_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords);

/* The answer of a tp_richcompare that knows == and != only. */
PyObject *heapster__python_compare(bool is_same_class, bool is_equal, int operation);

/* FNV-1a; the last result goes through finish. */
#define HEAPSTER__HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t heapster__python_hash(uint64_t hash, const void *bytes, size_t size);
Py_hash_t heapster__python_finish_hash(uint64_t hash);

/* The head of a class: read-only, made by nobody, and its values freed with heapster__value_free. */
extern PyTypeObject heapster__python_base_type;
#define HEAPSTER__PYTHON_CLASS(name) HEAPSTER__PYTHON_CLASS_OF(name, heapster__Object)
/* The same for objects that begin as a heapster__Object does. */
#define HEAPSTER__PYTHON_CLASS_OF(name, object)                                                       \
  PyVarObject_HEAD_INIT(NULL, 0).tp_name = "heapster." name, .tp_basicsize = sizeof(object),          \
                              .tp_flags = Py_TPFLAGS_DEFAULT, .tp_base = &heapster__python_base_type, \
                              .tp_new = heapster__python_refuse_new

/* In generated code, by python/tables.h: a class's methods and attributes, or the module's functions. */
struct heapster__generated {
  PyMethodDef *methods;
  PyGetSetDef *attributes;
};
extern const struct heapster__generated heapster__generated_stats;
extern const struct heapster__generated heapster__generated_histogram;
extern const struct heapster__generated heapster__generated_heap;
extern const struct heapster__generated heapster__generated_status;
extern const struct heapster__generated heapster__generated_frame;
extern const struct heapster__generated heapster__generated_frames;
extern const struct heapster__generated heapster__generated_large;
extern const struct heapster__generated heapster__generated_module;

/* Adds a class to the module, with what SWIG generated for it. */
bool heapster__python_add_class(PyObject *module, PyTypeObject *type, const struct heapster__generated *generated);

#endif
