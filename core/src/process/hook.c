/* Hooks by name. */
#include "process/hook.h"

#include "base/atomics.h"
#include "hooks/attach/attach.h"
#include "hooks/malloc/family.h"

#include <string.h>

/* The hooks of interpreters, by name; NULL until their module is loaded. */
static struct {
  const char *name;
  const struct heapster__hook *_Atomic hook;
} offers[] = {{"python", NULL}, {"lua", NULL}};
enum { OFFERS = sizeof offers / sizeof offers[0] };

/* Its index, or OFFERS. */
static unsigned find_offer(const char *name) {
  unsigned index = 0;
  while (index < OFFERS && strcmp(offers[index].name, name) != 0) index++;
  return index;
}

void heapster__hook_offer(const struct heapster__hook *hook) {
  unsigned index = find_offer(hook->name);
  if (index < OFFERS) heapster__store_release(&offers[index].hook, hook); /* pairs with the acquire in offered_hook */
}

const struct heapster__hook *heapster__offered_hook(const char *name) {
  unsigned index = find_offer(name);
  return index < OFFERS ? heapster__load_acquire(&offers[index].hook) : NULL;
}

const struct heapster__malloc_hook *heapster__lasting_hook(void) {
  const struct heapster__malloc_hook *hook = heapster__malloc_hook();
  return hook && !hook->can_end ? hook : NULL;
}

static enum heapster_error hook_malloc(void) {
  const struct heapster__malloc_hook *hook = heapster__lasting_hook();
  if (!hook) return heapster__attach();
  return hook->problem ? HEAPSTER_UNSUPPORTED : HEAPSTER_OK;
}

enum heapster_error heapster_hook(const char *name) {
  if (!name) return HEAPSTER_UNKNOWN_HOOK;
  if (!strcmp(name, "malloc")) return hook_malloc();
  if (find_offer(name) == OFFERS) return HEAPSTER_UNKNOWN_HOOK;
  const struct heapster__hook *hook = heapster__offered_hook(name);
  return hook ? hook->install() : HEAPSTER_UNSUPPORTED;
}

enum heapster_error heapster_unhook(const char *name) {
  if (!name) return HEAPSTER_UNKNOWN_HOOK;
  if (!strcmp(name, "malloc")) return heapster__lasting_hook() ? HEAPSTER_UNSUPPORTED : heapster__detach();
  if (find_offer(name) == OFFERS) return HEAPSTER_UNKNOWN_HOOK;
  const struct heapster__hook *hook = heapster__offered_hook(name);
  return hook ? hook->remove() : HEAPSTER_UNSUPPORTED;
}

/* A heap without a hook is its host's own, and counted. */
static bool is_counted(const char *name) {
  if (!strcmp(name, "malloc")) return heapster__lasting_hook() || heapster__is_attached();
  const struct heapster__hook *hook = heapster__offered_hook(name);
  return !hook || hook->mode() != HEAPSTER__MODE_NONE;
}

bool heapster__is_counted(const struct heapster_heap *heap) {
  if (heap) return is_counted(heapster_heap_name(heap));
  /* `ended`, the last, counts nothing any more */
  while ((heap = heapster_heap_next(heap)) && strcmp(heapster_heap_name(heap), "ended") != 0) {
    if (is_counted(heapster_heap_name(heap))) return true;
  }
  return false;
}
