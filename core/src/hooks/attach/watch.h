/* Notices that another tool wrote to import tables: some slots are watched. */
#ifndef HEAPSTER__ATTACH_WATCH_H
#define HEAPSTER__ATTACH_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Watches a slot of an object that is never unloaded: remembers what is in it now. `number` counts the slots of a walk
   from 0; those beyond the first 64 are not watched. */
void heapster__watch_slot(size_t number, const uintptr_t *slot);

/* Whether a watched slot holds something else by now. */
bool heapster__has_changed_slot(void);

#endif
