/* The registry of heaps. */
#ifndef HEAPSTER__HEAP_HEAP_H
#define HEAPSTER__HEAP_HEAP_H

#include <heapster/heap.h>

#include "count/accounting.h"

/* Numbers of the heaps that hooks open; hosts' heaps come after them. Number 0 stands for the total. */
enum {
  HEAPSTER__TOTAL = 0,
  HEAPSTER__MALLOC = 1,
  HEAPSTER__PYTHON = 2,
  HEAPSTER__FIRST_HOST_HEAP = 3,
  HEAPSTER__ENDED = 255 /* `ended`, which shows what heaps counted that have ended; it has no blocks */
};
_Static_assert(HEAPSTER__HEAP_NUMBERS == HEAPSTER_HEAPS + 2 && HEAPSTER__ENDED == HEAPSTER_HEAPS + 1,
               "numbers 1 .. 255 fit the owner byte of the shadow map");

/* What became of a number. Written and read under the lock. */
enum heapster__heap_state {
  HEAPSTER__HEAP_NEW,    /* never used */
  HEAPSTER__HEAP_IN_USE, /* open; or that of a hook which gave up */
  HEAPSTER__HEAP_ENDING, /* ended by its host; a block is alive, a window is open, or a thread is just freeing */
  HEAPSTER__HEAP_RETIRED /* the next heap may have the number */
};

struct heapster_heap {
  _Atomic char name[HEAPSTER_HEAP_NAME];
  unsigned number;
  _Atomic bool is_open;
  _Atomic uint64_t serial; /* no other heap of the process has it; 0: it has ended */
  _Atomic uint64_t
      birth_order; /* if the number was used before: snapshots up to here are not of this heap; see origin.h */
  enum heapster__heap_state state;
  bool is_hosts;  /* made by heapster_heap_create, so it may end */
  bool has_spare; /* retired: `map` is empty, and no other heap has it */
  struct heapster__map *map;
  struct heapster__small_map *_Atomic small; /* NULL, except for a Lua state's over a host's allocator */
  struct heapster_allocator own;             /* a copy of the host's backing, if it gave one */
  const struct heapster_allocator *backing;
};

/* Whether a second layer exists: any heap but `python` was opened, so requests of an interpreter's allocator may be
   counted again below it. */
bool heapster__has_layers(void);

/* Calls back once a second layer exists, perhaps more than once. */
void heapster__at_layers(void (*callback)(void));

/* Whether `malloc` is open: then a request through the public functions of the system's allocator reaches the hook. */
extern HEAPSTER__HIDDEN _Atomic bool heapster__has_malloc;

/* Its address pulls the fork handlers of fork.c into a static link. */
extern HEAPSTER__HIDDEN const bool heapster__fork_anchor;

/* The registry is written only under the lock. */

/* Opens the heap of a hook. Idempotent. NULL: no memory. Takes the lock: the Python module opens `python` when it is
   imported, and holds nothing. */
struct heapster_heap *heapster__heap_open(unsigned number, const char *name);

/* The same for callers that hold the lock: attach, and the first request of a process; see heapster__malloc_start. */
struct heapster_heap *heapster__heap_open_locked(unsigned number, const char *name);

/* Hides the heap of a hook that counts nothing after all. Takes the lock: a preloaded hook gives up in its constructor,
   which holds nothing. */
void heapster__heap_close(unsigned number);

/* Whether a host's heap may have that name: HEAPSTER_OK, HEAPSTER_BAD_NAME, HEAPSTER_NAME_TAKEN. */
enum heapster_error heapster__heap_check_name(const char *name);

/* Opens a heap of a Lua state with any name, in that map, or in an empty one for NULL. Callers hold the lock. */
enum heapster_error heapster__heap_make(const char *name, struct heapster__map *map, struct heapster_heap **made);

/* The open heap of that number, or NULL. */
struct heapster_heap *heapster__heap_at(unsigned number);

/* The heap that has the number or had it last, in any state. */
struct heapster_heap *heapster__heap_slot(unsigned number);

/* See struct heapster_heap. For heaps that a script holds. */
HEAPSTER_API uint64_t heapster__heap_serial(const struct heapster_heap *heap);

/* Copies the name; it is that of the heap if its serial is the same before and after. */
HEAPSTER_API void heapster__heap_copy_name(const struct heapster_heap *heap, char name[HEAPSTER_HEAP_NAME]);

/* Opens `ended`, with the first heap that ends. False: no memory. Callers hold the lock. */
bool heapster__heap_open_ended(void);

/* The highest number in use, but for that of `ended`. */
unsigned heapster__last_heap(void);

/* How many heaps were ever opened; the caller holds the lock. */
unsigned heapster__opened_heaps(void);

#endif
