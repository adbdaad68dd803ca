/* Windows and epochs: what ends one stretch of time and begins another. */
#ifndef HEAPSTER__WINDOW_H
#define HEAPSTER__WINDOW_H

#include <heapster/window.h>

#include <stdint.h>

/* How many are open. */
uint32_t heapster__windows_open(void);

#endif
