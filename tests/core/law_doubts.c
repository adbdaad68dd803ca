/* Two layers over one memory, whose hooks go off and come again: what is counted beyond the live blocks is doubtful,
   and ends when its memory is used again. law_doubts [operations [seed]] */
#include <heapster/heapster.h>

#include <string.h>

#include "base/lock.h"
#include "count/doubt.h"
#include "heap/heap.h"
#include "support.h"

/* The memory, in units of 16 bytes: parts of 4 segments. Nothing accesses it. */
enum { UNIT = 16, UNITS = 400000, BLOCKS = 3000, LAYERS = 2 };

struct block {
  unsigned first;
  unsigned units; /* 0: there is none */
  unsigned layer;
  bool is_counted;
  bool is_doubtful; /* since a hook went off */
  uint64_t size;
};

static struct block blocks[BLOCKS];
static bool is_used[UNITS];
static bool is_on[LAYERS] = {true, true};
static const unsigned heaps[LAYERS] = {HEAPSTER__MALLOC, HEAPSTER__PYTHON};

static const void *address_of(unsigned unit) {
  return (const void *)(((uintptr_t)0x7001 << 20) + (uintptr_t)unit * UNIT);
}

static unsigned units_of(uint64_t size) { return size < 17 ? 2 : (unsigned)((size + UNIT - 1) / UNIT); }

/* The first free place from a random unit on, or UNITS. */
static unsigned find_place(struct dice *dice, unsigned units) {
  unsigned first = (unsigned)dice_below(dice, UNITS);
  for (unsigned unit = first; unit < UNITS && unit - first < units; unit++) {
    if (is_used[unit]) first = unit + 1;
  }
  return first + units <= UNITS ? first : UNITS;
}

/* Most are small; some are longer than a segment. */
static uint64_t random_size(struct dice *dice) {
  const uint64_t kind = dice_below(dice, 1000);
  return dice_below(dice, kind < 900 ? 600 : kind < 998 ? 20000 : 3 << 20);
}

static void occupy(struct block *block, unsigned first, uint64_t size) {
  block->first = first;
  block->units = units_of(size);
  block->size = size;
  memset(is_used + first, true, block->units);
}

static void settle(const struct block *block) {
  heapster__settle_block(0, address_of(block->first), (size_t)block->units * UNIT);
}

static void allocate(struct dice *dice, struct block *block, unsigned layer) {
  const uint64_t size = random_size(dice);
  const unsigned first = find_place(dice, units_of(size));
  if (first == UNITS) return;
  occupy(block, first, size);
  block->layer = layer;
  block->is_counted = is_on[layer];
  block->is_doubtful = false;
  if (!is_on[layer]) return;
  settle(block);
  heapster__record_alloc(&heapster__main_map, heaps[layer], address_of(first), size);
}

static void release(struct block *block) {
  if (is_on[block->layer]) heapster__record_free(&heapster__main_map, heaps[block->layer], address_of(block->first));
  memset(is_used + block->first, false, block->units);
  block->units = 0;
}

/* In place if the random place is used. */
static void resize(struct dice *dice, struct block *block) {
  const void *const from = address_of(block->first);
  const struct heapster__block taken = heapster__take_block(&heapster__main_map, from);
  const uint64_t size = random_size(dice);
  memset(is_used + block->first, false, block->units);
  const unsigned first = find_place(dice, units_of(size));
  const bool is_moved = first != UNITS;
  occupy(block, is_moved ? first : block->first, is_moved ? size : dice_below(dice, block->size + 1));
  block->is_doubtful = false;
  settle(block);
  heapster__record_resize(&heapster__main_map, heaps[block->layer], taken, from, address_of(block->first), block->size);
}

static void switch_hook(unsigned layer) {
  is_on[layer] = !is_on[layer];
  if (is_on[layer]) return;
  heapster__lock();
  heapster__doubt_heap(heaps[layer]);
  heapster__unlock();
  for (unsigned i = 0; i < BLOCKS; i++) {
    if (blocks[i].layer == layer) blocks[i].is_doubtful = blocks[i].is_counted;
  }
}

struct sum {
  uint64_t count;
  uint64_t bytes;
};

static struct sum sum_of_blocks(bool are_doubtful) {
  struct sum sum = {0, 0};
  for (unsigned i = 0; i < BLOCKS; i++) {
    if (!blocks[i].units || !blocks[i].is_counted || (are_doubtful && !blocks[i].is_doubtful)) continue;
    sum.count++;
    sum.bytes += blocks[i].size;
  }
  return sum;
}

static struct sum read_live(void) {
  struct heapster_stats stats;
  heapster_stats_read(NULL, &stats);
  return (struct sum){stats.live_count, stats.use_curr};
}

static void no_live_block_was_taken_for_freed(void) {
  for (unsigned i = 0; i < BLOCKS; i++) {
    if (!blocks[i].units || !blocks[i].is_counted) continue;
    const struct heapster__block found = heapster__shadow_peek(&heapster__main_map, address_of(blocks[i].first));
    require(found.owner == heaps[blocks[i].layer] && found.size == blocks[i].size, "of unit %u, %llu bytes: %llu",
            blocks[i].first, (unsigned long long)blocks[i].size, (unsigned long long)found.size);
  }
}

/* Blocks that were freed unseen are in both differences. */
static void what_is_counted_too_much_is_doubtful(void) {
  const struct sum live = read_live(), counted = sum_of_blocks(false), alive = sum_of_blocks(true);
  const struct heapster__doubt doubt = heapster__doubt_read();
  require(live.count >= counted.count && live.count - counted.count == doubt.blocks - alive.count,
          "live_count %llu, in truth %llu; doubtful %llu, %llu of them alive", (unsigned long long)live.count,
          (unsigned long long)counted.count, (unsigned long long)doubt.blocks, (unsigned long long)alive.count);
  require(live.bytes - counted.bytes == doubt.bytes - alive.bytes,
          "use_curr %llu, in truth %llu; doubtful %llu, %llu of them alive", (unsigned long long)live.bytes,
          (unsigned long long)counted.bytes, (unsigned long long)doubt.bytes, (unsigned long long)alive.bytes);
}

static void memory_that_is_used_again_leaves_no_doubts(struct dice *dice) {
  for (unsigned layer = 0; layer < LAYERS; layer++) {
    if (!is_on[layer]) switch_hook(layer);
  }
  for (unsigned i = 0; i < BLOCKS; i++) {
    if (blocks[i].units) release(&blocks[i]);
  }
  occupy(&blocks[0], 0, (uint64_t)UNITS * UNIT);
  blocks[0].layer = (unsigned)dice_below(dice, LAYERS);
  settle(&blocks[0]);
  require(read_live().count == 0 && read_live().bytes == 0, "%llu blocks of %llu bytes are live",
          (unsigned long long)read_live().count, (unsigned long long)read_live().bytes);
  require(!heapster__has_doubts(), "there are doubts left");
  release(&blocks[0]);
}

static void step(struct dice *dice) {
  struct block *const block = &blocks[dice_below(dice, BLOCKS)];
  if (!block->units)
    allocate(dice, block, (unsigned)dice_below(dice, LAYERS));
  else if (block->is_counted && is_on[block->layer] && dice_below(dice, 3) == 0)
    resize(dice, block);
  else
    release(block);
}

int main(int argc, char **argv) {
  const uint64_t operations = argument(argc, argv, 1, 1000000);
  support_run.seed = argument(argc, argv, 2, 1);
  struct dice dice = dice_make(support_run.seed);
  if (!heapster__heap_open(HEAPSTER__MALLOC, "malloc") || !heapster__heap_open(HEAPSTER__PYTHON, "python")) return 1;
  for (support_run.step = 1; support_run.step <= operations; support_run.step++) {
    step(&dice);
    if (dice_below(&dice, 5000) == 0) switch_hook((unsigned)dice_below(&dice, LAYERS));
    if (dice_below(&dice, 500) == 0) no_live_block_was_taken_for_freed();
    if (dice_below(&dice, 500) == 0) what_is_counted_too_much_is_doubtful();
    if (dice_below(&dice, 100000) == 0) memory_that_is_used_again_leaves_no_doubts(&dice);
  }
  memory_that_is_used_again_leaves_no_doubts(&dice);
  require(heapster__load_relaxed(&heapster__inaccuracies.lost_sizes) == 0, "a size was lost");
  return 0;
}
