/* The plain reference model: the table of DESIGN.md section 2 followed word by word on one thread. */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "support.h"

void model_open(struct model *model, size_t capacity) {
  memset(model, 0, sizeof *model);
  size_t places = 64;
  while (places < 2 * capacity) places *= 2;
  model->mask = places - 1;
  model->blocks = calloc(places, sizeof *model->blocks);
  require(model->blocks != NULL, "no memory for %zu blocks", capacity);
}

void model_close(struct model *model) {
  free(model->blocks);
  model->blocks = NULL;
}

static size_t home_of(const struct model *model, const void *address) {
  return (size_t)(((uint64_t)(uintptr_t)address >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 32) & model->mask;
}

/* The place of that address, or the empty one where it would be. */
static struct model_block *place_of(const struct model *model, const void *address) {
  size_t place = home_of(model, address);
  while (model->blocks[place].address != NULL && model->blocks[place].address != address)
    place = (place + 1) & model->mask;
  return &model->blocks[place];
}

static void remember(struct model *model, unsigned heap, const void *address, uint64_t size) {
  *place_of(model, address) = (struct model_block){address, heap, size};
}

/* Closes the gap by putting what follows it in again, so that no search stops short. */
static void forget(struct model *model, struct model_block *block) {
  size_t place = (size_t)(block - model->blocks);
  block->address = NULL;
  for (;;) {
    place = (place + 1) & model->mask;
    const struct model_block next = model->blocks[place];
    if (next.address == NULL) return;
    model->blocks[place].address = NULL;
    remember(model, next.heap, next.address, next.size);
  }
}

static void raise_record(struct model_books *books) {
  if (books->raw.use_curr > books->record) books->record = books->raw.use_curr;
}

/* After every event that may have raised the use of `heap`. */
static void note_use(struct model *model, unsigned heap) {
  raise_record(&model->books[heap]);
  raise_record(&model->books[MODEL_TOTAL]);
  for (size_t i = 0; i < MODEL_WINDOWS; ++i) {
    struct model_window *window = &model->windows[i];
    const uint64_t use = model->books[window->heap].raw.use_curr;
    if (window->is_open && use > window->highest) window->highest = use;
  }
}

static void book_alloc(struct model *model, unsigned heap, const void *block, uint64_t size) {
  figures_alloc(&model->books[heap].raw, size);
  figures_alloc(&model->books[MODEL_TOTAL].raw, size);
  remember(model, heap, block, size);
  note_use(model, heap);
}

static void book_free(struct model *model, struct model_block *block) {
  figures_free(&model->books[block->heap].raw, block->size);
  figures_free(&model->books[MODEL_TOTAL].raw, block->size);
  forget(model, block);
}

/* An address that is handed out although it is on the books: its free was never seen. */
static void heal(struct model *model, const void *address) {
  struct model_block *stale = place_of(model, address);
  if (stale->address == NULL) return;
  model->books[stale->heap].raw.unseen_free_count += 1;
  model->books[MODEL_TOTAL].raw.unseen_free_count += 1;
  book_free(model, stale);
}

void model_alloc(struct model *model, unsigned heap, const void *block, uint64_t size) {
  heal(model, block);
  book_alloc(model, heap, block, size);
}

void model_alloc_failed(struct model *model, unsigned heap) {
  model->books[heap].raw.alloc_fail_count += 1;
  model->books[MODEL_TOTAL].raw.alloc_fail_count += 1;
}

static void note_unseen_alloc(struct model *model, unsigned heap) {
  model->books[heap].raw.unseen_alloc_count += 1;
  model->books[MODEL_TOTAL].raw.unseen_alloc_count += 1;
}

void model_free(struct model *model, unsigned heap, const void *block) {
  if (block == NULL) return;
  struct model_block *known = place_of(model, block);
  if (known->address == NULL) {
    note_unseen_alloc(model, heap);
    return;
  }
  model->crossed_count += known->heap != heap ? 1 : 0;
  book_free(model, known);
}

static void resize_known(struct model *model, const struct model_block old, const void *to, uint64_t size) {
  forget(model, place_of(model, old.address));
  heal(model, to);
  figures_resize(&model->books[old.heap].raw, old.size, size, to != old.address);
  figures_resize(&model->books[MODEL_TOTAL].raw, old.size, size, to != old.address);
  remember(model, old.heap, to, size);
  note_use(model, old.heap);
}

void model_resize(struct model *model, unsigned heap, const void *from, const void *to, uint64_t size) {
  const struct model_block known = *place_of(model, from);
  if (known.address == NULL) {
    note_unseen_alloc(model, heap);
    model_alloc(model, heap, to, size);
    return;
  }
  model->crossed_count += known.heap != heap ? 1 : 0;
  resize_known(model, known, to, size);
}

void model_resize_failed(struct model *model, unsigned heap, const void *block) {
  const struct model_block *known = place_of(model, block);
  const unsigned owner = known->address != NULL ? known->heap : heap;
  model->books[owner].raw.realloc_fail_count += 1;
  model->books[MODEL_TOTAL].raw.realloc_fail_count += 1;
}

void model_reset(struct model *model) {
  for (size_t i = 0; i <= MODEL_HEAPS; ++i) {
    model->books[i].baseline = model->books[i].raw;
    model->books[i].record = model->books[i].raw.use_curr;
  }
}

void model_read(const struct model *model, unsigned heap, struct heapster_stats *stats) {
  const struct model_books *books = &model->books[heap];
  *stats = books->raw;
  figures_subtract(stats, &books->baseline);
  stats->use_max = books->record;
}

/* live_count and use_curr stay those of `after`, which is where the subtraction starts from. */
void model_diff(struct heapster_stats *diff, const struct heapster_stats *after, const struct heapster_stats *before) {
  *diff = *after;
  figures_subtract(diff, before);
  diff->kind = HEAPSTER_DIFF;
  diff->live_change = (int64_t)(after->live_count - before->live_count);
  diff->use_change = (int64_t)(after->use_curr - before->use_curr);
  diff->use_max = after->use_max > before->use_max ? after->use_max - before->use_max : 0;
}

void model_window_begin(struct model *model, unsigned window, unsigned heap, enum heapster_scope scope) {
  const struct model_books *books = &model->books[heap];
  model->windows[window] = (struct model_window){.is_open = true,
                                                 .heap = heap,
                                                 .scope = scope,
                                                 .start = books->raw,
                                                 .start_record = books->record,
                                                 .highest = books->raw.use_curr};
}

/* use_max by what happened inside, so that a reset inside disturbs nothing. A thread has no record of its own. */
void model_window_end(struct model *model, unsigned window, struct heapster_stats *stats) {
  struct model_window *closed = &model->windows[window];
  model_diff(stats, &model->books[closed->heap].raw, &closed->start);
  stats->kind = HEAPSTER_WINDOW;
  stats->scope = closed->scope;
  stats->use_peak = closed->highest - closed->start.use_curr;
  const bool rose = closed->scope == HEAPSTER_PROCESS && closed->highest > closed->start_record;
  stats->use_max = rose ? closed->highest - closed->start_record : 0;
  closed->is_open = false;
}
