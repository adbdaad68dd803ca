/* Windows: what happened between a begin and an end. */
#ifndef HEAPSTER__HEAP_WINDOW_H
#define HEAPSTER__HEAP_WINDOW_H

#include <heapster/window.h>

#include <stdint.h>

/* How many are open. */
uint32_t heapster__windows_open(void);

/* In the child of a fork: the windows of the other threads, which are gone, are closed. Callers hold the lock. */
void heapster__windows_drop_others(void);

#endif
