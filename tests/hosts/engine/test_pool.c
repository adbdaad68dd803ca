/* The pool by itself, and under states that are hooked late and unhooked early: every block comes back to the blocks of
   its own size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <heapster/heapster.h>
#include <heapster/modules.h>
#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

#include "new_state.h"
#include "pool.h"

enum { BUDGET = 4 << 20, LARGEST_TRIED = 3000 };

/* What came down to the pool. */
static struct {
  struct pool pool;
  size_t frees;
  size_t resizes;
  size_t below_16; /* blocks that heapster asks as 16 where nobody pools by size */
} seen;

/* Stands between heapster and the pool, and sees that the size that comes down with a block is its own. */
static void *watched(void *ud, void *block, size_t osize, size_t nsize) {
  if (block) {
    assert_true(pool_is_home(&seen.pool, block, osize));
    seen.frees += nsize == 0;
    seen.resizes += nsize != 0;
  }
  seen.below_16 += nsize > 0 && nsize < 16;
  return pool_alloc(ud, block, osize, nsize);
}

static int opened(void **state) {
  (void)state;
  memset(&seen, 0, sizeof seen);
  pool_open(&seen.pool, BUDGET);
  return 0;
}

static int closed(void **state) {
  (void)state;
  const bool is_sound = pool_live(&seen.pool) == 0;
  pool_close(&seen.pool);
  return is_sound ? 0 : -1;
}

/* --- the pool by itself --- */

static void *ask_filled(size_t size, unsigned byte) {
  void *const block = pool_alloc(&seen.pool, NULL, 0, size);
  if (block) memset(block, (int)byte, size);
  return block;
}

static void *ask(size_t size) { return ask_filled(size, size & 0xFF); }

static void give(void *block, size_t size) { assert_null(pool_alloc(&seen.pool, block, size, 0)); }

static void a_block_is_at_home_among_its_size_only(void **state) {
  (void)state;
  for (size_t size = 1; size <= LARGEST_TRIED; size++) {
    char *const block = ask(size);
    assert_true(pool_is_home(&seen.pool, block, size));
    assert_false(pool_is_home(&seen.pool, block + 1, size));
    assert_false(pool_is_home(&seen.pool, block, size <= POOL_LARGEST ? 2 * size + 8 : POOL_LARGEST));
    give(block, size);
  }
}

static void blocks_of_one_size_do_not_overlap(void **state) {
  (void)state;
  enum { COUNT = 500 };
  for (size_t size = 1; size <= 300; size += 13) {
    unsigned char *blocks[COUNT];
    for (unsigned i = 0; i < COUNT; i++) blocks[i] = ask_filled(size, i & 0xFF);
    for (unsigned i = 0; i < COUNT; i++) {
      assert_int_equal(blocks[i][0], i & 0xFF);
      assert_int_equal(blocks[i][size - 1], i & 0xFF);
      give(blocks[i], size);
    }
  }
}

static void a_resize_keeps_the_bytes(void **state) {
  (void)state;
  static const size_t sizes[] = {1, 8, 9, 40, 129, 1024, 1025, 5000, 4999, 700, 128, 3};
  unsigned char *block = ask(1);
  size_t size = 1;
  for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    const size_t common = size < sizes[i] ? size : sizes[i];
    memset(block, (int)i, size);
    block = pool_alloc(&seen.pool, block, size, sizes[i]);
    size = sizes[i];
    for (size_t at = 0; at < common; at++) assert_int_equal(block[at], i);
    assert_true(pool_is_home(&seen.pool, block, size));
  }
  give(block, size);
}

static void beyond_the_budget_a_growth_is_refused_and_the_block_stays(void **state) {
  (void)state;
  char *const block = ask(100);
  assert_null(pool_alloc(&seen.pool, block, 100, BUDGET));
  assert_null(pool_alloc(&seen.pool, block, 100, SIZE_MAX));
  assert_int_equal(block[99], 100);
  give(block, 100);
}

/* All the memory is in one block, so that no smaller one can be had. */
static void a_shrink_is_served_without_any_room(void **state) {
  (void)state;
  enum { WHOLE = BUDGET - 64 };
  unsigned char *const block = ask(WHOLE);
  assert_non_null(block);
  assert_null(ask(10));
  assert_ptr_equal(pool_alloc(&seen.pool, block, WHOLE, 24), block);
  assert_int_equal(seen.pool.strays, 1);
  give(block, 24);
  assert_ptr_equal(ask(24), block);
  give(block, 24);
}

/* --- under Lua --- */

static const char work[] = "local kept = {}\n"
                           "for i = 1, 300 do\n"
                           "  kept[i] = { i, name = ('x'):rep(i * 5), call = function() return i end }\n"
                           "  kept[i // 2] = nil\n"
                           "end\n"
                           "local co = coroutine.wrap(function(...) coroutine.yield(select('#', ...)) end)\n"
                           "co(table.unpack(kept, 150, 300))\n"
                           "pcall(string.rep, 'x', 1 << 40)\n"
                           "late = setmetatable({}, { __gc = function() late = { 1, 2, 3 } end })\n"
                           "collectgarbage()";

static void run(lua_State *L, const char *script) {
  if (luaL_dostring(L, script) != LUA_OK) fail_msg("%s", lua_tostring(L, -1));
}

/* Long at work before anybody counts it. */
static lua_State *old_state(void) {
  lua_State *const L = new_state(watched, &seen.pool);
  assert_non_null(L);
  luaL_openlibs(L);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, luaopen_heapster);
  lua_setfield(L, -2, "heapster");
  lua_settop(L, 0);
  run(L, work);
  return L;
}

static bool is_counted(void) {
  struct heapster_status status;
  heapster_status_read(&status);
  return strcmp(status.lua_way, "none") != 0;
}

static void close_state(lua_State *L) {
  lua_close(L);
  assert_int_equal(pool_live(&seen.pool), 0);
  assert_int_equal(seen.pool.strays, 0);
  assert_true(seen.frees > 1000 && seen.resizes > 20 && seen.below_16 > 0);
}

static void hooked_late_by_require_and_unhooked_early_every_block_comes_home(void **state) {
  (void)state;
  lua_State *const L = old_state();
  run(L, "heapster = require 'heapster'");
  assert_true(is_counted());
  run(L, work);
  run(L, "heapster.unhook('lua')");
  assert_false(is_counted());
  run(L, work);
  close_state(L);
}

static void hooked_late_by_the_host_and_unhooked_early_every_block_comes_home(void **state) {
  (void)state;
  lua_State *const L = old_state();
  assert_int_equal(heapster_lua_hook(L), HEAPSTER_OK);
  assert_true(is_counted());
  run(L, work);
  run(L, "require('heapster').unhook('lua')");
  run(L, work);
  close_state(L);
}

static void hooked_again_and_again_every_block_comes_home(void **state) {
  (void)state;
  lua_State *const L = old_state();
  run(L, "heapster = require 'heapster'");
  for (unsigned i = 0; i < 20; i++) {
    run(L, i % 2 ? "heapster.hook('lua')" : "heapster.unhook('lua')");
    run(L, work);
  }
  close_state(L);
}

static void hooked_late_and_closed_under_the_hook_every_block_comes_home(void **state) {
  (void)state;
  lua_State *const L = old_state();
  assert_int_equal(heapster_lua_hook(L), HEAPSTER_OK);
  run(L, work);
  close_state(L);
  assert_false(is_counted());
}

static void counted_from_the_first_byte_every_block_comes_home(void **state) {
  (void)state;
  const struct heapster_lua_backing backing = {watched, &seen.pool};
  void *ud;
  assert_int_equal(heapster_lua_state_create("scripts", &backing, &ud), HEAPSTER_OK);
  lua_State *const L = new_state(heapster_lua_alloc, ud);
  luaL_openlibs(L);
  run(L, work);

  struct heapster_stats stats;
  heapster_stats_read(heapster_heap_find("scripts"), &stats);
  assert_int_equal(stats.live_count, pool_live(&seen.pool));
  const uint64_t used = (uint64_t)lua_gc(L, LUA_GCCOUNT) * 1024 + (uint64_t)lua_gc(L, LUA_GCCOUNTB);
  if (LUA_VERSION_NUM == 504) assert_int_equal(stats.use_curr, used); /* 5.5 does not count all long strings */
  close_state(L);
  heapster_stats_read(heapster_heap_find("scripts"), &stats);
  assert_int_equal(stats.live_count, 0);
}

int main(void) {
#define EACH(test) cmocka_unit_test_setup_teardown(test, opened, closed)
  const struct CMUnitTest tests[] = {
      EACH(a_block_is_at_home_among_its_size_only),
      EACH(blocks_of_one_size_do_not_overlap),
      EACH(a_resize_keeps_the_bytes),
      EACH(beyond_the_budget_a_growth_is_refused_and_the_block_stays),
      EACH(a_shrink_is_served_without_any_room),
      EACH(hooked_late_by_require_and_unhooked_early_every_block_comes_home),
      EACH(hooked_late_by_the_host_and_unhooked_early_every_block_comes_home),
      EACH(hooked_again_and_again_every_block_comes_home),
      EACH(hooked_late_and_closed_under_the_hook_every_block_comes_home),
      EACH(counted_from_the_first_byte_every_block_comes_home),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
