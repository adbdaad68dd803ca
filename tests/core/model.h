/* The plain reference model: the rules of counting, word by word, on one thread, so that every figure of a snapshot, a
   diff and a window can be compared with the core's. */
#ifndef TESTS_MODEL_H
#define TESTS_MODEL_H

#include <stddef.h>

#include <heapster/stats.h>

enum { MODEL_TOTAL = 0, MODEL_HEAPS = 16, MODEL_WINDOWS = 16 };

struct model_heap {
  struct heapster_stats raw;      /* counters since the start; live_count and use_curr */
  struct heapster_stats baseline; /* `raw` at the last reset */
  uint64_t peak;                  /* use_max */
};

struct model_window {
  bool is_open;
  unsigned heap;
  enum heapster_scope scope;
  struct heapster_stats start;
  uint64_t start_peak;
  uint64_t highest; /* of use_curr since the start */
};

struct model_block {
  const void *address; /* NULL: the entry is free */
  unsigned heap;
  uint64_t size;
};

/* The caller numbers heaps from 1; MODEL_TOTAL is all of them. */
struct model {
  struct model_heap heaps[MODEL_HEAPS + 1];
  struct model_window windows[MODEL_WINDOWS];
  struct model_block *blocks; /* open addressing, by address */
  size_t mask;
  uint64_t crossed_count;
};

/* For at most `capacity` live blocks. */
void model_open(struct model *model, size_t capacity);
void model_close(struct model *model);

/* What the program saw. `heap` received the call; the block's owner counts it. */
void model_alloc(struct model *model, unsigned heap, const void *block, uint64_t size);
void model_refuse_alloc(struct model *model, unsigned heap);
void model_free(struct model *model, unsigned heap, const void *block);
void model_resize(struct model *model, unsigned heap, const void *from, const void *to, uint64_t size);
void model_refuse_resize(struct model *model, unsigned heap, const void *block);
void model_reset(struct model *model);

void model_read(const struct model *model, unsigned heap, struct heapster_stats *stats);
void model_diff(struct heapster_stats *diff, const struct heapster_stats *after, const struct heapster_stats *before);
void model_window_begin(struct model *model, unsigned window, unsigned heap, enum heapster_scope scope);
void model_window_end(struct model *model, unsigned window, struct heapster_stats *stats);

#endif
