/* The hook into CPython's allocator: requests for objects and their memory count as heap `python`.

   Other hooks come and go. One above ours calls ours, so everything is still counted. One that was installed before
   ours and is removed (tracemalloc.stop()) puts back what it found, and so drops ours silently. Both look the same from
   here: the functions in force are not ours. So a request that is not counted is sent through them, to see whether it
   arrives. Only a thread that may call Python can do that. */
#include "python/module.h"

#include <heapster/modules.h>
#include <stddef.h>
#include <string.h>

#include "base/atomics.h"
#include "common/hooks.h"
#include "hooks/script/domains.h"
#include "process/hook.h"
#include "python/threads.h"

static const PyMemAllocatorDomain domains[HEAPSTER__DOMAINS] = {
    [HEAPSTER__PYTHON_MEM] = PYMEM_DOMAIN_MEM, [HEAPSTER__PYTHON_OBJ] = PYMEM_DOMAIN_OBJ};

/* Written by threads that may call Python, read by any. */
static struct {
  _Atomic(enum heapster__mode) mode;
  _Atomic bool is_refused; /* its removal was refused */
  _Atomic bool is_moved;   /* it was not installed again, since other functions are below it now */
  _Atomic uint64_t seen;   /* fingerprint of the functions that were in force when a request was last sent through */
} hook;

HEAPSTER__MUTEX(installing); /* or removing */

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

static bool reach_all(void) {
  for (unsigned i = 0; i < HEAPSTER__DOMAINS; i++) {
    if (!reach(i)) return false;
  }
  return true;
}

enum { WAS_MISSED = 1 };

/* Of the functions in force, in one word, so that threads without a GIL need no lock to keep it; its lowest bit, which
   is clear here, says what came of a request sent through them. */
static uint64_t fingerprint(void) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a, word by word */
  for (unsigned i = 0; i < HEAPSTER__DOMAINS; i++) {
    const struct heapster__domain now = in_force(i);
    const uintptr_t words[] = {(uintptr_t)now.context, (uintptr_t)now.malloc, (uintptr_t)now.calloc,
                               (uintptr_t)now.realloc, (uintptr_t)now.free};
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) hash = (hash ^ words[k]) * UINT64_C(0x100000001b3);
  }
  return hash & ~(uint64_t)WAS_MISSED;
}

/* Whether requests arrive at ours: sends one again only if other functions are in force than last time. */
static bool try_reach(void) {
  for (unsigned i = 0; i < HEAPSTER__DOMAINS; i++) {
    if (is_dropped(i)) return false;
  }
  const uint64_t now = fingerprint(), seen = hook.seen;
  if ((seen & ~(uint64_t)WAS_MISSED) == now || !may_call_python()) return !(seen & WAS_MISSED);
  const bool is_reached = reach_all();
  const bool was_reached = !(heapster__exchange_acq_rel(&hook.seen, now | (is_reached ? 0 : WAS_MISSED)) & WAS_MISSED);
  if (was_reached && !is_reached) heapster__domains_doubt();
  return is_reached;
}

static bool check_counting(void) { return hook.mode && (is_all_on_top() || try_reach()); }

static _Atomic bool has_shared_counters; /* the core, which then cannot count domains */

/* In all CPythons from 3.8 on, though its own headers do not always say so: such as "pymalloc_debug", or NULL if
   another hook is in force. */
extern __attribute__((weak)) const char *_PyMem_GetCurrentAllocatorName(void); /* NOLINT(*-redundant-declaration) */

/* Whether CPython's debug allocators are in force. They put 24 bytes around each block, and look for writes beyond its
   size: so they must be given that size. */
static bool is_debugging(void) {
  const char *const name = _PyMem_GetCurrentAllocatorName ? _PyMem_GetCurrentAllocatorName() : NULL;
  return name && strstr(name, "debug");
}

/* Without the GIL another thread may still be in the middle of a call of ours, on its way to the functions that were
   below when it came, with their context. So there these stay what they were first. */
static bool may_lie_above(unsigned number, const struct heapster__domain *below) {
#ifdef Py_GIL_DISABLED
  const struct heapster__domain first = heapster__domain_next(number);
  return !first.malloc || is_same(&first, below);
#else
  (void)number, (void)below;
  return true;
#endif
}

static bool is_wrapped(unsigned number) {
  return is_on_top(number) || (!is_dropped(number) && may_call_python() && reach(number));
}

static bool may_wrap(unsigned number) {
  if (hook.mode && !is_dropped(number) && !may_call_python()) return false; /* another hook may stand above ours */
  const struct heapster__domain below = in_force(number);
  hook.is_moved = !may_lie_above(number, &below);
  return !hook.is_moved;
}

static void wrap(unsigned number) {
  const struct heapster__domain below = in_force(number);
  set_in_force(number, heapster__domain_counted(number, &below));
}

static enum heapster_error install_here(enum heapster__mode mode) {
  if (check_counting()) return HEAPSTER_OK;
  has_shared_counters = !heapster__domains_open();
  if (has_shared_counters) return HEAPSTER_UNSUPPORTED;
  hook.is_moved = false;
  for (unsigned i = 0; i < HEAPSTER__DOMAINS; i++) {
    if (!is_wrapped(i) && !may_wrap(i)) return HEAPSTER_UNSUPPORTED;
  }
  heapster__domains_space(is_debugging());
  for (unsigned i = 0; i < HEAPSTER__DOMAINS; i++) {
    if (!is_wrapped(i)) wrap(i);
  }
  hook.seen = fingerprint();
  hook.is_refused = false;
  hook.mode = mode;
  return HEAPSTER_OK;
}

static enum heapster_error install(enum heapster__mode mode) {
  HEAPSTER__LOCK(installing);
  const enum heapster_error error = install_here(mode);
  HEAPSTER__UNLOCK(installing);
  return error;
}

static enum heapster_error install_imported(void) { return install(HEAPSTER__MODE_IMPORT); }

static enum heapster_error remove_here(void) {
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

static enum heapster_error remove_hook(void) {
  HEAPSTER__LOCK(installing);
  const enum heapster_error error = remove_here();
  HEAPSTER__UNLOCK(installing);
  return error;
}

static enum heapster__mode mode(void) { return check_counting() ? hook.mode : HEAPSTER__MODE_NONE; }

static const char *problem(void) {
  if (has_shared_counters) return heapster__shared_counters_problem;
  if (hook.is_moved && !check_counting())
    return "other functions than at first lie below its hook, and without the GIL another thread may be on its way to "
           "the first";
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
