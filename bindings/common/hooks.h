/* The hooks' names, and which of them the environment asks for. */
#ifndef HEAPSTER__HOOKS_H
#define HEAPSTER__HOOKS_H

#include <heapster/heap.h>

enum { HEAPSTER__HOOK_NAMES = 3 };
extern const char *const heapster__hook_names[HEAPSTER__HOOK_NAMES];

/* Why no interpreter can be hooked if the core has shared counters. */
extern const char heapster__shared_counters_problem[];

/* Whether `name` is a hook's, and so the name of a heap that is missing while the hook is off. */
bool heapster__is_hook_name(const char *name);

/* HEAPSTER_HOOKS, or NULL where it is not set. A set-uid program ignores its environment. */
const char *heapster__find_wanted_hooks(void);

/* Takes the next name off the list, cut to a name's length; false at the end. The module of interpreter `own` skips the
   hook of the other interpreter, which its own module installs. */
bool heapster__take_wanted_hook(const char **list, const char *own, char name[HEAPSTER_HEAP_NAME]);

#endif
