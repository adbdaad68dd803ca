/* Blocks whose free may have been missed while a hook was off. */
#include "count/doubt.h"

#include "base/assert.h"
#include "base/lock.h"

#include <sched.h>

/* An entry is the address of a granule, in ascending order; its lowest bit says that the doubt has ended. */
enum { SETTLED = 1, HALF_GRANULE = 16 };

static struct {
  _Atomic uint64_t *_Atomic entries;
  _Atomic size_t count;
  size_t capacity;
  _Atomic unsigned version;                /* raised when a list is complete */
  _Atomic unsigned ended;                  /* the last version in which a reader found no doubtful block */
  bool is_doubted[HEAPSTER__HEAP_NUMBERS]; /* by heap */
  _Atomic bool is_busy;                    /* a thread takes a block out of the map */
} list;

static uint64_t granule_at(const void *address) {
  return HEAPSTER__ADDRESS(address) >> HEAPSTER__MAIN_GRANULE_BITS << HEAPSTER__MAIN_GRANULE_BITS;
}

static struct heapster__block block_in(uint64_t granule) {
  return heapster__shadow_peek(&heapster__main_map, (const void *)(uintptr_t)granule);
}

static void count_entry(const void *count, const void *address, unsigned owner, uint64_t size) {
  (void)address, (void)size;
  if (list.is_doubted[owner]) ++*(size_t *)(uintptr_t)count;
}

static void add_entry(const void *entries, const void *address, unsigned owner, uint64_t size) {
  (void)size;
  const size_t count = heapster__load_relaxed(&list.count);
  if (!list.is_doubted[owner] || count == list.capacity) return;
  heapster__store_relaxed((_Atomic uint64_t *)(uintptr_t)entries + count, granule_at(address));
  heapster__store_release(&list.count, count + 1); /* pairs with the acquire in count_entries */
}

/* The old list stays mapped for threads that read it. */
static bool ensure_capacity(size_t count) {
  if (count <= list.capacity) return true;
  const size_t capacity = 2 * count;
  _Atomic uint64_t *entries = heapster__pages_map(capacity * sizeof *entries);
  if (!entries) return false;
  heapster__store_relaxed(&list.count, 0);
  heapster__store_release(&list.entries, entries); /* pairs with the acquire in the readers */
  list.capacity = capacity;
  return true;
}

void heapster__doubt_heap(unsigned heap) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  size_t count = 0;
  list.is_doubted[heap] = true;
  heapster__shadow_visit(&heapster__main_map, count_entry, &count);
  if (!ensure_capacity(count)) return;
  heapster__store_relaxed(&list.count, 0);
  heapster__shadow_visit(&heapster__main_map, add_entry, (const void *)heapster__load_relaxed(&list.entries));
  /* pairs with the acquire in doubt_read: who reads this version reads all of the list */
  heapster__store_release(&list.version, heapster__load_relaxed(&list.version) + 1);
}

/* The entries to look at: none once all doubts have ended. Call it before `entries` is read: who reads the count of a
   longer list then reads that list. */
static size_t count_entries(void) {
  const bool is_over = heapster__load_relaxed(&list.ended) == heapster__load_relaxed(&list.version);
  return is_over ? 0 : heapster__load_acquire(&list.count);
}

bool heapster__has_doubts(void) { return count_entries() != 0; }

static bool try_begin(void) {
  enum { TRIES = 1000 }; /* the other thread has a few instructions to go, unless this is its signal handler */
  for (unsigned i = 0; i < TRIES; i++) {
    bool is_busy = false;
    if (atomic_compare_exchange_strong(&list.is_busy, &is_busy, true)) return true;
    sched_yield();
  }
  return false;
}

/* Whether the block that was in the granule is over, now that [begin, end) was handed out. */
static bool is_overlapped(uint64_t granule, struct heapster__block block, uint64_t begin, uint64_t end) {
  if (!block.owner) return false;
  if (granule < begin >> HEAPSTER__MAIN_GRANULE_BITS << HEAPSTER__MAIN_GRANULE_BITS)
    return granule + block.size > begin;
  return granule <= begin || granule + HALF_GRANULE < end;
}

/* The block may lie in the second half of its granule. Under `is_busy`, since the thread that is handed the block's own
   address takes it out too. */
static void take_overlapped(uint64_t granule, uint64_t begin, uint64_t end) {
  if (!is_overlapped(granule, block_in(granule), begin, end) || !try_begin()) return;
  if (is_overlapped(granule, block_in(granule), begin, end))
    heapster__record_missed_free(&heapster__main_map, (const void *)(uintptr_t)granule);
  heapster__store_release(&list.is_busy, false);
}

static size_t first_from(const _Atomic uint64_t *entries, size_t count, uint64_t granule) {
  size_t low = 0;
  while (low < count) {
    const size_t middle = low + (count - low) / 2;
    if ((heapster__load_relaxed(&entries[middle]) & ~(uint64_t)SETTLED) < granule)
      low = middle + 1;
    else
      count = middle;
  }
  return low;
}

void heapster__settle_block(const void *block, size_t bytes) {
  const size_t count = count_entries();
  _Atomic uint64_t *entries = heapster__load_acquire(&list.entries);
  const uint64_t begin = HEAPSTER__ADDRESS(block);
  const uint64_t end = begin + bytes;
  if (!count) return;
  size_t index = first_from(entries, count, granule_at(block));
  if (index) index--; /* the nearest before it may reach into it */
  for (; index < count; index++) {
    const uint64_t entry = heapster__load_relaxed(&entries[index]);
    const uint64_t granule = entry & ~(uint64_t)SETTLED;
    if (granule >= end) return;
    if (entry & SETTLED && granule != granule_at(block)) continue;
    take_overlapped(granule, begin, end);
    if (granule != granule_at(block)) continue;
    uint64_t seen = entry; /* unless a new list was made meanwhile */
    heapster__swap_relaxed(&entries[index], &seen, granule | SETTLED);
  }
}

/* Of the entries from `first` to `last`: halves the range until a part of it is mapped, or is one block. */
static void settle_range(_Atomic uint64_t *entries, size_t first, size_t last) {
  const uint64_t begin = heapster__load_relaxed(&entries[first]) & ~(uint64_t)SETTLED;
  const uint64_t end = heapster__load_relaxed(&entries[last]) & ~(uint64_t)SETTLED;
  if (heapster__is_mapped((void *)(uintptr_t)begin, (size_t)(end - begin) + 1)) return;
  if (first != last) {
    settle_range(entries, first, first + (last - first) / 2);
    settle_range(entries, first + (last - first) / 2 + 1, last);
    return;
  }
  heapster__record_missed_free(&heapster__main_map, (const void *)(uintptr_t)begin);
}

void heapster__settle_unmapped(void) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  const size_t count = count_entries();
  if (count) settle_range(heapster__load_relaxed(&list.entries), 0, count - 1);
}

struct heapster__doubt heapster__doubt_read(void) {
  struct heapster__doubt doubt = {0, 0};
  const unsigned version = heapster__load_acquire(&list.version);
  const size_t count = count_entries();
  _Atomic uint64_t *entries = heapster__load_acquire(&list.entries);
  for (size_t i = 0; i < count; i++) {
    const uint64_t entry = heapster__load_relaxed(&entries[i]);
    const struct heapster__block block = entry & SETTLED ? (struct heapster__block){0, 0, false} : block_in(entry);
    if (!block.owner || !list.is_doubted[block.owner]) continue;
    doubt.blocks++;
    doubt.bytes += block.size;
  }
  if (!doubt.blocks) heapster__store_relaxed(&list.ended, version);
  return doubt;
}

void heapster__doubts_drop_others(void) { heapster__store_relaxed(&list.is_busy, false); }
