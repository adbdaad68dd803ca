/* Objects of heapster's classes of values. Their memory comes from below every hook, so nothing here may go through
   CPython's allocator; SWIG's own objects do. */
#include "python/objects.h"

#include "common/value.h"
#include "python/static_type.h"

static void dealloc(PyObject *self) {
  heapster__value_free(((heapster__Object *)self)->value);
  PyObject_Del(self);
}

PyObject *heapster__python_refuse_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
  (void)arguments, (void)keywords;
  return PyErr_Format(PyExc_TypeError, "a %s cannot be made by hand: heapster's functions give it", type->tp_name);
}

static int refuse_set(PyObject *self, PyObject *name, PyObject *value) {
  PyErr_Format(PyExc_AttributeError, "a %s is read-only: cannot %s %R", Py_TYPE(self)->tp_name,
               value ? "set" : "delete", name);
  return -1;
}

PyObject *heapster__python_compare(bool is_same_class, bool is_equal, int operation) {
  if (!is_same_class || (operation != Py_EQ && operation != Py_NE)) Py_RETURN_NOTIMPLEMENTED;
  return PyBool_FromLong(is_equal == (operation == Py_EQ));
}

uint64_t heapster__python_hash(uint64_t hash, const void *bytes, size_t size) {
  const unsigned char *const each = bytes;
  for (size_t i = 0; i < size; i++) hash = (hash ^ each[i]) * UINT64_C(0x100000001b3);
  return hash;
}

/* Python reserves -1 for an error. */
Py_hash_t heapster__python_finish_hash(uint64_t hash) { return (Py_hash_t)hash == -1 ? -2 : (Py_hash_t)hash; }

PyTypeObject heapster__python_base_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "heapster._Value",
    .tp_basicsize = sizeof(heapster__Object),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = heapster__python_refuse_new,
    .tp_setattro = refuse_set,
    .tp_dealloc = dealloc,
};

PyObject *heapster__python_new_object(PyTypeObject *type, void *value) {
  heapster__Object *const self = PyObject_New(heapster__Object, type);
  if (self) self->value = value;
  return (PyObject *)self;
}

PyObject *heapster__python_wrap_value(PyTypeObject *type, void *value) {
  if (!value) return PyErr_NoMemory();
  PyObject *const object = heapster__python_new_object(type, value);
  if (!object) heapster__value_free(value);
  return object;
}

void *heapster__python_value_of(PyObject *object, const PyTypeObject *type) {
  return Py_TYPE(object) == type ? ((heapster__Object *)object)->value : NULL;
}

bool heapster__python_add_class(PyObject *module, PyTypeObject *type, const struct heapster__generated *generated) {
  type->tp_methods = generated->methods;
  type->tp_getset = generated->attributes;
  if (heapster__python_ready_type(&heapster__python_base_type) < 0 || heapster__python_ready_type(type) < 0)
    return false;
  Py_INCREF(type);
  return !PyModule_AddObject(module, strrchr(type->tp_name, '.') + 1, (PyObject *)type);
}
