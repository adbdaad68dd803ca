/* The registry of heaps. */
#ifndef HEAPSTER__HEAP_HEAP_H
#define HEAPSTER__HEAP_HEAP_H

#include <heapster/heap.h>

#include "count/accounting.h"

/* Numbers of the heaps that hooks open; hosts' heaps come after them. Number 0 stands for the total. */
enum { HEAPSTER__TOTAL = 0, HEAPSTER__MALLOC = 1, HEAPSTER__PYTHON = 2, HEAPSTER__FIRST_HOST_HEAP = 3 };
_Static_assert(HEAPSTER__HEAP_NUMBERS == HEAPSTER_HEAPS + 1, "numbers 1 .. 254 fit the owner byte of the block map");

struct heapster_heap {
  char name[HEAPSTER_HEAP_NAME];
  unsigned number;
  _Atomic bool is_open;
  struct heapster__shadow_map *map;
  struct heapster_allocator own; /* the host's backing, where it has one */
  const struct heapster_allocator *backing;
};

/* Whether any heap but `python` was opened: what an interpreter's allocator asks in its turn may be counted too. And
   who is called when that comes true; more often does no harm. */
bool heapster__has_layers(void);
void heapster__at_layers(void (*come)(void));

/* Whether `malloc` is open: what asks the system's allocator by its public functions comes back in there. */
extern HEAPSTER__HIDDEN _Atomic bool heapster__has_malloc;

/* Stands for the fork handlers of fork.c. */
extern HEAPSTER__HIDDEN const bool heapster__fork_anchor;

/* Opens the heap of a hook. Idempotent. NULL: no memory. */
struct heapster_heap *heapster__heap_open(unsigned number, const char *name);

/* The heap of a hook that counts nothing after all is not there. */
void heapster__heap_close(unsigned number);

/* Whether a host's heap may have that name: HEAPSTER_OK, HEAPSTER_BAD_NAME, HEAPSTER_NAME_TAKEN. */
enum heapster_error heapster__heap_check_name(const char *name);

/* Opens a heap with the next number and any name, in the main map or in one of its own. Callers hold the lock. */
enum heapster_error heapster__heap_make(const char *name, const struct heapster_allocator *backing, bool has_own_map,
                                        struct heapster_heap **made);

/* The open heap of that number, or NULL. */
struct heapster_heap *heapster__heap_at(unsigned number);

/* The highest number in use. */
unsigned heapster__last_heap(void);

#endif
