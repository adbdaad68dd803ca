/* Windows: what happened between a begin and an end. */
#ifndef HEAPSTER__WINDOW_H
#define HEAPSTER__WINDOW_H

#include <heapster/window.h>

#include <stdint.h>

/* How many are open. */
uint32_t heapster__windows_open(void);

#endif
