/* The records of Lua states that are counted: a host's own, and those hooked while they run. */
#include "hooks/script/lua_state.h"

#include "base/lock.h"
#include "heap/system.h"
#include "hooks/script/lua_hook.h"

#include <stdio.h>

typedef struct heapster__lua_state lua_state;

heapster__level heapster__lua_uncounted;

/* All under the lock, but `first`. A state that closed leaves its heap to the next hooked state. */
static struct {
  lua_state *_Atomic first;
  struct heapster_heap *heaps[HEAPSTER_HEAPS]; /* `lua`, `lua:2`, ... */
  unsigned heap_count;
  struct heapster__map *shared_map; /* of exact states for which no heap was left */
} states;

static lua_state *first_record(void) {
  return heapster__load_acquire(&states.first); /* pairs with the release in make_record */
}

static bool try_take(lua_state *state) {
  bool is_taken = false;
  return atomic_compare_exchange_strong(&state->is_taken, &is_taken, true);
}

static lua_state *make_record(void) {
  lua_state *state = heapster__piece_take(sizeof *state);
  if (!state) return NULL;
  heapster__store_relaxed(&state->is_taken, true);
  state->next_record = first_record();
  heapster__store_release(&states.first, state); /* pairs with the acquire above */
  return state;
}

/* A record without a heap and a mode yet, or NULL: no memory. Callers hold the lock. */
static lua_state *take_record(struct heapster_lua_backing next, bool is_exact) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  lua_state *state = first_record();
  while (state && !try_take(state)) state = state->next_record;
  if (!state) state = make_record();
  if (!state) return NULL;
  state->next = next;
  state->heap = NULL;
  state->is_exact = is_exact;
  state->is_system = false;
  state->bytes = 0;
  state->last = NULL;
  heapster__store_relaxed(&state->is_lost, false);
  return state;
}

void heapster__lua_state_release(lua_state *state) {
  heapster__store_relaxed(&state->mode, HEAPSTER__MODE_NONE);
  heapster__store_release(&state->is_taken, false); /* pairs with the swap in try_take */
}

static bool is_used(const struct heapster_heap *heap) {
  for (lua_state *state = first_record(); state; state = state->next_record) {
    if (heapster__load_acquire(&state->is_taken) && state->heap == heap) return true;
  }
  return false;
}

static bool has_map_for(const struct heapster_heap *heap, const lua_state *state) {
  return (heap->map != &heapster__main_map) == state->is_exact;
}

/* The map for a new heap of the state; NULL: a new one. A block of a state never leaves through another state, so
   states over one allocator need not share a map. */
static struct heapster__map *first_map_for(const lua_state *state) {
  return state->is_exact ? NULL : &heapster__main_map;
}

static struct heapster_heap *find_unused_heap(const lua_state *state) {
  for (unsigned i = 0; i < states.heap_count; i++) {
    struct heapster_heap *heap = states.heaps[i];
    if (has_map_for(heap, state) && !is_used(heap)) return heap;
  }
  char name[HEAPSTER_HEAP_NAME];
  struct heapster_heap *heap;
  snprintf(name, sizeof name, states.heap_count ? "lua:%u" : "lua", states.heap_count + 1);
  if (heapster__heap_make(name, NULL, first_map_for(state), &heap)) return NULL;
  states.heaps[states.heap_count++] = heap;
  return heap;
}

static struct heapster__map *map_of(const lua_state *state, const struct heapster_heap *heap) {
  if (has_map_for(heap, state)) return heap->map;
  if (!state->is_exact) return &heapster__main_map;
  if (!states.shared_map) states.shared_map = heapster__shadow_create();
  return states.shared_map;
}

static void open_record(lua_state *state, struct heapster_heap *heap, struct heapster__map *map) {
  state->heap = heap;
  state->map = map;
  state->number = heap->number;
  heapster__counters_have_kinds(heap->number);
}

/* Sets the state's heap (`lua`, `lua:2`, ...) and map. False: no memory. */
static bool set_heap(lua_state *state) {
  struct heapster_heap *heap = find_unused_heap(state);
  if (!heap) heap = states.heaps[0];
  struct heapster__map *map = heap ? map_of(state, heap) : NULL;
  if (map) open_record(state, heap, map);
  return map;
}

static void *system_alloc(void *ud, void *ptr, size_t osize, size_t nsize) {
  const struct heapster_allocator *system = heapster_allocator_system();
  (void)ud, (void)osize;
  if (nsize) return ptr ? system->realloc(system->context, ptr, nsize) : system->malloc(system->context, nsize);
  system->free(system->context, ptr);
  return NULL;
}

static enum heapster_error create_state(const char *name, const struct heapster_lua_backing *backing, void **ud) {
  lua_state *state = take_record(backing ? *backing : (struct heapster_lua_backing){system_alloc, NULL}, backing);
  if (!state) return HEAPSTER_NO_MEMORY;
  state->is_system = !backing;
  struct heapster_heap *heap;
  enum heapster_error error = heapster__heap_make(name, NULL, first_map_for(state), &heap);
  if (error) {
    heapster__lua_state_release(state);
    return error;
  }
  open_record(state, heap, heap->map);
  heapster__store_relaxed(&state->mode, HEAPSTER__MODE_HOST);
  *ud = state;
  return HEAPSTER_OK;
}

enum heapster_error heapster_lua_state_create(const char *name, const struct heapster_lua_backing *backing, void **ud) {
  if (!ud) return HEAPSTER_BAD_ARGUMENT;
  *ud = NULL;
  enum heapster_error error = heapster__heap_check_name(name);
  if (error) return error;
  if (backing && !backing->alloc) return HEAPSTER_BAD_ALLOCATOR;
  heapster__lock();
  error = create_state(name, backing, ud);
  heapster__unlock();
  return error;
}

bool heapster__lua_can_wrap(void) { return HEAPSTER__HAS_THREAD_RECORDS; }

void *heapster__lua_wrap(const struct heapster__lua_start *start) {
  heapster__lock();
  lua_state *state = take_record(start->below, !start->ignores_osize);
  const bool has_heap = state && set_heap(state);
  if (state && !has_heap) heapster__lua_state_release(state);
  heapster__unlock();
  if (!has_heap) return NULL;
  state->last = start->last;
  state->bytes = start->bytes;
  heapster__lua_note_uncounted(state, (int64_t)start->bytes);
  heapster__store_relaxed(&state->mode, start->mode);
  return state;
}

void heapster__lua_forget(void *ud) {
  lua_state *state = ud;
  heapster__lua_note_uncounted(state, -(int64_t)state->bytes);
  heapster__store_relaxed(&state->mode, HEAPSTER__MODE_NONE);
}

void heapster__lua_unwrap(void *ud) {
  heapster__lua_forget(ud);
  heapster__lua_state_release(ud);
}

struct heapster_lua_backing heapster__lua_next(void *ud) {
  return ((lua_state *)ud)->next;
}

bool heapster__lua_probe(void *ud, const struct heapster_lua_backing *alloc) {
  lua_state *state = ud;
  uint64_t before = state->bytes;
  struct heapster__guard guard;
  heapster__guard_enter(&guard, heapster__thread_claim());
  void *block = alloc->alloc(alloc->ud, NULL, 0, HEAPSTER__OWN_MIN_SIZE);
  bool is_reached = state->bytes != before;
  if (block) alloc->alloc(alloc->ud, block, HEAPSTER__OWN_MIN_SIZE, 0);
  heapster__guard_leave(&guard);
  return is_reached;
}

void heapster__lua_note_lost(void *ud, bool is_lost) { heapster__store_relaxed(&((lua_state *)ud)->is_lost, is_lost); }

bool heapster__lua_is_any_lost(void) {
  for (lua_state *state = first_record(); state; state = state->next_record) {
    if (heapster__load_relaxed(&state->mode) && heapster__load_relaxed(&state->is_lost)) return true;
  }
  return false;
}

enum heapster__mode heapster__lua_mode(void) {
  for (lua_state *state = first_record(); state; state = state->next_record) {
    const enum heapster__mode mode = heapster__load_relaxed(&state->mode);
    if (mode) return mode;
  }
  return HEAPSTER__MODE_NONE;
}

uint64_t heapster__lua_preexisting(void) {
  int64_t bytes = heapster__load_relaxed(&heapster__lua_uncounted);
  return bytes > 0 ? (uint64_t)bytes : 0;
}
