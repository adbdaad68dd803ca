/* One thread's random work on a pair of heaps over one allocator, with plain totals of its own. */
#include "churn.h"

#include <stdio.h>
#include <string.h>

#include "figures.h"

void churn_heaps(const char *prefix, const struct heapster_allocator *backing,
                 struct heapster_heap *heaps[CHURN_HEAPS]) {
  char name[HEAPSTER_HEAP_NAME];
  for (unsigned heap = 0; heap < CHURN_HEAPS; ++heap) {
    snprintf(name, sizeof name, "%s.%s", prefix, heap == 0 ? "even" : "odd");
    require_ok(heapster_heap_create(name, backing, &heaps[heap]));
  }
}

void churn_begin(struct churn *churn, struct heapster_heap *const heaps[CHURN_HEAPS], uint64_t seed) {
  memset(churn, 0, sizeof *churn);
  memcpy(churn->heaps, heaps, sizeof churn->heaps);
  churn->crosses = true;
  churn->dice = dice_make(seed);
}

static void raise_peak(struct heapster_stats *totals) {
  if ((int64_t)totals->use_curr > (int64_t)totals->use_max) totals->use_max = totals->use_curr;
}

static void note_done(struct churn *churn, unsigned heap) {
  raise_peak(&churn->totals[heap]);
  raise_peak(&churn->total);
  atomic_store_explicit(&churn->done, atomic_load_explicit(&churn->done, memory_order_relaxed) + 1,
                        memory_order_release);
}

static void *request(struct churn *churn, unsigned heap, size_t size) {
  switch (dice_below(&churn->dice, 4)) {
  case 0:
    return heapster_heap_calloc(churn->heaps[heap], 1, size);
  case 1:
    return heapster_heap_realloc(churn->heaps[heap], NULL, size);
  default:
    return heapster_heap_malloc(churn->heaps[heap], size);
  }
}

struct churn_block churn_alloc(struct churn *churn, unsigned heap, size_t size) {
  const struct churn_block block = {request(churn, heap, size), size, heap};
  require(block.address, "%zu bytes were refused", size);
  figures_alloc(&churn->totals[heap], size);
  figures_alloc(&churn->total, size);
  note_done(churn, heap);
  return block;
}

static struct heapster_heap *heap_for(struct churn *churn, const struct churn_block *block) {
  return churn->heaps[churn->crosses ? dice_below(&churn->dice, CHURN_HEAPS) : block->heap];
}

void churn_resize(struct churn *churn, struct churn_block *block, size_t size) {
  const uintptr_t before = (uintptr_t)block->address;
  void *after = heapster_heap_realloc(heap_for(churn, block), block->address, size);
  require(after, "a resize to %zu bytes was refused", size);
  const bool is_moved = (uintptr_t)after != before;
  figures_resize(&churn->totals[block->heap], block->size, size, is_moved);
  figures_resize(&churn->total, block->size, size, is_moved);
  block->address = after;
  block->size = size;
  note_done(churn, block->heap);
}

void churn_free(struct churn *churn, struct churn_block *block) {
  heapster_heap_free(heap_for(churn, block), block->address);
  figures_free(&churn->totals[block->heap], block->size);
  figures_free(&churn->total, block->size);
  block->address = NULL;
  note_done(churn, block->heap);
}

/* At times more than the pending bytes that a thread may keep. */
static size_t pick_size(struct dice *dice) {
  const uint64_t chance = dice_below(dice, 256);
  if (chance == 0) return dice_below(dice, 100000);
  return chance < 16 ? dice_below(dice, 4000) : dice_below(dice, 280);
}

void churn_step(struct churn *churn) {
  struct churn_block *block = &churn->blocks[dice_below(&churn->dice, CHURN_BLOCKS)];
  const size_t size = pick_size(&churn->dice);
  if (!block->address)
    *block = churn_alloc(churn, (unsigned)dice_below(&churn->dice, CHURN_HEAPS), size);
  else if (dice_below(&churn->dice, 3) == 0)
    churn_resize(churn, block, size);
  else
    churn_free(churn, block);
}

void churn_steps(struct churn *churn, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) churn_step(churn);
}

void churn_finish(struct churn *churn) {
  for (unsigned i = 0; i < CHURN_BLOCKS; ++i)
    if (churn->blocks[i].address) churn_free(churn, &churn->blocks[i]);
}

void churn_start_all(size_t count, struct churn churns[], pthread_t threads[],
                     struct heapster_heap *const heaps[CHURN_HEAPS], void *(*run)(void *churn)) {
  for (size_t i = 0; i < count; ++i) {
    churn_begin(&churns[i], heaps, i);
    start_thread(&threads[i], run, &churns[i]);
  }
}

void churn_join_all(size_t count, const pthread_t threads[]) {
  for (size_t i = 0; i < count; ++i) pthread_join(threads[i], NULL);
}

void churn_windows_begin(struct heapster_heap *const heaps[CHURN_HEAPS], enum heapster_scope scope,
                         struct heapster_window windows[CHURN_HEAPS + 1]) {
  for (unsigned i = 0; i <= CHURN_HEAPS; ++i)
    require_ok(heapster_window_begin(i == 0 ? NULL : heaps[i - 1], scope, &windows[i]));
}

void churn_windows_end(const struct heapster_window windows[CHURN_HEAPS + 1],
                       struct heapster_stats found[CHURN_HEAPS + 1]) {
  for (unsigned i = 0; i <= CHURN_HEAPS; ++i) require_ok(heapster_window_end(windows[i], &found[i]));
}

void churn_sum(struct heapster_stats sums[CHURN_HEAPS + 1], const struct churn *churns, size_t count) {
  memset(sums, 0, (CHURN_HEAPS + 1) * sizeof *sums);
  for (size_t i = 0; i < count; ++i) {
    figures_add(&sums[0], &churns[i].total);
    for (unsigned heap = 0; heap < CHURN_HEAPS; ++heap) figures_add(&sums[heap + 1], &churns[i].totals[heap]);
  }
}

void churn_require(const char *law, const struct heapster_stats sums[CHURN_HEAPS + 1],
                   const struct heapster_stats found[CHURN_HEAPS + 1]) {
  static const char *const titles[CHURN_HEAPS + 1] = {"total", "even", "odd"};
  for (unsigned i = 0; i <= CHURN_HEAPS; ++i) {
    struct heapster_stats expected = sums[i];
    expected.live_change = (int64_t)sums[i].live_count;
    expected.use_change = (int64_t)sums[i].use_curr;
    if (!figures_match(titles[i], &expected, &found[i], FIGURES_COUNTERS | FIGURES_CHANGES))
      die(law, "the counts are not what the threads did");
  }
}
