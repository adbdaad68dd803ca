/* Hooks by name, and the status of the process. */
#include "process/hook.h"

#include "base/atomics.h"
#include "count/accounting.h"
#include "heap/window.h"
#include "hooks/attach/attach.h"
#include "hooks/malloc/family.h"
#include "hooks/script/lua_hook.h"

#include <string.h>

/* One for each interpreter that there can be. */
enum { PYTHON, LUA, OFFERS };
static const char *const offer_names[OFFERS] = {"python", "lua"};
static const struct heapster__hook *_Atomic offers[OFFERS];

/* Its number, or OFFERS. */
static unsigned offer_of(const char *name) {
  unsigned number = 0;
  while (number < OFFERS && strcmp(offer_names[number], name) != 0) number++;
  return number;
}

void heapster__hook_offer(const struct heapster__hook *hook) {
  unsigned number = offer_of(hook->name);
  if (number < OFFERS) heapster__store_release(&offers[number], hook); /* pairs with the acquire of who calls it */
}

/* The way of those that were in front of the program from its start, and stay; NULL where there is none. */
static const struct heapster__malloc_way *lasting_way(void) {
  const struct heapster__malloc_way *way = heapster__malloc_way();
  return way && !way->can_end ? way : NULL;
}

static enum heapster_error hook_malloc(void) {
  const struct heapster__malloc_way *way = lasting_way();
  if (!way) return heapster__attach();
  return way->problem ? HEAPSTER_UNSUPPORTED : HEAPSTER_OK;
}

enum heapster_error heapster_hook(const char *name) {
  if (strcmp(name, "malloc") == 0) return hook_malloc();
  unsigned number = offer_of(name);
  if (number == OFFERS) return HEAPSTER_UNKNOWN_HOOK;
  const struct heapster__hook *hook = heapster__load_acquire(&offers[number]);
  return hook ? hook->install() : HEAPSTER_UNSUPPORTED;
}

enum heapster_error heapster_unhook(const char *name) {
  if (strcmp(name, "malloc") == 0) return lasting_way() ? HEAPSTER_UNSUPPORTED : heapster__detach();
  unsigned number = offer_of(name);
  if (number == OFFERS) return HEAPSTER_UNKNOWN_HOOK;
  const struct heapster__hook *hook = heapster__load_acquire(&offers[number]);
  return hook ? hook->remove() : HEAPSTER_UNSUPPORTED;
}

/* A heap that no hook is behind is its host's own. */
static bool is_counted(const char *name) {
  if (strcmp(name, "malloc") == 0) return lasting_way() || heapster__is_attached();
  unsigned number = offer_of(name);
  const struct heapster__hook *hook = number < OFFERS ? heapster__load_acquire(&offers[number]) : NULL;
  return !hook || strcmp(hook->way(), "none") != 0;
}

bool heapster__is_counted(const struct heapster_heap *heap) {
  if (heap) return is_counted(heapster_heap_name(heap));
  while ((heap = heapster_heap_next(heap))) {
    if (is_counted(heapster_heap_name(heap))) return true;
  }
  return false;
}

static void read_offer(unsigned number, const char **way, const char **problem) {
  const struct heapster__hook *hook = heapster__load_acquire(&offers[number]);
  *way = hook ? hook->way() : "none";
  *problem = hook ? hook->problem() : "its module is not loaded";
}

static void read_malloc(struct heapster_status *status) {
  const struct heapster__malloc_way *way = lasting_way();
  const bool is_attached = heapster__is_attached();
  status->malloc_way = way ? way->name : is_attached ? "attach" : "none";
  status->malloc_problem = way ? way->problem : heapster__attach_problem();
  if (way ? way->problem != NULL : !is_attached) return;
  status->malloc_is_proved = heapster__malloc_is_proved();
  if (!status->malloc_is_proved && !status->malloc_problem)
    status->malloc_problem = "the program's requests do not reach the hook: another allocator stands in front of it";
}

static void read_threads(struct heapster_status *status) {
  status->threads_seen = heapster__slot_count();
  for (uint32_t i = 0; i < status->threads_seen; i++) {
    struct heapster__slot *slot = heapster__slot_at(i);
    if (slot && heapster__load_relaxed(&slot->is_taken)) status->threads_alive++;
  }
}

void heapster_status_read(struct heapster_status *status) {
  memset(status, 0, sizeof *status);
  status->version = heapster_version();
#ifdef HEAPSTER_SHARED_COUNTERS
  status->counters = "shared";
#else
  status->counters = "sharded";
#endif
  read_malloc(status);
  read_offer(PYTHON, &status->python_way, &status->python_problem);
  read_offer(LUA, &status->lua_way, &status->lua_problem);
  status->lua_preexisting = heapster__lua_preexisting();
  read_threads(status);
  status->uncounted_count = heapster__load_relaxed(&heapster__blemishes.uncounted);
  status->lost_size_count = heapster__load_relaxed(&heapster__blemishes.lost_sizes);
  status->crossed_count = heapster__load_relaxed(&heapster__blemishes.crossed);
  status->windows_open = heapster__windows_open();
  status->own_bytes = heapster__own_bytes();
}
