/* For the laws in Python: CPython's own count of its blocks, read at one instant with heapster's; and requests whose
   number is known, made by any number of threads that hand blocks to each other. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <heapster/heapster.h>
#include <stdatomic.h>
#include <stdint.h>

/* read(): (sys.getallocatedblocks(), live_count, unseen_alloc_count, crossed_count) of heap `python`. */
static PyObject *read_both(PyObject *module, PyObject *none) {
  (void)module, (void)none;
  struct heapster_stats stats;
  struct heapster_status status;
  PyObject *const blocks = PyObject_CallObject(PySys_GetObject("getallocatedblocks"), NULL);
  if (!blocks) return NULL;
  heapster_stats_read(heapster_heap_find("python"), &stats);
  heapster_status_read(&status);
  return Py_BuildValue("NKKK", blocks, (unsigned long long)stats.live_count,
                       (unsigned long long)stats.unseen_alloc_count, (unsigned long long)status.crossed_count);
}

/* What every block holds; no block is smaller. */
struct block {
  size_t size;
  int is_object; /* of the domain OBJ, not MEM */
};

enum { SHARED = 256, SIZES = 3000 };
static _Atomic(struct block *) shared[SHARED]; /* who takes a block out owns it */

/* What a call made, named as the figures of a Stats. */
struct made {
  unsigned long long alloc_count, alloc_sum, dealloc_count, dealloc_sum, realloc_growth_count, realloc_growth_sum,
      realloc_shrink_count, realloc_shrink_sum, realloc_same_count;
};

static struct block *new_block(struct made *made, size_t size, int is_object) {
  struct block *const block = is_object ? PyObject_Malloc(size) : PyMem_Malloc(size);
  if (!block) Py_FatalError("out of memory");
  *block = (struct block){size, is_object};
  made->alloc_count++;
  made->alloc_sum += size;
  return block;
}

static void free_block(struct made *made, struct block *block) {
  if (!block) return;
  made->dealloc_count++;
  made->dealloc_sum += block->size;
  if (block->is_object)
    PyObject_Free(block);
  else
    PyMem_Free(block);
}

static struct block *resize_block(struct made *made, struct block *block, size_t size) {
  const size_t old = block->size;
  block = block->is_object ? PyObject_Realloc(block, size) : PyMem_Realloc(block, size);
  if (!block) Py_FatalError("out of memory");
  block->size = size;
  made->realloc_same_count += size == old;
  made->realloc_growth_count += size > old;
  made->realloc_growth_sum += size > old ? size - old : 0;
  made->realloc_shrink_count += size < old;
  made->realloc_shrink_sum += size < old ? old - size : 0;
  return block;
}

static uint32_t roll(uint64_t *dice) {
  *dice = *dice * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(*dice >> 33);
}

static void make_requests(struct made *made, uint64_t dice, unsigned long turns) {
  while (turns--) {
    const uint32_t place = roll(&dice) % SHARED, size = (uint32_t)sizeof(struct block) + roll(&dice) % SIZES;
    struct block *block = atomic_exchange(&shared[place], NULL);
    if (!block)
      block = new_block(made, size, roll(&dice) & 1);
    else if (roll(&dice) & 1)
      block = resize_block(made, block, size);
    else
      free_block(made, block), block = NULL;
    free_block(made, atomic_exchange(&shared[place], block));
  }
}

static PyObject *as_dict(const struct made *made) {
  return Py_BuildValue("{sKsKsKsKsKsKsKsKsK}", "alloc_count", made->alloc_count, "alloc_sum", made->alloc_sum,
                       "dealloc_count", made->dealloc_count, "dealloc_sum", made->dealloc_sum, "realloc_growth_count",
                       made->realloc_growth_count, "realloc_growth_sum", made->realloc_growth_sum,
                       "realloc_shrink_count", made->realloc_shrink_count, "realloc_shrink_sum",
                       made->realloc_shrink_sum, "realloc_same_count", made->realloc_same_count);
}

static struct made counted_in(const struct heapster_stats *stats) {
  return (struct made){
      stats->alloc_count,          stats->alloc_sum,          stats->dealloc_count,        stats->dealloc_sum,
      stats->realloc_growth_count, stats->realloc_growth_sum, stats->realloc_shrink_count, stats->realloc_shrink_sum,
      stats->realloc_same_count};
}

/* churn(turns, seed): makes requests in a window of this thread; returns what it made, and what the window counted. */
static PyObject *churn(PyObject *module, PyObject *arguments) {
  (void)module;
  unsigned long turns;
  unsigned long long seed;
  struct heapster_window window;
  struct heapster_stats stats;
  struct made made = {0};
  if (!PyArg_ParseTuple(arguments, "kK", &turns, &seed)) return NULL;
  enum heapster_error error = heapster_window_begin(heapster_heap_find("python"), HEAPSTER_THREAD, &window);
  if (!error) make_requests(&made, seed, turns);
  if (!error) error = heapster_window_end(window, &stats);
  if (error) return PyErr_Format(PyExc_RuntimeError, "%s", heapster_error_text(error));
  const struct made counted = counted_in(&stats);
  return Py_BuildValue("NN", as_dict(&made), as_dict(&counted));
}

/* drain(): frees what is left; returns what that was. */
static PyObject *drain(PyObject *module, PyObject *none) {
  (void)module, (void)none;
  struct made made = {0};
  for (unsigned i = 0; i < SHARED; i++) free_block(&made, atomic_exchange(&shared[i], NULL));
  return as_dict(&made);
}

static PyMethodDef methods[] = {{"read", read_both, METH_NOARGS, NULL},
                                {"churn", churn, METH_VARARGS, NULL},
                                {"drain", drain, METH_NOARGS, NULL},
                                {NULL, NULL, 0, NULL}};
static struct PyModuleDef law_blocks = {PyModuleDef_HEAD_INIT, "law_blocks", NULL, -1, methods, NULL, NULL, NULL, NULL};

__attribute__((visibility("default"))) PyObject *PyInit_law_blocks(void) {
  PyObject *const module = PyModule_Create(&law_blocks);
#ifdef Py_GIL_DISABLED
  if (module) PyUnstable_Module_SetGIL(module, Py_MOD_GIL_NOT_USED);
#endif
  return module;
}
