/* A random program on one thread, over heaps of every kind. The model records the outcome of every call. */
#ifndef TESTS_RANDOM_PROGRAM_H
#define TESTS_RANDOM_PROGRAM_H

#include <heapster/heap.h>
#include <heapster/window.h>

#include "commanded.h"
#include "model.h"
#include "support.h"

/* Heaps by the model's numbers. */
enum {
  SYSTEM = 1,   /* over the system's allocator, given as NULL */
  SYSTEM_TOO,   /* over the same one, given by its functions: blocks cross between the two */
  MOVING,       /* every resize moves */
  STAYING,      /* a resize stays if it fits */
  FAILING,      /* refuses at times */
  BARE,         /* malloc and free only; refuses at times */
  PROGRAM_HEAPS /* one more than the last */
};

enum { PROGRAM_BLOCKS = 2048 };

struct program_block {
  unsigned char *address;
  size_t size;
  unsigned heap; /* that it was requested from */
};

struct program {
  struct dice dice;
  struct model model;
  struct heapster_heap *heaps[PROGRAM_HEAPS];
  struct heapster_allocator backings[PROGRAM_HEAPS];
  struct commanded arenas[PROGRAM_HEAPS];
  struct program_block blocks[PROGRAM_BLOCKS];
  size_t count;
  struct heapster_window windows[MODEL_WINDOWS]; /* open where the model's is */
};

void program_open(struct program *program, uint64_t seed);

/* One random request, resize or free. */
void program_step(struct program *program);

/* Frees all blocks. */
void program_finish(struct program *program);
void program_close(struct program *program);

#endif
