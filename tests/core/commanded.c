/* An allocator under the test's command. */
#include "commanded.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

bool commanded_open(struct commanded *commanded) {
  *commanded = (struct commanded){.log.smallest_size = SIZE_MAX, .busy = ATOMIC_FLAG_INIT};
  return commanded_pools_open(commanded->pools);
}

void commanded_forget(struct commanded *commanded) {
  commanded->refuse_after = 0;
  commanded->refuses_all = false;
  commanded->moves = false;
  commanded->inward = NULL;
  commanded->log = (struct commanded_log){.smallest_size = SIZE_MAX};
}

void commanded_close(struct commanded *commanded) { commanded_pools_close(commanded->pools); }

/* `inward` runs before the lock is taken: it may call this allocator, or jump away. */
static void enter(struct commanded *commanded) {
  if (commanded->inward) commanded->inward(commanded->inward_context);
  while (atomic_flag_test_and_set_explicit(&commanded->busy, memory_order_acquire)) sched_yield();
}

static void leave(struct commanded *commanded) { atomic_flag_clear_explicit(&commanded->busy, memory_order_release); }

static void note_misuse(struct commanded *commanded, const char *sentence) {
  commanded->log.misuse_count += 1;
  if (!commanded->log.misuse) commanded->log.misuse = sentence;
}

static void note_request(struct commanded *commanded, size_t size) {
  commanded->log.last_size = size;
  if (size < commanded->log.smallest_size) commanded->log.smallest_size = size;
}

static void *refuse(struct commanded *commanded, int reason) {
  commanded->log.refused += 1;
  errno = reason;
  return NULL;
}

/* Counts the order down, once for every request and resize. Whether this one must be refused. */
static bool count_down_refusal(struct commanded *commanded) {
  const bool is_due = commanded->refuse_after == 1;
  if (commanded->refuse_after != 0) commanded->refuse_after -= 1;
  return is_due || commanded->refuses_all;
}

static void *take(struct commanded *commanded, size_t size, size_t alignment) {
  struct commanded_pool *pool = commanded_pool_for(commanded->pools, size, alignment);
  void *block = pool ? commanded_slot_take(pool, size) : NULL;
  if (!block) return refuse(commanded, ENOMEM);
  commanded->log.live_count += 1;
  commanded->log.live_sum += size;
  return block;
}

static void *request(struct commanded *commanded, size_t size, size_t alignment) {
  note_request(commanded, size);
  return count_down_refusal(commanded) ? refuse(commanded, ENOMEM) : take(commanded, size, alignment);
}

/* Whether this is a live block. Anything else is noted and must be left alone. */
static bool accept_block(struct commanded *commanded, struct commanded_block known) {
  if (!commanded_slot_is_live(known)) {
    note_misuse(commanded, !known.pool ? "a block of no pool came in" : "a block came in that is not alive");
    return false;
  }
  if (!commanded_slot_is_guarded(known)) note_misuse(commanded, "a block was written beyond its end");
  return true;
}

static void give_back(struct commanded *commanded, struct commanded_block known) {
  commanded->log.live_count -= 1;
  commanded->log.live_sum -= commanded_slot_size(known);
  commanded_slot_give_back(known);
}

static void *stay(struct commanded *commanded, struct commanded_block known, size_t size) {
  commanded->log.live_sum += size - commanded_slot_size(known);
  commanded_slot_resize(known, size);
  return known.address;
}

static void *move(struct commanded *commanded, struct commanded_block known, size_t size) {
  const size_t old_size = commanded_slot_size(known);
  void *moved = take(commanded, size, 1);
  if (!moved) return NULL;
  memcpy(moved, known.address, size < old_size ? size : old_size);
  give_back(commanded, known);
  return moved;
}

static void *resize(struct commanded *commanded, void *block, size_t size) {
  note_request(commanded, size);
  const struct commanded_block known = commanded_pool_find(commanded->pools, block);
  if (count_down_refusal(commanded) || !accept_block(commanded, known)) return refuse(commanded, ENOMEM);
  const bool stays = !commanded->moves && commanded_slot_fits(known, size);
  return stays ? stay(commanded, known, size) : move(commanded, known, size);
}

static void *commanded_malloc(void *context, size_t size) {
  struct commanded *commanded = context;
  enter(commanded);
  commanded->log.malloc_calls += 1;
  void *block = request(commanded, size, 1);
  leave(commanded);
  return block;
}

static void *commanded_calloc(void *context, size_t count, size_t size) {
  struct commanded *commanded = context;
  enter(commanded);
  commanded->log.calloc_calls += 1;
  const bool overflows = size != 0 && count > SIZE_MAX / size;
  void *block = overflows ? refuse(commanded, ENOMEM) : request(commanded, count * size, 1);
  leave(commanded);
  return block ? memset(block, 0, count * size) : NULL;
}

static void *commanded_realloc(void *context, void *block, size_t size) {
  struct commanded *commanded = context;
  enter(commanded);
  commanded->log.realloc_calls += 1;
  void *resized = block ? resize(commanded, block, size) : request(commanded, size, 1);
  leave(commanded);
  return resized;
}

static void *commanded_aligned_alloc(void *context, size_t alignment, size_t size) {
  struct commanded *commanded = context;
  enter(commanded);
  commanded->log.aligned_alloc_calls += 1;
  const bool is_power_of_two = alignment != 0 && (alignment & (alignment - 1)) == 0;
  void *block = is_power_of_two ? request(commanded, size, alignment) : refuse(commanded, EINVAL);
  leave(commanded);
  return block;
}

static void commanded_free(void *context, void *block) {
  struct commanded *commanded = context;
  if (!block) return;
  enter(commanded);
  commanded->log.free_calls += 1;
  const struct commanded_block known = commanded_pool_find(commanded->pools, block);
  if (accept_block(commanded, known)) give_back(commanded, known);
  leave(commanded);
}

struct heapster_allocator commanded_allocator(struct commanded *commanded, unsigned parts) {
  return (struct heapster_allocator){
      .malloc = commanded_malloc,
      .calloc = (parts & COMMANDED_CALLOC) != 0 ? commanded_calloc : NULL,
      .realloc = (parts & COMMANDED_REALLOC) != 0 ? commanded_realloc : NULL,
      .free = commanded_free,
      .aligned_alloc = (parts & COMMANDED_ALIGNED_ALLOC) != 0 ? commanded_aligned_alloc : NULL,
      .context = commanded,
  };
}

void commanded_free_sized(struct commanded *commanded, void *block, size_t size) {
  const struct commanded_block known = commanded_pool_find(commanded->pools, block);
  if (known.pool && commanded_pool_for(commanded->pools, size, 1) != known.pool)
    note_misuse(commanded, "a block was freed into the pool of another size");
  commanded_free(commanded, block);
}

size_t commanded_size(struct commanded *commanded, const void *block) {
  const struct commanded_block known = commanded_pool_find(commanded->pools, block);
  return commanded_slot_is_live(known) ? commanded_slot_size(known) : SIZE_MAX;
}

bool commanded_is_sound(struct commanded *commanded) {
  for (size_t i = 0; i < COMMANDED_POOLS; ++i)
    if (!commanded_pool_is_guarded(&commanded->pools[i])) return false;
  return commanded->log.misuse_count == 0;
}
