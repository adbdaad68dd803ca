/* The plain reference model: the rules of counting, word by word, on one thread. */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "support.h"

void model_open(struct model *model, size_t capacity) {
  memset(model, 0, sizeof *model);
  size_t entries = 64;
  while (entries < 2 * capacity) entries *= 2;
  model->mask = entries - 1;
  model->blocks = calloc(entries, sizeof *model->blocks);
  require(model->blocks, "no memory for %zu blocks", capacity);
}

void model_close(struct model *model) {
  free(model->blocks);
  model->blocks = NULL;
}

static size_t hash_of(const struct model *model, const void *address) {
  return (size_t)(((uint64_t)(uintptr_t)address >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 32) & model->mask;
}

/* The entry of that address, or the free one where it belongs. */
static struct model_block *find_entry(const struct model *model, const void *address) {
  size_t index = hash_of(model, address);
  while (model->blocks[index].address && model->blocks[index].address != address) index = (index + 1) & model->mask;
  return &model->blocks[index];
}

static void insert_block(struct model *model, unsigned heap, const void *address, uint64_t size) {
  *find_entry(model, address) = (struct model_block){address, heap, size};
}

/* Closes the gap by inserting the entries behind it again, so that every search finds its end. */
static void erase_block(struct model *model, struct model_block *block) {
  size_t index = (size_t)(block - model->blocks);
  block->address = NULL;
  for (;;) {
    index = (index + 1) & model->mask;
    const struct model_block next = model->blocks[index];
    if (!next.address) return;
    model->blocks[index].address = NULL;
    insert_block(model, next.heap, next.address, next.size);
  }
}

static void raise_peak(struct model_heap *heap) {
  if (heap->raw.use_curr > heap->peak) heap->peak = heap->raw.use_curr;
}

/* After every event that may have raised the use of `heap`. */
static void note_use(struct model *model, unsigned heap) {
  raise_peak(&model->heaps[heap]);
  raise_peak(&model->heaps[MODEL_TOTAL]);
  for (size_t i = 0; i < MODEL_WINDOWS; ++i) {
    struct model_window *window = &model->windows[i];
    const uint64_t use = model->heaps[window->heap].raw.use_curr;
    if (window->is_open && use > window->highest) window->highest = use;
  }
}

static void record_alloc(struct model *model, unsigned heap, const void *block, uint64_t size) {
  figures_alloc(&model->heaps[heap].raw, size);
  figures_alloc(&model->heaps[MODEL_TOTAL].raw, size);
  insert_block(model, heap, block, size);
  note_use(model, heap);
}

static void record_free(struct model *model, struct model_block *block) {
  figures_free(&model->heaps[block->heap].raw, block->size);
  figures_free(&model->heaps[MODEL_TOTAL].raw, block->size);
  erase_block(model, block);
}

/* An address that is handed out although its block is live: the free was missed. */
static void record_missed_free(struct model *model, const void *address) {
  struct model_block *missed = find_entry(model, address);
  if (!missed->address) return;
  model->heaps[missed->heap].raw.unseen_free_count += 1;
  model->heaps[MODEL_TOTAL].raw.unseen_free_count += 1;
  record_free(model, missed);
}

void model_alloc(struct model *model, unsigned heap, const void *block, uint64_t size) {
  record_missed_free(model, block);
  record_alloc(model, heap, block, size);
}

void model_refuse_alloc(struct model *model, unsigned heap) {
  model->heaps[heap].raw.alloc_fail_count += 1;
  model->heaps[MODEL_TOTAL].raw.alloc_fail_count += 1;
}

static void record_unknown(struct model *model, unsigned heap) {
  model->heaps[heap].raw.unseen_alloc_count += 1;
  model->heaps[MODEL_TOTAL].raw.unseen_alloc_count += 1;
}

void model_free(struct model *model, unsigned heap, const void *block) {
  if (!block) return;
  struct model_block *known = find_entry(model, block);
  if (!known->address) {
    record_unknown(model, heap);
    return;
  }
  model->crossed_count += known->heap != heap;
  record_free(model, known);
}

static void resize_known(struct model *model, const struct model_block old, const void *to, uint64_t size) {
  erase_block(model, find_entry(model, old.address));
  record_missed_free(model, to);
  figures_resize(&model->heaps[old.heap].raw, old.size, size, to != old.address);
  figures_resize(&model->heaps[MODEL_TOTAL].raw, old.size, size, to != old.address);
  insert_block(model, old.heap, to, size);
  note_use(model, old.heap);
}

void model_resize(struct model *model, unsigned heap, const void *from, const void *to, uint64_t size) {
  const struct model_block known = *find_entry(model, from);
  if (!known.address) {
    record_unknown(model, heap);
    model_alloc(model, heap, to, size);
    return;
  }
  model->crossed_count += known.heap != heap;
  resize_known(model, known, to, size);
}

void model_refuse_resize(struct model *model, unsigned heap, const void *block) {
  const struct model_block *known = find_entry(model, block);
  const unsigned owner = known->address ? known->heap : heap;
  model->heaps[owner].raw.realloc_fail_count += 1;
  model->heaps[MODEL_TOTAL].raw.realloc_fail_count += 1;
}

void model_reset(struct model *model) {
  for (size_t i = 0; i <= MODEL_HEAPS; ++i) {
    model->heaps[i].baseline = model->heaps[i].raw;
    model->heaps[i].peak = model->heaps[i].raw.use_curr;
  }
}

void model_read(const struct model *model, unsigned heap, struct heapster_stats *stats) {
  const struct model_heap *counted = &model->heaps[heap];
  *stats = counted->raw;
  figures_subtract(stats, &counted->baseline);
  stats->use_max = counted->peak;
}

/* live_count and use_curr stay those of `after`. */
void model_diff(struct heapster_stats *diff, const struct heapster_stats *after, const struct heapster_stats *before) {
  *diff = *after;
  figures_subtract(diff, before);
  diff->kind = HEAPSTER_DIFF;
  diff->live_change = (int64_t)(after->live_count - before->live_count);
  diff->use_change = (int64_t)(after->use_curr - before->use_curr);
  diff->use_max = after->use_max > before->use_max ? after->use_max - before->use_max : 0;
}

void model_window_begin(struct model *model, unsigned window, unsigned heap, enum heapster_scope scope) {
  const struct model_heap *counted = &model->heaps[heap];
  model->windows[window] = (struct model_window){.is_open = true,
                                                 .heap = heap,
                                                 .scope = scope,
                                                 .start = counted->raw,
                                                 .start_peak = counted->peak,
                                                 .highest = counted->raw.use_curr};
}

/* use_max from the use inside the window, so that a reset inside changes nothing. A thread has no use_max. */
void model_window_end(struct model *model, unsigned window, struct heapster_stats *stats) {
  struct model_window *ended = &model->windows[window];
  model_diff(stats, &model->heaps[ended->heap].raw, &ended->start);
  stats->kind = HEAPSTER_WINDOW;
  stats->scope = ended->scope;
  stats->use_peak = ended->highest - ended->start.use_curr;
  const bool rose = ended->scope == HEAPSTER_PROCESS && ended->highest > ended->start_peak;
  stats->use_max = rose ? ended->highest - ended->start_peak : 0;
  ended->is_open = false;
}
