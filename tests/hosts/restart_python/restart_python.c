/* A host that counts Python's objects from before Py_Initialize on, and starts the interpreter five times, with
   subinterpreters ended in another order than they were made. Ends with 1 and a word where a figure is not as it should
   be. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <heapster/heapster.h>
#include <heapster/modules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 5, INTERPRETERS = 4 };

static void require(bool condition, const char *words) {
  if (condition) return;
  fprintf(stderr, "%s\n", words);
  exit(1);
}

static struct heapster_stats python(void) {
  struct heapster_stats stats;
  heapster_stats_read(heapster_heap_find("python"), &stats);
  return stats;
}

static const char script[] =
    "import heapster\n"
    "assert heapster.status().python_way == 'host', heapster.status()\n"
    "kept = [object() for _ in range(1000)]\n"
    "diff = heapster.measure(lambda: [object() for _ in range(100)], heap='python')[1]\n"
    "assert diff.alloc_count >= 100, diff\n"
    "heapster.hook('python')\n"
    "with heapster.measuring(): pass\n"
    "heapster.frame(); heapster.frame()\n"
    "frames = heapster.frames()\n"
    "values = [diff, diff.thread, diff - diff, diff.alloc_histogram, frames, frames.last]\n"
    "values += [heapster.status(), *heapster.heaps()]\n"
    "assert all(value == value and str(value) and repr(value) for value in values), values\n"
    "assert {type(value).__name__ for value in values} <= set(heapster.__all__)\n"
    "assert diff.alloc_histogram.total() == diff.alloc_count == diff.as_dict()['alloc_count']\n";

static void run(void) { require(PyRun_SimpleString(script) == 0, "the script failed"); }

/* In a subinterpreter. Without the GIL CPython lets none import a module such as ours; it is counted all the same. */
static void run_inside(void) {
#ifdef Py_GIL_DISABLED
  const uint64_t before = python().alloc_count;
  require(PyRun_SimpleString("kept = [object() for _ in range(1000)]") == 0, "the script failed");
  require(python().alloc_count - before >= 1000, "a subinterpreter's objects are not counted");
#else
  run();
#endif
}

/* Ends them in the order of `order`: neither as they were made nor the other way round. */
static void run_subinterpreters(void) {
  static const int order[INTERPRETERS] = {2, 0, 3, 1};
  PyThreadState *const main_state = PyThreadState_Get();
  PyThreadState *states[INTERPRETERS];
  for (int i = 0; i < INTERPRETERS; i++) {
    states[i] = Py_NewInterpreter();
    require(states[i] != NULL, "no subinterpreter");
    run_inside();
  }
  for (int i = 0; i < INTERPRETERS; i++) {
    PyThreadState_Swap(states[order[i]]);
    if (i % 2 == 0) run_inside();
    Py_EndInterpreter(states[order[i]]);
    PyThreadState_Swap(main_state);
    run();
  }
}

/* From CPython 3.12 on an interpreter that is started again puts its own allocators back. */
static void start(void) {
  PyPreConfig config;
  PyPreConfig_InitPythonConfig(&config);
  require(!PyStatus_Exception(Py_PreInitialize(&config)), "not preinitialised");
  require(heapster_python_hook() == HEAPSTER_OK, "not hooked before the start");
  Py_Initialize();
}

int main(void) {
  require(PyImport_AppendInittab("heapster", PyInit__heapster) == 0, "no module");
  require(heapster_python_hook() == HEAPSTER_OK, "not hooked");
  require(heapster_python_hook() == HEAPSTER_OK, "hooked twice is not hooked");
  for (int round = 0; round < ROUNDS; round++) {
    const struct heapster_stats before = python();
    start();
    run();
    run_subinterpreters();
    require(Py_FinalizeEx() == 0, "not ended");
    const struct heapster_stats after = python();
    require(after.alloc_count - before.alloc_count > 10000, "the objects of a round were not counted");
    require(after.unseen_alloc_count == 0, "a block was older than the hook");
    require(after.unseen_free_count == 0, "a free was not seen");
  }
  struct heapster_status status;
  heapster_status_read(&status);
  require(strcmp(status.python_way, "host") == 0 && !status.python_problem, "the hook was lost");
  require(heapster_unhook("python") == HEAPSTER_OK && heapster_python_hook() == HEAPSTER_OK, "not hooked again");
  return 0;
}
