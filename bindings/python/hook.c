/* The hook into CPython's allocator: what it asks for objects and their memory, counted as heap `python`.

   Other hooks come and go as well. One that stands above ours calls it, and so all is counted still; one that was there
   before ours and is taken off again (tracemalloc.stop()) puts back what it found, and ours is dropped without a word.
   The two look alike from here: both times the functions in force are not ours. So a request is sent through them that
   is not counted, to see whether it arrives; only a thread that may call Python can do that. */
#include "python/module.h"

#include <heapster/modules.h>
#include <stddef.h>

#include "domain_hook.h"
#include "hook.h"

static const PyMemAllocatorDomain domains[HEAPSTER__DOMAINS] = {PYMEM_DOMAIN_MEM, PYMEM_DOMAIN_OBJ};

/* Changed by who may call Python; read by any thread that reads the status. */
static struct {
  const char *_Atomic way;                         /* NULL: not installed */
  _Atomic bool is_refused;                         /* it was to be removed, and could not */
  _Atomic bool was_reached;                        /* what was found last */
  struct heapster__domain seen[HEAPSTER__DOMAINS]; /* and with which functions in force */
} hook = {.was_reached = true};

static struct heapster__domain in_force(unsigned number) {
  PyMemAllocatorEx functions;
  PyMem_GetAllocator(domains[number], &functions);
  return (struct heapster__domain){functions.ctx, functions.malloc, functions.calloc, functions.realloc,
                                   functions.free};
}

static void put_in_force(unsigned number, struct heapster__domain domain) {
  PyMemAllocatorEx functions = {domain.context, domain.malloc, domain.calloc, domain.realloc, domain.free};
  PyMem_SetAllocator(domains[number], &functions);
}

static bool is_same(const struct heapster__domain *a, const struct heapster__domain *b) {
  return a->context == b->context && a->malloc == b->malloc && a->calloc == b->calloc && a->realloc == b->realloc &&
         a->free == b->free;
}

/* Whether ours is the first that is called, all its fields as they were set. */
static bool is_on_top(unsigned number) {
  const struct heapster__domain now = in_force(number);
  return heapster__domain_is_counted(number, &now) && now.context == heapster__domain_below(number).context;
}

static bool is_all_on_top(void) {
  for (unsigned i = 0; i < HEAPSTER__DOMAINS; i++) {
    if (!is_on_top(i)) return false;
  }
  return true;
}

/* Whether the calling thread may call Python. */
static bool may_call_python(void) {
#if PY_VERSION_HEX >= 0x030D0000
  return PyThreadState_GetUnchecked() != NULL;
#else
  const PyThreadState *const state = _PyThreadState_UncheckedGet();
  return state && state->thread_id == PyThread_get_thread_ident();
#endif
}

static bool is_reached(unsigned number) {
  const struct heapster__domain now = in_force(number);
  return is_on_top(number) || heapster__domain_is_reached(&now);
}

/* Looks again whether requests arrive, unless the same functions are in force as when that was found last. */
static bool is_all_reached(void) {
  bool is_known = true;
  for (unsigned i = 0; i < HEAPSTER__DOMAINS; i++) {
    const struct heapster__domain now = in_force(i);
    if (is_same(&now, &hook.seen[i])) continue;
    is_known = false;
    if (may_call_python()) hook.seen[i] = now;
  }
  if (is_known || !may_call_python()) return hook.was_reached;
  hook.was_reached = true;
  for (unsigned i = 0; i < HEAPSTER__DOMAINS; i++) {
    if (!is_reached(i)) hook.was_reached = false;
  }
  return hook.was_reached;
}

static bool is_counting(void) { return hook.way && (is_all_on_top() || is_all_reached()); }

#ifdef Py_GIL_DISABLED
static const char *const unable = "this CPython runs without the GIL, where the hook was not tried yet";
#else
static const char *const unable = NULL;
#endif

static _Atomic bool is_shared; /* the core's counters are */

static bool wrap(unsigned number) {
  if (hook.way && !is_on_top(number) && !may_call_python()) return false; /* it may stand above ours */
  if (is_on_top(number) || (may_call_python() && is_reached(number))) return true;
  const struct heapster__domain below = in_force(number);
  put_in_force(number, heapster__domain_counted(number, &below));
  return true;
}

static enum heapster_error install(const char *way) {
  if (unable) return HEAPSTER_UNSUPPORTED;
  if (is_counting()) return HEAPSTER_OK;
  is_shared = !heapster__domains_open();
  if (is_shared) return HEAPSTER_UNSUPPORTED;
  for (unsigned i = 0; i < HEAPSTER__DOMAINS; i++) {
    if (!wrap(i)) return HEAPSTER_UNSUPPORTED;
  }
  for (unsigned i = 0; i < HEAPSTER__DOMAINS; i++) hook.seen[i] = in_force(i);
  hook.was_reached = true;
  hook.is_refused = false;
  hook.way = way;
  return HEAPSTER_OK;
}

static enum heapster_error install_again(void) { return install("import"); }

static enum heapster_error remove_hook(void) {
  if (!hook.way) return HEAPSTER_OK;
  if (is_all_on_top()) {
    for (unsigned i = 0; i < HEAPSTER__DOMAINS; i++) put_in_force(i, heapster__domain_below(i));
  } else if (is_all_reached()) {
    hook.is_refused = true;
    return HEAPSTER_UNSUPPORTED;
  }
  hook.way = NULL;
  return HEAPSTER_OK;
}

static const char *way(void) { return is_counting() ? hook.way : "none"; }

static const char *problem(void) {
  if (unable) return unable;
  if (is_shared) return "heapster was built with HEAPSTER_COUNTERS=shared, which cannot tell layers apart";
  if (!hook.way) return "its hook is off";
  if (!is_counting())
    return "another hook took its place (tracemalloc.stop() drops hooks that came after tracemalloc.start())";
  if (hook.is_refused && !is_all_on_top())
    return "it is counted, but cannot be unhooked while another hook stands above it";
  return NULL;
}

void heapster__python_hook_offer(void) {
  static const struct heapster__hook offered = {"python", install_again, remove_hook, way, problem};
  heapster__hook_offer(&offered);
}

enum heapster_error heapster__python_hook_import(void) {
  heapster__python_hook_offer();
  return install("import");
}

enum heapster_error heapster_python_hook(void) {
  heapster__python_hook_offer();
  return install("host");
}
