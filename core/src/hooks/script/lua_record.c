/* The records of Lua states, outside Lua's memory. */
#include "hooks/script/lua_record.h"

#include <string.h>

heapster__level heapster__lua_uncounted;

/* The heaps of running states by their order; a state that closed leaves its own to the next of its kind. */
static struct {
  struct heapster__lua_record *_Atomic first;
  struct heapster_heap *heaps[HEAPSTER_HEAPS];
  unsigned heap_count;
  struct heapster__map *shared_map; /* of states over allocators of hosts' own that found no heap of their own */
} states;

struct heapster__lua_record *heapster__lua_record_first(void) {
  return heapster__load_acquire(&states.first); /* pairs with the release in made */
}

static bool is_taken_now(struct heapster__lua_record *record) {
  bool is_taken = false;
  return atomic_compare_exchange_strong(&record->is_taken, &is_taken, true);
}

static struct heapster__lua_record *made(void) {
  struct heapster__lua_record *record = heapster__piece_take(sizeof *record);
  if (!record) return NULL;
  heapster__store_relaxed(&record->is_taken, true);
  record->next = heapster__lua_record_first();
  heapster__store_release(&states.first, record); /* pairs with the acquire above */
  return record;
}

static void clear(struct heapster__lua_record *record) {
  record->below = (struct heapster_lua_backing){NULL, NULL};
  record->heap = NULL;
  record->map = NULL;
  record->is_exact = false;
  record->is_system = false;
  record->bytes = 0;
  record->last = NULL;
  heapster__store_relaxed(&record->way, NULL);
  heapster__store_relaxed(&record->is_lost, false);
}

struct heapster__lua_record *heapster__lua_record_take(void) {
  for (struct heapster__lua_record *record = heapster__lua_record_first(); record; record = record->next) {
    if (!is_taken_now(record)) continue;
    clear(record);
    return record;
  }
  return made();
}

void heapster__lua_record_give_back(struct heapster__lua_record *record) {
  heapster__store_relaxed(&record->way, NULL);
  heapster__store_release(&record->is_taken, false); /* pairs with the swap of who takes it */
}

static bool is_in_use(const struct heapster_heap *heap) {
  for (struct heapster__lua_record *record = heapster__lua_record_first(); record; record = record->next) {
    if (heapster__load_acquire(&record->is_taken) && record->heap == heap) return true;
  }
  return false;
}

static bool has_map_for(const struct heapster_heap *heap, const struct heapster__lua_record *record) {
  return (heap->map != &heapster__main_map) == record->is_exact;
}

static void write_name(char name[HEAPSTER_HEAP_NAME], unsigned order) {
  char digits[4];
  unsigned count = 0;
  memcpy(name, "lua", sizeof "lua");
  if (order == 1) return;
  for (; order; order /= 10) digits[count++] = (char)('0' + order % 10);
  name[3] = ':';
  for (unsigned i = 0; i < count; i++) name[4 + i] = digits[count - 1 - i];
  name[4 + count] = 0;
}

static struct heapster_heap *own_heap(const struct heapster__lua_record *record) {
  for (unsigned i = 0; i < states.heap_count; i++) {
    struct heapster_heap *heap = states.heaps[i];
    if (has_map_for(heap, record) && !is_in_use(heap)) return heap;
  }
  char name[HEAPSTER_HEAP_NAME];
  struct heapster_heap *heap;
  write_name(name, states.heap_count + 1);
  if (heapster__heap_make(name, NULL, record->is_exact, &heap)) return NULL;
  states.heaps[states.heap_count++] = heap;
  return heap;
}

static struct heapster__map *map_of(const struct heapster__lua_record *record, const struct heapster_heap *heap) {
  if (has_map_for(heap, record)) return heap->map;
  if (!record->is_exact) return &heapster__main_map;
  if (!states.shared_map) states.shared_map = heapster__map_create();
  return states.shared_map;
}

void heapster__lua_record_open(struct heapster__lua_record *record, struct heapster_heap *heap,
                               struct heapster__map *map) {
  record->heap = heap;
  record->map = map;
  record->number = heap->number;
  heapster__counters_have_kinds(heap->number);
}

bool heapster__lua_record_name(struct heapster__lua_record *record) {
  struct heapster_heap *heap = own_heap(record);
  if (!heap) heap = states.heaps[0];
  struct heapster__map *map = heap ? map_of(record, heap) : NULL;
  if (map) heapster__lua_record_open(record, heap, map);
  return map != NULL;
}
