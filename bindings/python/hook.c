/* The hook into CPython's allocator: requests for objects and their memory count as heap `python`.

   Other hooks come and go. One above ours calls ours, so everything is still counted. One that was installed before
   ours and is removed (tracemalloc.stop()) puts back what it found, and so drops ours silently. Both look the same from
   here: the functions in force are not ours. So a request that is not counted is sent through them, to see whether it
   arrives. Only a thread that may call Python can do that. */
#include "python/module.h"

#include <heapster/modules.h>
#include <stddef.h>

#include "common/hooks.h"
#include "hooks/script/domains.h"
#include "process/hook.h"

static const PyMemAllocatorDomain domains[HEAPSTER__DOMAINS] = {PYMEM_DOMAIN_MEM, PYMEM_DOMAIN_OBJ};

/* Written by threads that may call Python, read by any. */
static struct {
  _Atomic(enum heapster__mode) mode;
  _Atomic bool is_refused;                         /* its removal was refused */
  _Atomic bool was_reached;                        /* the last result of a request sent through */
  struct heapster__domain seen[HEAPSTER__DOMAINS]; /* the functions then in force */
} hook = {.was_reached = true};

static struct heapster__domain in_force(unsigned number) {
  PyMemAllocatorEx functions;
  PyMem_GetAllocator(domains[number], &functions);
  return (struct heapster__domain){functions.ctx, functions.malloc, functions.calloc, functions.realloc,
                                   functions.free};
}

static void set_in_force(unsigned number, struct heapster__domain domain) {
  PyMemAllocatorEx functions = {domain.context, domain.malloc, domain.calloc, domain.realloc, domain.free};
  PyMem_SetAllocator(domains[number], &functions);
}

static bool is_same(const struct heapster__domain *a, const struct heapster__domain *b) {
  return a->context == b->context && a->malloc == b->malloc && a->calloc == b->calloc && a->realloc == b->realloc &&
         a->free == b->free;
}

/* Whether CPython calls ours first, with all fields as we set them. */
static bool is_on_top(unsigned number) {
  const struct heapster__domain now = in_force(number);
  return heapster__domain_is_counted(number, &now) && now.context == heapster__domain_next(number).context;
}

static bool is_all_on_top(void) {
  for (unsigned i = 0; i < HEAPSTER__DOMAINS; i++) {
    if (!is_on_top(i)) return false;
  }
  return true;
}

/* Whether CPython put back the functions below ours, as it does from 3.12 on when it is started again: then no other
   hook stands above ours either. */
static bool is_dropped(unsigned number) {
  const struct heapster__domain now = in_force(number), next = heapster__domain_next(number);
  return hook.mode && is_same(&now, &next);
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

static bool reach(unsigned number) {
  const struct heapster__domain now = in_force(number);
  return is_on_top(number) || heapster__domain_probe(&now);
}

/* Whether requests arrive at ours: sends one again only if other functions are in force than last time. */
static bool try_reach(void) {
  bool is_known = true;
  for (unsigned i = 0; i < HEAPSTER__DOMAINS; i++) {
    if (is_dropped(i)) return false;
    const struct heapster__domain now = in_force(i);
    if (is_same(&now, &hook.seen[i])) continue;
    is_known = false;
    if (may_call_python()) hook.seen[i] = now;
  }
  if (is_known || !may_call_python()) return hook.was_reached;
  const bool was_reached = hook.was_reached;
  hook.was_reached = true;
  for (unsigned i = 0; i < HEAPSTER__DOMAINS; i++) {
    if (!reach(i)) hook.was_reached = false;
  }
  if (was_reached && !hook.was_reached) heapster__domains_doubt();
  return hook.was_reached;
}

static bool check_counting(void) { return hook.mode && (is_all_on_top() || try_reach()); }

#ifdef Py_GIL_DISABLED
static const char *const unsupported = "this CPython runs without the GIL, where the hook was not tried yet";
#else
static const char *const unsupported = NULL;
#endif

static _Atomic bool has_shared_counters; /* the core, which then cannot count domains */

static bool wrap(unsigned number) {
  const bool is_lost = is_dropped(number);
  if (hook.mode && !is_on_top(number) && !is_lost && !may_call_python())
    return false; /* another hook may stand above ours */
  if (is_on_top(number) || (!is_lost && may_call_python() && reach(number))) return true;
  const struct heapster__domain below = in_force(number);
  set_in_force(number, heapster__domain_counted(number, &below));
  return true;
}

static enum heapster_error install(enum heapster__mode mode) {
  if (unsupported) return HEAPSTER_UNSUPPORTED;
  if (check_counting()) return HEAPSTER_OK;
  has_shared_counters = !heapster__domains_open();
  if (has_shared_counters) return HEAPSTER_UNSUPPORTED;
  for (unsigned i = 0; i < HEAPSTER__DOMAINS; i++) {
    if (!wrap(i)) return HEAPSTER_UNSUPPORTED;
  }
  for (unsigned i = 0; i < HEAPSTER__DOMAINS; i++) hook.seen[i] = in_force(i);
  hook.was_reached = true;
  hook.is_refused = false;
  hook.mode = mode;
  return HEAPSTER_OK;
}

static enum heapster_error install_imported(void) { return install(HEAPSTER__MODE_IMPORT); }

static enum heapster_error remove_hook(void) {
  if (!hook.mode) return HEAPSTER_OK;
  if (is_all_on_top()) {
    for (unsigned i = 0; i < HEAPSTER__DOMAINS; i++) set_in_force(i, heapster__domain_next(i));
    heapster__domains_doubt();
  } else if (try_reach()) {
    hook.is_refused = true;
    return HEAPSTER_UNSUPPORTED;
  }
  hook.mode = HEAPSTER__MODE_NONE;
  return HEAPSTER_OK;
}

static enum heapster__mode mode(void) { return check_counting() ? hook.mode : HEAPSTER__MODE_NONE; }

static const char *problem(void) {
  if (unsupported) return unsupported;
  if (has_shared_counters) return heapster__shared_counters_problem;
  if (!hook.mode) return "its hook is off";
  if (!check_counting())
    return "another hook took its place (tracemalloc.stop() drops hooks that came after tracemalloc.start())";
  if (hook.is_refused && !is_all_on_top())
    return "it is counted, but cannot be unhooked while another hook stands above it";
  return NULL;
}

void heapster__python_offer_hook(void) {
  static const struct heapster__hook offered = {"python", install_imported, remove_hook, mode, problem};
  heapster__hook_offer(&offered);
}

enum heapster_error heapster__python_import_hook(void) {
  heapster__python_offer_hook();
  return install(HEAPSTER__MODE_IMPORT);
}

enum heapster_error heapster_python_hook(void) {
  heapster__python_offer_hook();
  return install(HEAPSTER__MODE_HOST);
}
