/* A careless host: a core of its own inside, which it does not show. Loads the Python module, which brings another.
   hidden PYTHON_FOLDER */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <heapster/heapster.h>

int main(int count, char **arguments) {
  struct heapster_heap *heap;
  if (count != 2 || heapster_heap_create("hidden", NULL, &heap)) return 2;
  PyConfig config;
  PyConfig_InitPythonConfig(&config);
  config.parse_argv = 0;
  PyConfig_SetBytesArgv(&config, count, arguments);
  const PyStatus status = Py_InitializeFromConfig(&config);
  PyConfig_Clear(&config);
  if (PyStatus_Exception(status)) return 2;
  const int failed = PyRun_SimpleString("import sys; sys.path.insert(0, sys.argv[1]); import heapster");
  return Py_FinalizeEx() < 0 || failed ? 1 : 0;
}
