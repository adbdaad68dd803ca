/* The hooks' names, and HEAPSTER_HOOKS. */
#include "common/hooks.h"

#include <stdlib.h>
#include <string.h>

const char *const heapster__hook_names[HEAPSTER__HOOK_NAMES] = {"malloc", "python", "lua"};

const char heapster__shared_counters_problem[] =
    "heapster was built with HEAPSTER_COUNTERS=shared, which cannot tell layers apart";

bool heapster__is_hook_name(const char *name) {
  for (int i = 0; i < HEAPSTER__HOOK_NAMES; i++) {
    if (!strcmp(name, heapster__hook_names[i])) return true;
  }
  return false;
}

const char *heapster__find_wanted_hooks(void) { return secure_getenv("HEAPSTER_HOOKS"); }

static bool is_for_others(const char *name, const char *own) {
  const bool is_interpreter = !strcmp(name, "python") || !strcmp(name, "lua");
  return !strcmp(name, "none") || (is_interpreter && strcmp(name, own) != 0);
}

bool heapster__take_wanted_hook(const char **list, const char *own, char name[HEAPSTER_HEAP_NAME]) {
  do {
    const char *const begin = *list + strspn(*list, " ,");
    size_t length = strcspn(begin, " ,");
    *list = begin + length;
    if (length >= HEAPSTER_HEAP_NAME) length = HEAPSTER_HEAP_NAME - 1;
    memcpy(name, begin, length);
    name[length] = 0;
  } while (is_for_others(name, own));
  return *name;
}
