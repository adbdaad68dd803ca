/* A program with heaps of its own and a Python inside, whose scripts look at those heaps and assert. heapster::python
   is linked statically: there is no file to find at run time. Ends with 1 where the script fails. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <heapster/heapster.h>
#include <heapster/modules.h>

static struct heapster_heap *textures;

/* load_texture(width, height): a texture of the host, known to the script as a number only. */
static PyObject *load_texture(PyObject *module, PyObject *arguments) {
  (void)module;
  Py_ssize_t width, height;
  if (!PyArg_ParseTuple(arguments, "nn", &width, &height)) return NULL;
  void *const pixels = heapster_heap_calloc(textures, (size_t)width * (size_t)height, 4);
  return pixels ? PyLong_FromVoidPtr(pixels) : PyErr_NoMemory();
}

static PyObject *free_texture(PyObject *module, PyObject *texture) {
  (void)module;
  void *const pixels = PyLong_AsVoidPtr(texture);
  if (PyErr_Occurred()) return NULL;
  heapster_heap_free(textures, pixels);
  Py_RETURN_NONE;
}

static PyObject *host_module(void) {
  static PyMethodDef methods[] = {
      {"load_texture", load_texture, METH_VARARGS, NULL},
      {"free_texture", free_texture, METH_O, NULL},
      {NULL, NULL, 0, NULL},
  };
  static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "host", NULL, -1, methods, NULL, NULL, NULL, NULL};
  return PyModule_Create(&module);
}

static int run(const char *script) {
  PyImport_AppendInittab("heapster", PyInit__heapster); /* import heapster finds it there */
  PyImport_AppendInittab("host", host_module);
  PyConfig config;
  PyConfig_InitIsolatedConfig(&config);
  const PyStatus status = Py_InitializeFromConfig(&config);
  PyConfig_Clear(&config);
  if (PyStatus_Exception(status)) return 2;
  FILE *const file = fopen(script, "r");
  const int failed = !file || PyRun_SimpleFileEx(file, script, 1) != 0;
  return Py_FinalizeEx() < 0 || failed ? 1 : 0;
}

int main(int count, char **arguments) {
  struct heapster_heap *audio;
  if (count != 2 || heapster_heap_create("textures", NULL, &textures) || heapster_heap_create("audio", NULL, &audio))
    return 2;
  void *const samples = heapster_heap_malloc(audio, 44100);
  const int status = run(arguments[1]);
  heapster_heap_free(audio, samples);
  return status;
}
