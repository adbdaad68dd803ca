/* The records of Lua states that are counted: a host's own, and those hooked while they run. */
#include "hooks/script/lua_state.h"

#include "base/lock.h"
#include "count/small_map.h"
#include "heap/system.h"
#include "hooks/script/lua_hook.h"

#include <stdio.h>

typedef struct heapster__lua_state lua_state;

/* All under the lock, but `first`. A state that closed or was unhooked leaves its heap to the next hooked state. */
static struct {
  lua_state *_Atomic first;
  struct heapster_heap *heaps[HEAPSTER_HEAPS]; /* `lua`, `lua:2`, ... */
  unsigned heap_count;
  bool is_named[HEAPSTER__HEAP_NUMBERS]; /* heaps that a host named when it hooked a running state, by number */
} states;

static lua_state *first_record(void) {
  return heapster__load_acquire(&states.first); /* pairs with the release in make_record */
}

static bool try_take(lua_state *state) {
  uint32_t is_taken = false;
  return heapster__swap_strong(&state->is_taken, &is_taken, true);
}

static lua_state *make_record(void) {
  lua_state *state = heapster__piece_take(sizeof *state);
  if (!state) return NULL;
  heapster__store_relaxed(&state->is_taken, true);
  state->next_record = first_record();
  heapster__store_release(&states.first, state); /* pairs with the acquire above */
  return state;
}

static void reset_record(lua_state *state, struct heapster_lua_backing next, bool is_exact) {
  state->next = next;
  heapster__store_relaxed(&state->heap, NULL);
  state->is_exact = is_exact;
  state->is_system = false;
  state->bytes = 0;
  state->last = NULL;
  state->site = (struct heapster__site){0, 0, HEAPSTER__SITE_UNKNOWN};
  heapster__store_relaxed(&state->uncounted, 0);
  heapster__store_relaxed(&state->is_lost, false);
}

/* A record without a heap and a mode yet, or NULL: no memory. Callers hold the lock. */
static lua_state *take_record(struct heapster_lua_backing next, bool is_exact) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  lua_state *state = first_record();
  while (state && !try_take(state)) state = state->next_record;
  if (!state) state = make_record();
  if (state) reset_record(state, next, is_exact);
  return state;
}

void heapster__lua_state_release(lua_state *state) {
  heapster__store_relaxed(&state->mode, HEAPSTER__MODE_NONE);
  heapster__store_release(&state->is_taken, false); /* pairs with the swap in try_take */
}

bool heapster__lua_is_heap_used(const struct heapster_heap *heap) {
  for (lua_state *state = first_record(); state; state = state->next_record) {
    if (heapster__load_acquire(&state->is_taken) && heapster__load_relaxed(&state->heap) == heap) return true;
  }
  return false;
}

static bool has_map_for(const struct heapster_heap *heap, const lua_state *state) {
  return (heap->map != &heapster__main_map) == state->is_exact;
}

static bool is_free_for(const struct heapster_heap *heap, const lua_state *state) {
  return has_map_for(heap, state) && !heapster__lua_is_heap_used(heap);
}

/* A state has a heap of its own, and a block never leaves through another state. So states over one allocator need not
   share a map, and no block in the map of an exact state is foreign. */
static enum heapster_error make_heap(const char *name, const lua_state *state, struct heapster_heap **heap) {
  return heapster__heap_make(name, state->is_exact ? NULL : &heapster__main_map, heap);
}

static enum heapster_error find_numbered_heap(const lua_state *state, struct heapster_heap **heap) {
  for (unsigned i = 0; i < states.heap_count; i++) {
    *heap = states.heaps[i];
    if (is_free_for(*heap, state)) return HEAPSTER_OK;
  }
  char name[HEAPSTER_HEAP_NAME];
  snprintf(name, sizeof name, states.heap_count ? "lua:%u" : "lua", states.heap_count + 1);
  const enum heapster_error error = make_heap(name, state, heap);
  if (!error) states.heaps[states.heap_count++] = *heap;
  return error;
}

/* The heap that a host names: a new one, or that of a closed state which was hooked by the same name. */
static enum heapster_error find_named_heap(const char *name, const lua_state *state, struct heapster_heap **heap) {
  *heap = heapster_heap_find(name);
  if (*heap) return states.is_named[(*heap)->number] && is_free_for(*heap, state) ? HEAPSTER_OK : HEAPSTER_NAME_TAKEN;
  enum heapster_error error = heapster__heap_check_name(name);
  if (!error) error = make_heap(name, state, heap);
  if (!error) states.is_named[(*heap)->number] = true;
  return error;
}

static enum heapster_error find_heap(const struct heapster__lua_start *start, const lua_state *state,
                                     struct heapster_heap **heap) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  if (start->name) return find_named_heap(start->name, state, heap);
  *heap = (struct heapster_heap *)(uintptr_t)start->heap;
  return *heap && is_free_for(*heap, state) ? HEAPSTER_OK : find_numbered_heap(state, heap);
}

/* Gives the record its heap, and the maps of that. False: no memory for the small map. */
static bool open_record(lua_state *state, struct heapster_heap *heap) {
  state->small = heapster__load_relaxed(&heap->small);
  if (state->is_exact && !state->small) state->small = heapster__small_create();
  if (state->is_exact && !state->small) return false;
  heapster__store_release(&heap->small, state->small); /* pairs with the acquire in count_small_blocks */
  heapster__store_relaxed(&state->heap, heap);
  state->map = heap->map;
  state->number = heap->number;
  return true;
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
  enum heapster_error error = make_heap(name, state, &heap);
  if (!error && !open_record(state, heap)) error = HEAPSTER_NO_MEMORY;
  if (error) {
    heapster__lua_state_release(state);
    return error;
  }
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

/* The record that the state had, or a new one: what reaches the old one must go to the allocator that it came from. */
static lua_state *record_for(const struct heapster__lua_start *start) {
  lua_state *state = start->ud;
  if (!state || state->next.alloc != start->below.alloc || state->next.ud != start->below.ud)
    return take_record(start->below, !start->ignores_osize);
  reset_record(state, start->below, !start->ignores_osize);
  return state;
}

static enum heapster_error wrap_state(const struct heapster__lua_start *start, void **ud) {
  lua_state *state = record_for(start);
  if (!state) return HEAPSTER_NO_MEMORY;
  struct heapster_heap *heap;
  enum heapster_error error = find_heap(start, state, &heap);
  if (!error && !open_record(state, heap)) error = HEAPSTER_NO_MEMORY;
  if (error) {
    if (state != start->ud) heapster__lua_state_release(state);
    return error;
  }
  state->last = start->last;
  state->bytes = start->bytes;
  heapster__lua_note_uncounted(state, (int64_t)start->bytes);
  heapster__store_relaxed(&state->mode, start->mode);
  *ud = state;
  return HEAPSTER_OK;
}

enum heapster_error heapster__lua_wrap(const struct heapster__lua_start *start, void **ud) {
  *ud = NULL;
  heapster__lock();
  const enum heapster_error error = wrap_state(start, ud);
  heapster__unlock();
  return error;
}

static void give_up_block(const void *context, const void *granule, unsigned owner, uint64_t size) {
  const lua_state *state = context;
  (void)size;
  if (owner == state->number) heapster__record_missed_free(state->map, granule);
}

static void give_up_small_block(const void *context, const void *block, unsigned owner, uint64_t size) {
  const lua_state *state = context;
  heapster__record_missed((struct heapster__block){size, owner, false, 0});
  heapster__small_take(state->small, block);
}

/* Nobody can free the blocks meanwhile: the state's thread is here. */
void heapster__lua_unwrap(void *ud) {
  lua_state *state = ud;
  heapster__store_relaxed(&state->mode, HEAPSTER__MODE_NONE);
  heapster__store_relaxed(&state->uncounted, 0);
  heapster__shadow_visit(state->map, give_up_block, state);
  if (state->small) heapster__small_visit(state->small, state->number, give_up_small_block, state);
  state->number = HEAPSTER__LUA_OFF;
  heapster__store_relaxed(&state->heap, NULL);
}

struct heapster__site *heapster__lua_site_of(void *ud) {
  return &((lua_state *)ud)->site;
}

struct heapster_lua_backing heapster__lua_next(void *ud) {
  return ((lua_state *)ud)->next;
}

struct heapster_heap *heapster__lua_heap_of(void *ud) {
  return heapster__load_relaxed(&((lua_state *)ud)->heap);
}

enum heapster__mode heapster__lua_mode_of(void *ud) { return heapster__load_relaxed(&((lua_state *)ud)->mode); }

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

static uint64_t uncounted_of(lua_state *state) {
  const int64_t bytes = heapster__load_relaxed(&state->uncounted);
  return bytes > 0 ? (uint64_t)bytes : 0;
}

uint64_t heapster__lua_preexisting(void) {
  uint64_t bytes = 0;
  for (lua_state *state = first_record(); state; state = state->next_record) {
    if (heapster__load_relaxed(&state->mode)) bytes += uncounted_of(state);
  }
  return bytes;
}

/* What the state requested and freed since the hook can leave less than Lua counts only if some of what was freed was
   never in Lua's count. */
uint64_t heapster__lua_preexisting_of(void *ud, size_t bytes) {
  lua_state *state = ud;
  if (bytes > state->bytes) {
    heapster__lua_note_uncounted(state, (int64_t)(bytes - state->bytes));
    state->bytes = bytes;
  }
  return uncounted_of(state);
}
