/* Windows: what happened between a begin and an end. */
#ifndef HEAPSTER__HEAP_WINDOW_H
#define HEAPSTER__HEAP_WINDOW_H

#include <heapster/window.h>

/* The number of open windows. */
uint32_t heapster__windows_open(void);

/* Closes a window from any thread, one of thread scope too, and reads nothing; nothing if it is not open. For scripts
   whose collector may run in another thread. */
HEAPSTER_API void heapster__window_drop(struct heapster_window window);

/* Whether a window of the heap number is open that somebody can still end. Callers hold the lock. */
bool heapster__windows_are_over(unsigned number);

/* In the child of a fork: closes the windows of other threads, which do not exist there. Callers hold the lock. */
void heapster__windows_drop_others(void);

#endif
