/* The plain reference model: the table of DESIGN.md section 2 followed word by word on one thread, so that
   every figure of a snapshot, a diff and a window can be compared with the core's. */
#ifndef TESTS_MODEL_H
#define TESTS_MODEL_H

#include <stddef.h>

#include <heapster/stats.h>

enum { MODEL_TOTAL = 0, MODEL_HEAPS = 16, MODEL_WINDOWS = 16 };

struct model_books {
  struct heapster_stats raw;      /* counters since the start; live_count and use_curr */
  struct heapster_stats baseline; /* what `raw` was at the last reset */
  uint64_t record;                /* use_max */
};

struct model_window {
  bool is_open;
  unsigned heap;
  enum heapster_scope scope;
  struct heapster_stats start;
  uint64_t start_record;
  uint64_t highest; /* of use_curr since the start */
};

struct model_block {
  const void *address; /* NULL: an empty place */
  unsigned heap;
  uint64_t size;
};

/* Heaps are numbered from 1 by the caller; MODEL_TOTAL stands for all of them. */
struct model {
  struct model_books books[MODEL_HEAPS + 1];
  struct model_window windows[MODEL_WINDOWS];
  struct model_block *blocks; /* open addressing, by address */
  size_t mask;
  uint64_t crossed_count;
};

/* For at most `capacity` live blocks. Memory comes from the system: 0 heaps are counted there. */
void model_open(struct model *model, size_t capacity);
void model_close(struct model *model);

/* What the program saw. `heap` is the one that was asked; the books are those of the block's owner. */
void model_alloc(struct model *model, unsigned heap, const void *block, uint64_t size);
void model_alloc_failed(struct model *model, unsigned heap);
void model_free(struct model *model, unsigned heap, const void *block);
void model_resize(struct model *model, unsigned heap, const void *from, const void *to, uint64_t size);
void model_resize_failed(struct model *model, unsigned heap, const void *block);
void model_reset(struct model *model);

void model_read(const struct model *model, unsigned heap, struct heapster_stats *stats);
void model_diff(struct heapster_stats *diff, const struct heapster_stats *after, const struct heapster_stats *before);
void model_window_begin(struct model *model, unsigned window, unsigned heap, enum heapster_scope scope);
void model_window_end(struct model *model, unsigned window, struct heapster_stats *stats);

#endif
