/* stats.lua_kinds in Python: what Lua states created, by kind, as named tuples. */
#include "python/values.h"

static PyStructSequence_Field kind_fields[] = {
    {"count", "objects created"}, {"sum", "bytes asked for them"}, {NULL, NULL}};
static PyStructSequence_Field kinds_fields[] = {{"strings", NULL},
                                                {"tables", "their headers: array and hash parts are `other`"},
                                                {"functions", "closures, of Lua and of C"},
                                                {"userdata", NULL},
                                                {"threads", "coroutines"},
                                                {"other", "what has no tag of its own, and parts of objects"},
                                                {NULL, NULL}};
static PyStructSequence_Desc kind_description = {"heapster.LuaKind", "Objects of one kind that were created.",
                                                 kind_fields, 2};
static PyStructSequence_Desc kinds_description = {
    "heapster.LuaKinds", "What Lua states created, by kind; all together are alloc_count and alloc_sum.", kinds_fields,
    6};

/* Those of the interpreter that imported last, as for errors. */
static struct {
  PyTypeObject *kind;
  PyTypeObject *kinds;
} types;

static PyObject *wrap_kind(const struct heapster_lua_kind *kind) {
  PyObject *const count = PyLong_FromUnsignedLongLong(kind->count);
  PyObject *const sum = PyLong_FromUnsignedLongLong(kind->sum);
  PyObject *const both = count && sum ? PyStructSequence_New(types.kind) : NULL;
  if (both) {
    PyStructSequence_SetItem(both, 0, count);
    PyStructSequence_SetItem(both, 1, sum);
    return both;
  }
  Py_XDECREF(count);
  Py_XDECREF(sum);
  return NULL;
}

PyObject *heapster__python_wrap_lua_kinds(const struct heapster_lua_kinds *kinds) {
  PyObject *all = PyStructSequence_New(types.kinds);
  const struct heapster_lua_kind *kind;
  const char *name;
  for (size_t i = 0; all && (kind = heapster_lua_kind_at(kinds, i, &name)); i++) {
    PyObject *const one = wrap_kind(kind);
    if (one)
      PyStructSequence_SetItem(all, (Py_ssize_t)i, one);
    else
      Py_CLEAR(all);
  }
  return all;
}

static PyObject *kind_as_dict(const struct heapster_lua_kind *kind) {
  return Py_BuildValue("{sKsK}", "count", (unsigned long long)kind->count, "sum", (unsigned long long)kind->sum);
}

PyObject *heapster__python_lua_kinds_as_dict(const struct heapster_lua_kinds *kinds) {
  PyObject *all = PyDict_New();
  const struct heapster_lua_kind *kind;
  const char *name;
  for (size_t i = 0; all && (kind = heapster_lua_kind_at(kinds, i, &name)); i++) {
    PyObject *const one = kind_as_dict(kind);
    if (!one || PyDict_SetItemString(all, name, one) < 0) Py_CLEAR(all);
    Py_XDECREF(one);
  }
  return all;
}

static bool add_class(PyObject *module, const char *name, PyTypeObject **type, PyStructSequence_Desc *description) {
  *type = PyStructSequence_NewType(description);
  if (!*type) return false;
  Py_INCREF(*type); /* one reference for us, one for the module */
  return !PyModule_AddObject(module, name, (PyObject *)*type);
}

bool heapster__python_add_lua_kinds(PyObject *module) {
  return add_class(module, "LuaKind", &types.kind, &kind_description) &&
         add_class(module, "LuaKinds", &types.kinds, &kinds_description);
}
