/* HEAPSTER_HOOKS: which hooks the user of the program wants. */
#ifndef HEAPSTER__WANTED_H
#define HEAPSTER__WANTED_H

#include <heapster/heap.h>

/* The list, or NULL: it does not say, or the program is a set-uid one, which does not obey the environment. */
const char *heapster__wanted(void);

/* Takes the next name off the list, cut where it is too long for a name; false at the end. */
bool heapster__wanted_next(const char **list, char name[HEAPSTER_HEAP_NAME]);

#endif
