/* Lua states that are counted: a host's own, and those hooked while they run. */
#include "base/lock.h"
#include "hooks/script/lua_hook.h"

#include "heap/system.h"
#include "hooks/script/lua_record.h"

typedef struct heapster__lua_record record;

static void *system_alloc(void *ud, void *ptr, size_t osize, size_t nsize) {
  const struct heapster_allocator *system = heapster_allocator_system();
  (void)ud, (void)osize;
  if (nsize) return ptr ? system->realloc(system->context, ptr, nsize) : system->malloc(system->context, nsize);
  system->free(system->context, ptr);
  return NULL;
}

static enum heapster_error create(const char *name, const struct heapster_lua_backing *backing, record **made) {
  record *state = heapster__lua_record_take();
  if (!state) return HEAPSTER_NO_MEMORY;
  state->is_exact = backing != NULL;
  state->is_system = backing == NULL;
  state->below = backing ? *backing : (struct heapster_lua_backing){system_alloc, NULL};
  struct heapster_heap *heap;
  enum heapster_error error = heapster__heap_make(name, NULL, state->is_exact, &heap);
  if (error) {
    heapster__lua_record_give_back(state);
    return error;
  }
  heapster__lua_record_open(state, heap, heap->map);
  heapster__store_relaxed(&state->way, "host");
  *made = state;
  return HEAPSTER_OK;
}

enum heapster_error heapster_lua_state_create(const char *name, const struct heapster_lua_backing *backing, void **ud) {
  record *state = NULL;
  enum heapster_error error = heapster__heap_check_name(name);
  if (!error) {
    heapster__lock();
    error = create(name, backing, &state);
    heapster__unlock();
  }
  *ud = state;
  return error;
}

bool heapster__lua_can_wrap(void) {
#ifdef HEAPSTER_SHARED_COUNTERS
  return false;
#else
  return true;
#endif
}

static record *taken_for(const struct heapster__lua_start *start) {
  record *state = heapster__lua_record_take();
  if (!state) return NULL;
  state->below = start->below;
  state->is_exact = !start->ignores_osize;
  if (heapster__lua_record_name(state)) return state;
  heapster__lua_record_give_back(state);
  return NULL;
}

void *heapster__lua_wrap(const struct heapster__lua_start *start) {
  heapster__lock();
  record *state = taken_for(start);
  heapster__unlock();
  if (!state) return NULL;
  state->last = start->last;
  state->bytes = start->bytes;
  heapster__lua_note_uncounted(state, (int64_t)start->bytes);
  heapster__store_relaxed(&state->way, start->way);
  return state;
}

void heapster__lua_unwrap(void *ud) {
  record *state = ud;
  heapster__lua_note_uncounted(state, -(int64_t)state->bytes);
  heapster__lua_record_give_back(state);
}

void heapster__lua_forget(void *ud) {
  record *state = ud;
  heapster__lua_note_uncounted(state, -(int64_t)state->bytes);
  heapster__store_relaxed(&state->way, NULL);
}

struct heapster_lua_backing heapster__lua_below(void *ud) {
  return ((record *)ud)->below;
}

bool heapster__lua_is_reached(void *ud, const struct heapster_lua_backing *alloc) {
  record *state = ud;
  uint64_t before = state->bytes;
  struct heapster__descent descent;
  heapster__descend(&descent, heapster__slot_claim());
  void *block = alloc->alloc(alloc->ud, NULL, 0, HEAPSTER__OWN_LEAST);
  bool is_reached = state->bytes != before;
  if (block) alloc->alloc(alloc->ud, block, HEAPSTER__OWN_LEAST, 0);
  heapster__ascend(&descent);
  return is_reached;
}

void heapster__lua_note_lost(void *ud, bool is_lost) { heapster__store_relaxed(&((record *)ud)->is_lost, is_lost); }

bool heapster__lua_is_any_lost(void) {
  for (record *state = heapster__lua_record_first(); state; state = state->next) {
    if (heapster__load_relaxed(&state->way) && heapster__load_relaxed(&state->is_lost)) return true;
  }
  return false;
}

const char *heapster__lua_way(void) {
  for (record *state = heapster__lua_record_first(); state; state = state->next) {
    const char *way = heapster__load_relaxed(&state->way);
    if (way) return way;
  }
  return "none";
}

uint64_t heapster__lua_preexisting(void) {
  int64_t bytes = heapster__load_relaxed(&heapster__lua_uncounted);
  return bytes > 0 ? (uint64_t)bytes : 0;
}
