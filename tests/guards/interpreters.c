/* What interpreters ask for, without an interpreter: through CPython's four functions with a context in front, and
   through a lua_Alloc. Each pattern runs counted and uncounted. */
#include <heapster/heap.h>
#include <heapster/lua.h>

#include "internals.h"
#include "pattern.h"

/* Here as in requests.c. */
static const size_t sizes[] = {24, 100, 300, 1000};
enum { SIZES = sizeof sizes / sizeof *sizes };
static const size_t sizes_in_place[SIZES] = {48, 112, 496, 1008};

/* --- Python --- */

static void *next_malloc(void *context, size_t size) {
  (void)context;
  return malloc(size);
}

static void next_free(void *context, void *block) {
  (void)context;
  free(block);
}

static const domain uncounted_domain = {.malloc = next_malloc, .free = next_free};

/* Volatile: the compiler must not see which functions it calls, or it would inline the uncounted ones. */
static const domain *volatile domain_in_use = &uncounted_domain;

static bool run_domain_pairs(size_t count) {
  const domain *const functions = domain_in_use;
  for (size_t i = 0; i < count; i++) {
    void *volatile block = functions->malloc(functions->context, sizes[i % SIZES]);
    functions->free(functions->context, block);
  }
  return true;
}

static bool run_counted_domain_pairs(size_t count) {
  static domain counted;
  if (!count_domain(&uncounted_domain, &counted)) return false;
  domain_in_use = &counted;
  return run_domain_pairs(count);
}

/* Objects among the blocks of another heap, which came first, as in the first arenas of a Python. */
static bool run_foreign_domain_pairs(size_t count) {
  struct heapster_heap *first;
  if (heapster_heap_create("first", NULL, &first)) return false;
  void *volatile before = heapster_heap_malloc(first, sizes[0]);
  const bool is_run = run_counted_domain_pairs(count);
  heapster_heap_free(first, before);
  return is_run;
}

/* --- Lua --- */

enum { TABLE = 5 /* LUA_TTABLE: Lua passes the kind of a new block in place of an old size */ };

/* As luaL_newstate has it. */
static void *next_lua_alloc(void *ud, void *block, size_t old_size, size_t size) {
  (void)ud;
  (void)old_size;
  if (size) return realloc(block, size);
  free(block);
  return NULL;
}

static const struct heapster_lua_backing uncounted_lua = {next_lua_alloc, NULL};

static const struct heapster_lua_backing *volatile lua_in_use = &uncounted_lua; /* volatile as domain_in_use */

static bool run_lua_pairs(size_t count) {
  const struct heapster_lua_backing *const lua = lua_in_use;
  for (size_t i = 0; i < count; i++) {
    const size_t size = sizes[i % SIZES];
    void *volatile block = lua->alloc(lua->ud, NULL, TABLE, size);
    lua->alloc(lua->ud, block, size, 0);
  }
  return true;
}

static bool run_lua_resizes(size_t count) {
  const struct heapster_lua_backing *const lua = lua_in_use;
  bool is_in_place = true;
  for (size_t i = 0; i < count; i++) {
    const size_t size = sizes[i % SIZES], larger = sizes_in_place[i % SIZES];
    void *block = lua->alloc(lua->ud, NULL, TABLE, size);
    const volatile uintptr_t address = (uintptr_t)block;
    void *volatile resized = lua->alloc(lua->ud, block, size, larger);
    is_in_place = is_in_place && (uintptr_t)resized == address;
    lua->alloc(lua->ud, resized, larger, 0);
  }
  return is_in_place;
}

/* NULL: over the system's allocator. */
static bool count_lua(const struct heapster_lua_backing *backing) {
  static struct heapster_lua_backing counted = {.alloc = heapster_lua_alloc};
  lua_in_use = &counted;
  return heapster_lua_state_create("scripts", backing, &counted.ud) == HEAPSTER_OK;
}

static bool run_counted_lua_pairs(size_t count) { return count_lua(NULL) && run_lua_pairs(count); }
static bool run_counted_lua_resizes(size_t count) { return count_lua(NULL) && run_lua_resizes(count); }
static bool run_backed_lua_pairs(size_t count) { return count_lua(&uncounted_lua) && run_lua_pairs(count); }

int main(int count, char **arguments) {
  static const struct pattern patterns[] = {
      {"domain-pairs", run_domain_pairs},
      {"domain-pairs-counted", run_counted_domain_pairs},
      {"domain-pairs-foreign", run_foreign_domain_pairs},
      {"lua-pairs", run_lua_pairs},
      {"lua-pairs-counted", run_counted_lua_pairs},
      {"lua-pairs-backed", run_backed_lua_pairs},
      {"lua-resizes", run_lua_resizes},
      {"lua-resizes-counted", run_counted_lua_resizes},
  };
  return pattern_main(count, arguments, patterns, sizeof patterns / sizeof *patterns);
}
