/* The hook into CPython's allocator: what it asks for objects and their memory, counted as heap `python`. */
#ifndef HEAPSTER__PYTHON_HOOK_H
#define HEAPSTER__PYTHON_HOOK_H

#include <heapster/base.h>

/* Makes the core know the hook, and puts it on unless it is. heapster_python_hook is the same for a host. */
enum heapster_error heapster__python_hook_import(void);

/* Makes the core know the hook, and leaves it as it is. */
void heapster__python_hook_offer(void);

#endif
