/* Hooks that others bring: an interpreter's module offers one by name. */
#ifndef HEAPSTER__PROCESS_HOOK_H
#define HEAPSTER__PROCESS_HOOK_H

#include <heapster/heap.h>
#include <heapster/hook.h>

struct heapster__hook {
  const char *name;
  enum heapster_error (*install)(void); /* HEAPSTER_OK also where it is installed */
  enum heapster_error (*remove)(void);  /* HEAPSTER_UNSUPPORTED where something stands above it; `problem` says what */
  const char *(*way)(void);             /* "none" where it is not installed */
  const char *(*problem)(void);         /* why it does not count, one sentence; NULL where it does */
};

/* Makes heapster_hook(hook->name) and the status know it. Idempotent; `hook` lives for ever. */
HEAPSTER_API void heapster__hook_offer(const struct heapster__hook *hook);

/* The offered hook of that name, or NULL. */
const struct heapster__hook *heapster__offered_hook(const char *name);

/* The malloc hook if it was in front of the program from its start, and stays; else NULL. */
const struct heapster__malloc_hook *heapster__lasting_hook(void);

/* Whether what `heap` stands for is counted now: the hooks' heaps may have lost theirs. NULL: whether any heap is. */
HEAPSTER_API bool heapster__is_counted(const struct heapster_heap *heap);

#endif
