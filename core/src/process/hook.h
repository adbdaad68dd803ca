/* Hooks by name. An interpreter's module offers its own. */
#ifndef HEAPSTER__PROCESS_HOOK_H
#define HEAPSTER__PROCESS_HOOK_H

#include <heapster/heap.h>
#include <heapster/hook.h>

#include "hooks/mode.h"

struct heapster__hook {
  const char *name;
  enum heapster_error (*install)(void); /* HEAPSTER_OK if it is installed already */
  enum heapster_error (*remove)(void);  /* HEAPSTER_UNSUPPORTED if another hook is on top of it; `problem` says so */
  enum heapster__mode (*mode)(void);    /* HEAPSTER__MODE_NONE if it is not installed */
  const char *(*problem)(void);         /* why it does not count, one sentence; NULL if it does */
};

/* Makes the hook known to heapster_hook and to the status. Idempotent; `hook` must live for ever. */
HEAPSTER_API void heapster__hook_offer(const struct heapster__hook *hook);

/* The offered hook of that name, or NULL. */
const struct heapster__hook *heapster__offered_hook(const char *name);

/* The malloc hook if it was preloaded or linked, and so cannot be removed; else NULL. */
const struct heapster__malloc_hook *heapster__lasting_hook(void);

/* Whether requests to `heap` are counted now: its hook may be off. NULL: whether those to any heap are. */
HEAPSTER_API bool heapster__is_counted(const struct heapster_heap *heap);

#endif
