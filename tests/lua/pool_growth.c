/* A pool that grows by malloc inside a call of Lua's: what it takes to grow counts in heap malloc, what it passes on
   counts once, as the state's. Run by `heapster run`. */
#include <heapster/heapster.h>
#include <heapster/modules.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "new_state.h"
#include "pool.h"

static struct pool pool;

static struct heapster_stats stats_of(const char *name) {
  struct heapster_stats stats;
  const struct heapster_heap *const heap = heapster_heap_find(name);
  require(heap != NULL, "there is no heap %s", name);
  heapster_stats_read(heap, &stats);
  return stats;
}

/* Long blocks are malloc's, passed on with a header. */
static const char script[] = "local kept = {} for i = 1, 3000 do kept[i] = { ('x'):rep(i % 700), i } end";

static uint64_t slab_bytes(void) {
  uint64_t bytes = 0;
  for (const struct slab *slab = pool.slabs; slab; slab = slab->next) bytes += POOL_SLAB;
  return bytes;
}

int main(void) {
  void *ud;
  const struct heapster_lua_backing backing = {pool_alloc, &pool};
  require_ok(heapster_lua_state_create("scripts", &backing, &ud));
  const struct heapster_stats before = stats_of("malloc");
  lua_State *const L = new_state(heapster_lua_alloc, ud);
  luaL_openlibs(L);
  require(luaL_dostring(L, script) == LUA_OK, "%s", lua_tostring(L, -1));
  const struct heapster_stats grown = stats_of("malloc");
  require(slab_bytes() > (size_t)4 * POOL_SLAB, "the pool did not grow");
  require(grown.use_curr - before.use_curr == slab_bytes(), "%llu bytes in heap malloc, the pool has %llu",
          (unsigned long long)(grown.use_curr - before.use_curr), (unsigned long long)slab_bytes());
  require(stats_of("scripts").use_curr == pool.live_bytes, "the state's heap is another");
  lua_close(L);
  pool_clear(&pool);
  const struct heapster_stats freed = stats_of("malloc");
  require(freed.use_curr == before.use_curr, "%lld bytes are left in heap malloc",
          (long long)(freed.use_curr - before.use_curr));
  require(freed.unseen_alloc_count == before.unseen_alloc_count, "blocks were freed that nobody had counted");
  return 0;
}
