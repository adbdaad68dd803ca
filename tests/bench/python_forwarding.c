/* Python module `forwarding`: from its import on, a hook of CPython's objects that only forwards. What it costs is what
   any hook costs before it counts. It stays until the process ends. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyMemAllocatorEx next_mem, next_object;

static void *forward_malloc(void *context, size_t size) {
  const PyMemAllocatorEx *next = context;
  return next->malloc(next->ctx, size);
}

static void *forward_calloc(void *context, size_t count, size_t size) {
  const PyMemAllocatorEx *next = context;
  return next->calloc(next->ctx, count, size);
}

static void *forward_realloc(void *context, void *block, size_t size) {
  const PyMemAllocatorEx *next = context;
  return next->realloc(next->ctx, block, size);
}

static void forward_free(void *context, void *block) {
  const PyMemAllocatorEx *next = context;
  next->free(next->ctx, block);
}

static void put_before(PyMemAllocatorDomain domain, PyMemAllocatorEx *next) {
  PyMemAllocatorEx forwarding = {next, forward_malloc, forward_calloc, forward_realloc, forward_free};
  PyMem_GetAllocator(domain, next);
  PyMem_SetAllocator(domain, &forwarding);
}

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "forwarding", .m_size = -1};

PyMODINIT_FUNC PyInit_forwarding(void);
PyMODINIT_FUNC PyInit_forwarding(void) {
  put_before(PYMEM_DOMAIN_MEM, &next_mem);
  put_before(PYMEM_DOMAIN_OBJ, &next_object);
  return PyModule_Create(&definition);
}
