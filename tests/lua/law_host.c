/* Law 7 and a host's books, to the byte, after every step of random programs over pools that misbehave: law_host [STEPS
   [RELOADS [SEED]]]. Eight states in two times four threads, each with its own way to be hooked, its pool, its
   collector. Every few hundred steps a state is closed and made anew; then the same with a new state every few steps.
 */
#include <heapster/heapster.h>
#include <heapster/modules.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>

#include "new_state.h"
#include "pool.h"

static const char programs[] =
    "local heapster = require 'heapster'\n"
    "local kept = {}\n"
    "local function keep(n, value) kept[n % 97] = value end\n"
    "local function word(n) return ('w' .. n):rep(n % 30) end\n"
    "return {\n"
    "  function(n) keep(n, {}) end,\n"
    "  function(n) local t = {} for i = 1, n % 200 do t[i] = i end keep(n, t) end,\n"
    "  function(n) local t = {} for i = 1, n % 50 do t[word(i)] = word(n + i) end keep(n, t) end,\n"
    "  function(n) keep(n, word(n)) end,\n"
    "  function(n) keep(n, ('x'):rep(n % 9000)) end,\n"
    "  function(n) local t = {} for i = 1, n % 40 do t[i] = word(i) end keep(n, table.concat(t, ',')) end,\n"
    "  function(n) keep(n, (word(n):gsub('.', '%0%0'))) end,\n"
    "  function(n) keep(n, load('local a, b = ' .. n .. ', 2\\n\\n\\nreturn function() return a, b end')) end,\n"
    "  function(n) keep(n, select(2, pcall(load, 'return ' .. ('('):rep(n % 150)))) end,\n"
    "  function(n) pcall(error, { word(n) }) end,\n"
    "  function(n) local function down(i) return i == 0 and word(n) or (down(i - 1)) end down(n % 400) end,\n"
    "  function(n) local t = coroutine.create(function(a) while true do a = coroutine.yield({ a }) end end)\n"
    "    coroutine.resume(t, n) keep(n, t) end,\n"
    "  function(n) keep(n, setmetatable({}, { __gc = function() kept[n % 97] = { word(n) } end })) end,\n"
    "  function(n) keep(n, setmetatable({}, { __mode = n % 2 == 0 and 'k' or 'v' })) end,\n"
    "  function(n) keep(n, heapster.stats('lua')) end,\n"
    "  function(n) keep(n, heapster.status()) end,\n"
    "  function(n) heapster.measure({ gc = n % 9 == 0 and 'stop' or 'leave' }, function() keep(n, { word(n) }) end) "
    "end,\n"
    "  function(n) keep(n, select(2, pcall(heapster.limit, { alloc_count = 0 }, word, n))) end,\n"
    "  function(n) for i = n, n + 9 do keep(i, nil) end end,\n"
    "  function(n) collectgarbage('step', n % 50) end,\n"
    "  function(n) if n % 20 == 0 then kept = {} collectgarbage() end end,\n"
    "}, heapster\n";

enum way { CREATED, HOOKED, NAMED, REQUIRED };

struct plan {
  enum way way;
  unsigned pool_ways;
  bool has_own_allocator; /* Lua's own, and no pool */
  const char *collector;
  const char *name;
};

struct host {
  struct plan plan;
  uint64_t steps;
  uint64_t steps_of_state; /* until it is closed */
  struct dice dice;
  struct pool pool;
  void *ud; /* of a created state */
  lua_State *L;
  int programs;
  const struct heapster_heap *heap; /* that counts the state now, NULL: none */
  uint64_t step;
};

static size_t lua_bytes(lua_State *L) {
  return (size_t)lua_gc(L, LUA_GCCOUNT) * 1024 + (size_t)lua_gc(L, LUA_GCCOUNTB);
}

static void require_kinds(const struct host *host, const struct heapster_stats *stats) {
  uint64_t count = 0;
  const struct heapster_lua_kind *kind;
  const char *name;
  for (size_t i = 0; (kind = heapster_lua_kind_at(&stats->lua_kinds, i, &name)); i++) count += kind->count;
  require(count == stats->alloc_count, "%s, step %llu: %llu objects, %llu requests", host->plan.name,
          (unsigned long long)host->step, (unsigned long long)count, (unsigned long long)stats->alloc_count);
}

static void require_live(const struct host *host, const struct heapster_stats *stats) {
  struct heapster_histogram live;
  heapster_live_histogram(host->heap, &live);
  require(heapster_histogram_total(&live) == stats->live_count, "%s, step %llu: %llu blocks are live, %llu by the map",
          host->plan.name, (unsigned long long)host->step, (unsigned long long)stats->live_count,
          (unsigned long long)heapster_histogram_total(&live));
}

/* Lua 5.5 does not count the bytes of strings that were made in a buffer. */
enum { COUNTS_ALL = LUA_VERSION_NUM < 505 };

/* The bytes that Lua uses, which are all that the pool has. A buffer whose function ran out of memory may leave some
   that Lua does not count, up to a collection. */
static size_t require_used(struct host *host) {
  const size_t used = lua_bytes(host->L);
  if (host->plan.has_own_allocator || host->pool.live_bytes == used) return used;
  if (!COUNTS_ALL && host->pool.live_bytes > used) return host->pool.live_bytes;
  const bool may_be = host->plan.pool_ways & (POOL_FAILS | POOL_HAS_BUDGET | POOL_REFUSES_GROWTH);
  host->pool.is_calm = true;
  if (may_be) lua_gc(host->L, LUA_GCCOLLECT);
  host->pool.is_calm = false;
  require(host->pool.live_bytes == lua_bytes(host->L), "%s, step %llu: the pool has %zu bytes, Lua %zu",
          host->plan.name, (unsigned long long)host->step, host->pool.live_bytes, lua_bytes(host->L));
  return host->pool.live_bytes;
}

static void require_books(struct host *host) {
  struct heapster_stats stats;
  const size_t used = require_used(host);
  if (!host->heap) return;
  require(heapster_lua_heap(host->L) == host->heap, "%s, step %llu: another heap", host->plan.name,
          (unsigned long long)host->step);
  const uint64_t preexisting = heapster_lua_preexisting(host->L);
  heapster_stats_read(host->heap, &stats);
  const uint64_t found = stats.use_curr + preexisting;
  require(COUNTS_ALL || host->plan.way == CREATED ? found == used : found >= lua_bytes(host->L),
          "%s, step %llu: %llu bytes are counted and %llu older, Lua has %zu", host->plan.name,
          (unsigned long long)host->step, (unsigned long long)stats.use_curr, (unsigned long long)preexisting, used);
  if (host->plan.way == CREATED)
    require(!preexisting && stats.live_count == host->pool.live_blocks, "%s, step %llu: %llu blocks of %zu",
            host->plan.name, (unsigned long long)host->step, (unsigned long long)stats.live_count,
            host->pool.live_blocks);
  require_kinds(host, &stats);
  if (host->step % 4096 == 0) require_live(host, &stats);
}

static void call_heapster(struct host *host, const char *function) {
  host->pool.is_calm = true;
  lua_getfield(host->L, host->programs + 1, function);
  lua_pushliteral(host->L, "lua");
  const int status = lua_pcall(host->L, 1, 0, 0);
  require(status == LUA_OK, "%s: %s", function, lua_tostring(host->L, -1));
  host->heap = heapster_lua_heap(host->L);
  host->pool.is_calm = false;
}

/* Refused memory is an error in Lua, which leaves the law as it is. */
static void call_program(struct host *host) {
  lua_State *const L = host->L;
  const lua_Integer count = (lua_Integer)lua_rawlen(L, host->programs);
  lua_rawgeti(L, host->programs, 1 + (lua_Integer)dice_below(&host->dice, (uint64_t)count));
  lua_pushinteger(L, (lua_Integer)dice_below(&host->dice, 100000));
  lua_pcall(L, 1, 0, 0);
  lua_settop(L, host->programs + 1);
}

static void make_state(struct host *host) {
  if (host->plan.way == CREATED)
    host->L = new_state(heapster_lua_alloc, host->ud);
  else
    host->L = host->plan.has_own_allocator ? luaL_newstate() : new_state(pool_alloc, &host->pool);
  require(host->L != NULL, "no memory");
  luaL_openlibs(host->L);
}

static void open_state(struct host *host) {
  host->pool.is_calm = true;
  make_state(host);
  if (host->plan.way == HOOKED) require_ok(heapster_lua_hook(host->L));
  if (host->plan.way == NAMED) require_ok(heapster_lua_hook_named(host->L, host->plan.name));
  luaL_requiref(host->L, "heapster", luaopen_heapster, false);
  lua_settop(host->L, 0);
  require(luaL_loadstring(host->L, programs) == LUA_OK && lua_pcall(host->L, 0, 2, 0) == LUA_OK, "%s",
          lua_tostring(host->L, -1));
  host->programs = 1;
  lua_pushfstring(host->L, "collectgarbage('%s')", host->plan.collector);
  require(luaL_dostring(host->L, lua_tostring(host->L, -1)) == LUA_OK, "%s", lua_tostring(host->L, -1));
  lua_settop(host->L, 2);
  host->heap = heapster_lua_heap(host->L);
  require(host->heap != NULL, "%s is not counted", host->plan.name);
  host->pool.budget = host->pool.live_bytes + 40000;
  host->pool.is_calm = false;
}

static void close_state(struct host *host) {
  struct heapster_stats stats;
  const struct heapster_heap *const heap = host->heap;
  lua_close(host->L);
  pool_clear(&host->pool);
  if (!heap || (host->plan.way != CREATED && host->plan.way != NAMED))
    return; /* another thread's state may have it already */
  heapster_stats_read(heap, &stats);
  require(stats.use_curr == 0 && stats.live_count == 0, "%s: %llu bytes in %llu blocks are left in its heap",
          host->plan.name, (unsigned long long)stats.use_curr, (unsigned long long)stats.live_count);
}

static void step(struct host *host) {
  const bool is_switched = host->plan.way != CREATED && dice_below(&host->dice, 500) == 0;
  host->step++;
  if (is_switched)
    call_heapster(host, host->heap ? "unhook" : "hook");
  else
    call_program(host);
  require_books(host);
}

static void *run(void *context) {
  struct host *const host = context;
  for (uint64_t done = 0; done < host->steps;) {
    open_state(host);
    require_books(host);
    const uint64_t end = done + 1 + dice_below(&host->dice, 2 * host->steps_of_state);
    for (; done < end; done++) step(host);
    close_state(host);
  }
  return NULL;
}

static const struct plan plans[] = {
    {CREATED, 0, false, "incremental", "sorts"},
    {HOOKED, POOL_REFUSES_GROWTH | POOL_REFUSES_SHRINK, false, "generational", "refuses"},
    {NAMED, POOL_NEVER_FREES, false, "incremental", "never.frees"},
    {REQUIRED, POOL_FAILS | POOL_REFUSES_SHRINK, false, "generational", "fails"},
    {CREATED, POOL_HAS_BUDGET | POOL_REFUSES_SHRINK, false, "generational", "budget"},
    {REQUIRED, POOL_HAS_BUDGET | POOL_FAILS | POOL_REFUSES_GROWTH, false, "incremental", "emergency"},
    {REQUIRED, 0, true, "generational", "plain"},
    {NAMED, POOL_HAS_BUDGET | POOL_FAILS | POOL_REFUSES_GROWTH | POOL_REFUSES_SHRINK, false, "incremental", "all"},
};
enum { HOSTS = sizeof plans / sizeof plans[0], THREADS = 4 };

static void make_host(struct host *host, unsigned i, uint64_t steps, uint64_t steps_of_state) {
  static void *uds[HOSTS];
  *host = (struct host){.plan = plans[i], .steps = steps, .steps_of_state = steps_of_state};
  host->dice = dice_make(support_run.seed * HOSTS + i);
  host->pool = (struct pool){.ways = host->plan.pool_ways, .dice = dice_make(i)};
  if (host->plan.way != CREATED) return;
  const struct heapster_lua_backing backing = {pool_alloc, &host->pool};
  if (!uds[i]) require_ok(heapster_lua_state_create(host->plan.name, &backing, &uds[i]));
  host->ud = uds[i];
}

/* Where they are lives as long as the heaps over their pools. */
static void run_all(uint64_t steps, uint64_t steps_of_state) {
  static struct host made[HOSTS];
  pthread_t threads[THREADS];
  for (unsigned i = 0; i < HOSTS; i++) make_host(&made[i], i, steps, steps_of_state);
  for (unsigned first = 0; first < HOSTS; first += THREADS) {
    for (unsigned i = 0; i < THREADS; i++) start_thread(&threads[i], run, &made[first + i]);
    for (unsigned i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  }
  for (unsigned i = 0; i < HOSTS; i++) {
    const bool must_refuse = plans[i].pool_ways & ~(unsigned)POOL_NEVER_FREES;
    require(!must_refuse || made[i].pool.refused, "%s refused nothing", made[i].plan.name);
  }
}

/* However often states are made anew. */
static void require_few_heaps(void) {
  unsigned count = 0;
  for (const struct heapster_heap *heap = heapster_heap_next(NULL); heap; heap = heapster_heap_next(heap)) count++;
  require(count <= 2 * HOSTS, "there are %u heaps", count);
}

int main(int argc, char **argv) {
  const uint64_t steps = argument(argc, argv, 1, 4000);
  const uint64_t reloads = argument(argc, argv, 2, 100);
  support_run.seed = argument(argc, argv, 3, 1);
  run_all(steps, 500);
  run_all(reloads * 5, 5);
  require_few_heaps();
  return 0;
}
