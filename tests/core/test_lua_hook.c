/* The lua_Alloc: all that Lua may request, over an allocator that pools by osize, and over the system's. */
#include "cmocka_test.h"

#include <string.h>

#include "commanded.h"
#include "heap/heap.h"
#include "hooks/script/lua_hook.h"
#include "support.h"

static struct commanded arena;
static void *over_pools;
static void *over_system;

/* As hosts write it: osize tells the pool of a block. */
static void *pool_alloc(void *ud, void *ptr, size_t osize, size_t nsize) {
  struct commanded *pools = ud;
  const struct heapster_allocator functions = commanded_allocator(pools, COMMANDED_WHOLE);
  if (!ptr) return functions.malloc(pools, nsize);
  if (nsize) {
    pools->moves = commanded_pool_for(pools->pools, osize, 1) != commanded_pool_for(pools->pools, nsize, 1);
    return functions.realloc(pools, ptr, nsize);
  }
  commanded_free_sized(pools, ptr, osize);
  return NULL;
}

static const struct heapster_lua_backing pools = {pool_alloc, &arena};

static struct heapster_stats stats_of(const char *name) {
  struct heapster_stats stats;
  heapster_stats_read(heapster_heap_find(name), &stats);
  return stats;
}

static int forget(void **state) {
  (void)state;
  commanded_forget(&arena);
  heapster_reset();
  return 0;
}

static int require_sound(void **state) {
  (void)state;
  return arena.log.live_count == 0 && commanded_is_sound(&arena) ? 0 : -1;
}

static void nothing_resized_to_nothing_is_nothing(void **state) {
  (void)state;
  assert_null(heapster_lua_alloc(over_pools, NULL, 5, 0));
  assert_int_equal(arena.log.malloc_calls + arena.log.free_calls, 0);
  assert_int_equal(stats_of("pools").alloc_count + stats_of("pools").dealloc_count, 0);
}

static void the_osize_of_a_new_block_is_a_type_and_not_counted(void **state) {
  (void)state;
  void *block = heapster_lua_alloc(over_pools, NULL, 4, 100);
  assert_int_equal(stats_of("pools").alloc_sum, 100);
  assert_int_equal(stats_of("pools").use_curr, 100);
  heapster_lua_alloc(over_pools, block, 100, 0);
  assert_int_equal(stats_of("pools").dealloc_sum, 100);
}

static void sizes_are_passed_on_unchanged_to_the_hosts_pools(void **state) {
  (void)state;
  for (size_t size = 1; size < 40; ++size) {
    void *block = heapster_lua_alloc(over_pools, NULL, 0, size);
    assert_int_equal(arena.log.last_size, size);
    block = heapster_lua_alloc(over_pools, block, size, 3 * size);
    assert_int_equal(arena.log.last_size, 3 * size);
    block = heapster_lua_alloc(over_pools, block, 3 * size, size);
    assert_int_equal(stats_of("pools").use_curr, size);
    heapster_lua_alloc(over_pools, block, size, 0);
    assert_int_equal(stats_of("pools").use_curr, 0);
  }
  assert_int_equal(stats_of("pools").unseen_alloc_count, 0);
}

static void a_refused_request_counts_as_one(void **state) {
  (void)state;
  arena.refuses_all = true;
  assert_null(heapster_lua_alloc(over_pools, NULL, 4, 100));
  assert_int_equal(stats_of("pools").alloc_fail_count, 1);
  assert_int_equal(stats_of("pools").use_curr, 0);
}

static void a_refused_growth_keeps_the_block(void **state) {
  (void)state;
  for (size_t size = 8; size <= 300; size += 73) {
    void *block = heapster_lua_alloc(over_pools, NULL, 0, size);
    arena.refuse_after = 1;
    assert_null(heapster_lua_alloc(over_pools, block, size, 2000));
    assert_int_equal(stats_of("pools").use_curr, size);
    heapster_lua_alloc(over_pools, block, size, 0);
  }
  assert_int_equal(stats_of("pools").realloc_fail_count, 5);
  assert_int_equal(stats_of("pools").use_curr, 0);
}

static void a_shrink_never_fails(void **state) {
  (void)state;
  void *block = heapster_lua_alloc(over_pools, NULL, 0, 1000);
  arena.refuse_after = 1;
  assert_ptr_equal(heapster_lua_alloc(over_pools, block, 1000, 990), block);
  assert_int_equal(stats_of("pools").use_curr, 990);
  assert_int_equal(stats_of("pools").realloc_shrink_sum, 10);
  assert_int_equal(stats_of("pools").realloc_fail_count, 0);
  heapster_lua_alloc(over_pools, block, 990, 0);
  assert_int_equal(stats_of("pools").use_curr, 0);
}

static void a_free_is_served_while_everything_is_refused(void **state) {
  (void)state;
  void *block = heapster_lua_alloc(over_pools, NULL, 0, 64);
  arena.refuses_all = true;
  assert_null(heapster_lua_alloc(over_pools, block, 64, 0));
  assert_int_equal(arena.log.free_calls, 1);
}

static void every_resize_over_the_system_is_counted_as_requested(void **state) {
  (void)state;
  static const size_t sizes[] = {1, 15, 16, 3, 300, 40000, 299, 2, 7};
  void *block = NULL;
  size_t size = 0;
  for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; ++i) {
    block = heapster_lua_alloc(over_system, block, size, sizes[i]);
    size = sizes[i];
    memset(block, 1, size);
    assert_int_equal(stats_of("system").use_curr, size);
  }
  heapster_lua_alloc(over_system, block, size, 0);
  assert_int_equal(stats_of("system").use_curr, 0);
  assert_int_equal(stats_of("system").live_count, 0);
}

static void a_name_is_taken_once_and_the_hooks_names_never(void **state) {
  (void)state;
  void *ud;
  assert_int_equal(heapster_lua_state_create("pools", NULL, &ud), HEAPSTER_NAME_TAKEN);
  assert_int_equal(heapster_lua_state_create("lua", NULL, &ud), HEAPSTER_NAME_TAKEN);
  assert_int_equal(heapster_lua_state_create("lua:2", NULL, &ud), HEAPSTER_NAME_TAKEN);
  assert_int_equal(heapster_lua_state_create("a b", NULL, &ud), HEAPSTER_BAD_NAME);
  assert_null(ud);
}

/* Peaks of many threads are blurred by no more than the span. */
static void assert_flushed(const char *name) {
  const struct heapster_heap *heap = heapster_heap_find(name);
  const int64_t pending =
      (int64_t)stats_of(name).use_curr - heapster__load_acquire(&heapster__high_water_marks[heap->number].current);
  assert_true(pending >= -HEAPSTER__PENDING_SPAN && pending <= HEAPSTER__PENDING_SPAN);
}

static void a_state_flushes_before_its_pending_bytes_exceed_the_span(void **state) {
  (void)state;
  enum { BLOCKS = 600 };
  static const size_t size = 250;
  static void *blocks[BLOCKS];
  const struct {
    const char *name;
    void *ud;
  } states[] = {{"pools", over_pools}, {"system", over_system}};
  for (unsigned i = 0; i < 2; ++i) {
    for (unsigned j = 0; j < BLOCKS; ++j) {
      blocks[j] = heapster_lua_alloc(states[i].ud, NULL, 0, size);
      assert_flushed(states[i].name);
    }
    for (unsigned j = 0; j < BLOCKS; ++j) {
      blocks[j] = heapster_lua_alloc(states[i].ud, blocks[j], size, 2 * size);
      assert_flushed(states[i].name);
    }
    for (unsigned j = 0; j < BLOCKS; ++j) {
      heapster_lua_alloc(states[i].ud, blocks[j], 2 * size, 0);
      assert_flushed(states[i].name);
    }
  }
}

#ifndef HEAPSTER_SHARED_COUNTERS

static size_t bytes_of(void *const blocks[], const size_t sizes[], unsigned count) {
  size_t bytes = 0;
  for (unsigned i = 0; i < count; ++i) bytes += blocks[i] ? sizes[i] : 0;
  return bytes;
}

enum { BLOCKS = 200 };

struct lives {
  void *blocks[BLOCKS];
  size_t sizes[BLOCKS];
};

/* One request, resize or free, through `alloc`. */
static void step(struct lives *lives, struct dice *dice, struct heapster_lua_backing alloc) {
  const unsigned i = (unsigned)dice_below(dice, BLOCKS);
  const size_t size = dice_below(dice, 4) ? 1 + dice_below(dice, dice_below(dice, 2) ? 40 : 2000) : 0;
  lives->blocks[i] = alloc.alloc(alloc.ud, lives->blocks[i], lives->blocks[i] ? lives->sizes[i] : 0, size);
  lives->sizes[i] = size;
}

static void require_law_7(const char *heap, const struct lives *lives) {
  assert_int_equal(stats_of(heap).use_curr + heapster__lua_preexisting(),
                   bytes_of(lives->blocks, lives->sizes, BLOCKS));
}

static void a_host_with_pools_that_is_hooked_late_and_unhooked_early_gets_every_block_back(void **state) {
  (void)state;
  struct dice dice = dice_make(7);
  struct lives lives = {{NULL}, {0}};
  for (unsigned i = 0; i < 2000; ++i) step(&lives, &dice, pools);
  static const char main_thread[16]; /* only its address is used */
  const struct heapster__lua_start start = {pools, false, main_thread, bytes_of(lives.blocks, lives.sizes, BLOCKS),
                                            HEAPSTER__MODE_REQUIRE};
  void *ud = heapster__lua_wrap(&start);
  assert_non_null(ud);
  assert_int_equal(heapster__lua_mode(), HEAPSTER__MODE_REQUIRE);
  const struct heapster_lua_backing hooked = {heapster_lua_alloc, ud};
  for (unsigned i = 0; i < 20000; ++i) {
    step(&lives, &dice, hooked);
    require_law_7("lua", &lives);
  }
  assert_true(heapster__lua_probe(ud, &hooked));
  assert_false(heapster__lua_probe(ud, &pools));
  require_law_7("lua", &lives);
  heapster__lua_unwrap(ud);
  assert_int_equal(heapster__lua_mode(), HEAPSTER__MODE_HOST); /* the states that the tests created */
  for (unsigned i = 0; i < 2000; ++i) step(&lives, &dice, pools);
  for (unsigned i = 0; i < BLOCKS; ++i) {
    if (lives.blocks[i]) pool_alloc(&arena, lives.blocks[i], lives.sizes[i], 0);
  }
}

/* A state is closed when its last block is freed. */
static void the_next_state_gets_a_closed_states_heap(void **state) {
  (void)state;
  void *uds[3];
  void *last[3];
  for (unsigned i = 0; i < 3; ++i) {
    last[i] = pool_alloc(&arena, NULL, 8, 1000);
    const struct heapster__lua_start start = {pools, false, last[i], 1000, HEAPSTER__MODE_REQUIRE};
    uds[i] = heapster__lua_wrap(&start);
  }
  assert_non_null(heapster_heap_find("lua:3"));
  assert_null(heapster_heap_find("lua:4"));
  heapster_lua_alloc(uds[1], last[1], 1000, 0);
  last[1] = pool_alloc(&arena, NULL, 8, 1000);
  const struct heapster__lua_start start = {pools, false, last[1], 1000, HEAPSTER__MODE_REQUIRE};
  uds[1] = heapster__lua_wrap(&start);
  assert_null(heapster_heap_find("lua:4"));
  for (unsigned i = 0; i < 3; ++i) heapster_lua_alloc(uds[i], last[i], 1000, 0);
}

#endif

#define TEST(name) cmocka_unit_test_setup_teardown(name, forget, require_sound)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(nothing_resized_to_nothing_is_nothing),
      TEST(the_osize_of_a_new_block_is_a_type_and_not_counted),
      TEST(sizes_are_passed_on_unchanged_to_the_hosts_pools),
      TEST(a_refused_request_counts_as_one),
      TEST(a_refused_growth_keeps_the_block),
      TEST(a_shrink_never_fails),
      TEST(a_free_is_served_while_everything_is_refused),
      TEST(every_resize_over_the_system_is_counted_as_requested),
      TEST(a_state_flushes_before_its_pending_bytes_exceed_the_span),
      TEST(a_name_is_taken_once_and_the_hooks_names_never),
#ifndef HEAPSTER_SHARED_COUNTERS
      TEST(a_host_with_pools_that_is_hooked_late_and_unhooked_early_gets_every_block_back),
      TEST(the_next_state_gets_a_closed_states_heap),
#endif
  };
  if (!commanded_open(&arena)) return 1;
  if (heapster_lua_state_create("pools", &pools, &over_pools)) return 1;
  if (heapster_lua_state_create("system", NULL, &over_system)) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
