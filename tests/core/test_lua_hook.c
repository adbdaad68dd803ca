/* The lua_Alloc: all that Lua may request, over an allocator that pools by osize, and over the system's. */
#include "cmocka_test.h"

#include <stdio.h>
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

/* Lua handles that. A pool that sorts by size would be corrupted by a shrink which did not happen. */
static void assert_refused_shrink(void *ud, const char *name, size_t size, size_t smaller) {
  void *block = heapster_lua_alloc(ud, NULL, 0, size);
  const struct heapster_stats before = stats_of(name);
  arena.refuse_after = 1;
  assert_null(heapster_lua_alloc(ud, block, size, smaller));
  const struct heapster_stats after = stats_of(name);
  assert_int_equal(after.use_curr, before.use_curr);
  assert_int_equal(after.live_count, before.live_count);
  assert_int_equal(after.realloc_fail_count, before.realloc_fail_count + 1);
  assert_int_equal(after.realloc_shrink_count, before.realloc_shrink_count);
  heapster_lua_alloc(ud, block, size, 0);
  assert_int_equal(stats_of(name).dealloc_sum, before.dealloc_sum + size);
}

static void a_refused_shrink_keeps_the_block(void **state) {
  (void)state;
  static const size_t sizes[][2] = {{1000, 990}, {1000, 200}, {300, 9}, {200, 100}, {100, 9}, {16, 15}, {15, 3}};
  for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; ++i)
    assert_refused_shrink(over_pools, "pools", sizes[i][0], sizes[i][1]);
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

/* As Lua's own, which ignores osize. */
static void *loose_alloc(void *ud, void *ptr, size_t osize, size_t nsize) {
  const struct heapster_allocator functions = commanded_allocator(ud, COMMANDED_WHOLE);
  (void)osize;
  if (nsize) return ptr ? functions.realloc(ud, ptr, nsize) : functions.malloc(ud, nsize);
  functions.free(ud, ptr);
  return NULL;
}

static const struct heapster_lua_backing loose = {loose_alloc, &arena};

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

static void *wrapped(struct heapster_lua_backing below, const void *last, size_t bytes, const char *name) {
  const struct heapster__lua_start start = {.below = below,
                                            .ignores_osize = below.alloc == loose_alloc,
                                            .last = last,
                                            .bytes = bytes,
                                            .mode = HEAPSTER__MODE_REQUIRE,
                                            .name = name};
  void *ud;
  assert_int_equal(heapster__lua_wrap(&start, &ud), HEAPSTER_OK);
  return ud;
}

static enum heapster_error refused(const char *name) {
  const struct heapster__lua_start start = {.below = pools, .mode = HEAPSTER__MODE_REQUIRE, .name = name};
  void *ud = &arena;
  const enum heapster_error error = heapster__lua_wrap(&start, &ud);
  assert_null(ud);
  return error;
}

static void free_all(struct lives *lives, struct heapster_lua_backing alloc) {
  for (unsigned i = 0; i < BLOCKS; ++i) {
    if (lives->blocks[i]) alloc.alloc(alloc.ud, lives->blocks[i], lives->sizes[i], 0);
    lives->blocks[i] = NULL;
  }
}

static void a_refused_shrink_keeps_the_block_over_luas_own_allocator(void **state) {
  (void)state;
  static const char main_thread[16];
  void *ud = wrapped(loose, main_thread, 0, NULL);
  const char *const name = heapster_heap_name(heapster__lua_heap_of(ud));
  assert_refused_shrink(ud, name, 1000, 990);
  assert_refused_shrink(ud, name, 200, 100);
  assert_refused_shrink(ud, name, 100, 9);
  heapster__lua_unwrap(ud);
}

/* Blocks from before the hook, of whatever size, are none of the heap's; and those that it counted leave it when it is
   unhooked. */
static void require_hooks_late_and_early(struct heapster_lua_backing below) {
  struct dice dice = dice_make(7);
  struct lives lives = {{NULL}, {0}};
  static const char main_thread[16]; /* only its address is used */
  for (unsigned round = 0; round < 10; ++round) {
    for (unsigned i = 0; i < 2000; ++i) step(&lives, &dice, below);
    void *ud = wrapped(below, main_thread, bytes_of(lives.blocks, lives.sizes, BLOCKS), NULL);
    const char *const name = heapster_heap_name(heapster__lua_heap_of(ud));
    assert_int_equal(heapster__lua_mode(), HEAPSTER__MODE_REQUIRE);
    assert_int_equal(stats_of(name).use_curr + stats_of(name).live_count, 0);
    const struct heapster_lua_backing hooked = {heapster_lua_alloc, ud};
    for (unsigned i = 0; i < 20000; ++i) {
      step(&lives, &dice, hooked);
      require_law_7(name, &lives);
    }
    assert_true(heapster__lua_probe(ud, &hooked));
    assert_false(heapster__lua_probe(ud, &below));
    require_law_7(name, &lives);
    heapster__lua_unwrap(ud);
    assert_int_equal(heapster__lua_mode(), HEAPSTER__MODE_HOST); /* the states that the tests created */
    assert_int_equal(stats_of(name).use_curr + stats_of(name).live_count + heapster__lua_preexisting(), 0);
  }
  free_all(&lives, below);
}

static void a_host_with_pools_that_is_hooked_late_and_unhooked_early_gets_every_block_back(void **state) {
  (void)state;
  require_hooks_late_and_early(pools);
}

static void the_same_over_luas_own_allocator(void **state) {
  (void)state;
  require_hooks_late_and_early(loose);
}

static void small_blocks_from_before_the_hook_are_unseen(void **state) {
  (void)state;
  static const char main_thread[16];
  void *before[15];
  for (size_t size = 1; size <= 15; ++size) before[size - 1] = pool_alloc(&arena, NULL, 0, size);
  void *ud = wrapped(pools, main_thread, 120, "late");
  void *own = heapster_lua_alloc(ud, NULL, 0, 7);
  for (size_t size = 1; size <= 15; ++size) heapster_lua_alloc(ud, before[size - 1], size, 0);
  assert_int_equal(stats_of("late").dealloc_count, 0);
  assert_int_equal(stats_of("late").unseen_alloc_count, 15);
  assert_int_equal(stats_of("late").use_curr, 7);
  assert_int_equal(heapster__lua_preexisting(), 0);
  heapster_lua_alloc(ud, own, 7, 0);
  heapster__lua_unwrap(ud);
}

static void small_blocks_are_in_the_live_histogram(void **state) {
  (void)state;
  struct heapster_histogram live, all;
  void *small = heapster_lua_alloc(over_pools, NULL, 0, 9);
  void *large = heapster_lua_alloc(over_pools, NULL, 0, 100);
  heapster_live_histogram(heapster_heap_find("pools"), &live);
  heapster_live_histogram(NULL, &all);
  assert_int_equal(live.buckets[3], 1);
  assert_int_equal(live.buckets[6], 1);
  assert_int_equal(heapster_histogram_total(&live), 2);
  assert_int_equal(heapster_histogram_total(&all), 2);
  heapster_lua_alloc(over_pools, small, 9, 0);
  heapster_lua_alloc(over_pools, large, 100, 0);
}

/* A state is closed when its last block is freed, whatever else it requested and freed of its allocator. */
static void the_next_state_gets_a_closed_states_heap(void **state) {
  (void)state;
  void *uds[3];
  void *last[3];
  for (unsigned i = 0; i < 3; ++i) {
    last[i] = pool_alloc(&arena, NULL, 8, 1000);
    uds[i] = wrapped(pools, last[i], 1000, NULL);
  }
  const struct heapster_heap *const heap = heapster__lua_heap_of(uds[1]);
  for (unsigned i = 0; i < 1000; ++i) {
    void *direct = pool_alloc(&arena, NULL, 0, 48);
    heapster_lua_alloc(uds[1], direct, 48, 0);
    heapster_lua_alloc(uds[1], last[1], 1000, 0);
    assert_int_equal(stats_of(heapster_heap_name(heap)).use_curr, 0);
    last[1] = pool_alloc(&arena, NULL, 8, 1000);
    uds[1] = wrapped(pools, last[1], 1000, NULL);
    assert_ptr_equal(heapster__lua_heap_of(uds[1]), heap);
    assert_int_equal(heapster__lua_preexisting(), 3000);
  }
  for (unsigned i = 0; i < 3; ++i) heapster_lua_alloc(uds[i], last[i], 1000, 0);
  assert_int_equal(heapster__lua_preexisting(), 0);
}

static void a_named_state_leaves_its_heap_to_the_next_of_that_name(void **state) {
  (void)state;
  void *last = pool_alloc(&arena, NULL, 8, 1000);
  void *ud = wrapped(pools, last, 1000, "game");
  const struct heapster_heap *const heap = heapster_heap_find("game");
  assert_ptr_equal(heapster__lua_heap_of(ud), heap);
  assert_true(heapster__lua_is_heap_used(heap));
  assert_int_equal(refused("game"), HEAPSTER_NAME_TAKEN);
  heapster_lua_alloc(ud, last, 1000, 0);
  assert_false(heapster__lua_is_heap_used(heap));
  last = pool_alloc(&arena, NULL, 8, 1000);
  ud = wrapped(pools, last, 1000, "game");
  assert_ptr_equal(heapster__lua_heap_of(ud), heap);
  heapster_lua_alloc(ud, last, 1000, 0);
  assert_int_equal(refused("pools"), HEAPSTER_NAME_TAKEN);
  assert_int_equal(refused("lua"), HEAPSTER_NAME_TAKEN);
  assert_int_equal(refused("lua:7"), HEAPSTER_NAME_TAKEN);
  assert_int_equal(refused("a b"), HEAPSTER_BAD_NAME);
  assert_int_equal(refused(""), HEAPSTER_BAD_NAME);
}

static void an_unhooked_state_gets_its_heap_again_if_no_other_has_it(void **state) {
  (void)state;
  static const char main_thread[16];
  struct heapster__lua_start start = {.below = pools, .last = main_thread, .mode = HEAPSTER__MODE_REQUIRE};
  void *first = wrapped(pools, main_thread, 0, "own");
  start.heap = heapster__lua_heap_of(first);
  heapster__lua_unwrap(first);
  void *again;
  assert_int_equal(heapster__lua_wrap(&start, &again), HEAPSTER_OK);
  assert_ptr_equal(heapster__lua_heap_of(again), start.heap);
  void *other;
  assert_int_equal(heapster__lua_wrap(&start, &other), HEAPSTER_OK);
  assert_ptr_not_equal(heapster__lua_heap_of(other), start.heap);
  heapster__lua_unwrap(other);
  heapster__lua_unwrap(again);
}

/* C code, and strings of Lua 5.5, may keep the allocator that they found. */
static void an_unhooked_states_record_passes_on_what_reaches_it(void **state) {
  (void)state;
  static const char main_thread[16];
  const struct heapster_lua_backing nexts[] = {pools, loose};
  for (unsigned i = 0; i < 2; ++i) {
    struct heapster__lua_start start = {.below = nexts[i], .ignores_osize = i == 1, .last = main_thread};
    start.mode = HEAPSTER__MODE_REQUIRE;
    void *old, *other, *again;
    assert_int_equal(heapster__lua_wrap(&start, &old), HEAPSTER_OK);
    void *kept = heapster_lua_alloc(old, NULL, 0, 100);
    void *small = heapster_lua_alloc(old, NULL, 0, 9);
    heapster__lua_unwrap(old);
    assert_int_equal(heapster__lua_wrap(&start, &other), HEAPSTER_OK);
    assert_ptr_not_equal(other, old);
    const char *const name = heapster_heap_name(heapster__lua_heap_of(other));
    const struct heapster_stats before = stats_of(name);
    void *late = heapster_lua_alloc(old, NULL, 4, 40);
    late = heapster_lua_alloc(old, late, 40, 400);
    arena.refuse_after = 1;
    assert_null(heapster_lua_alloc(old, NULL, 4, 40));
    arena.refuse_after = 1;
    assert_null(heapster_lua_alloc(old, late, 400, 4000));
    small = heapster_lua_alloc(old, small, 9, 5);
    heapster_lua_alloc(old, late, 400, 0);
    heapster_lua_alloc(old, kept, 100, 0);
    heapster_lua_alloc(old, small, 5, 0);
    const struct heapster_stats after = stats_of(name);
    for (size_t field = 0; heapster_field_at(field); ++field) {
      int64_t then = 0, now = 0;
      heapster_stats_get(&before, heapster_field_at(field), &then);
      heapster_stats_get(&after, heapster_field_at(field), &now);
      assert_int_equal(then, now);
    }
    start.ud = old;
    assert_int_equal(heapster__lua_wrap(&start, &again), HEAPSTER_OK);
    assert_ptr_equal(again, old);
    heapster__lua_unwrap(again);
    start.below.ud = NULL;
    assert_int_equal(heapster__lua_wrap(&start, &again), HEAPSTER_OK);
    assert_ptr_not_equal(again, old);
    heapster__lua_unwrap(again);
    heapster__lua_unwrap(other);
  }
}

/* Last: it uses up all heaps. */
static void a_state_without_a_heap_is_refused(void **state) {
  (void)state;
  struct heapster_heap *heap;
  char name[16];
  for (unsigned i = 0; i < HEAPSTER_HEAPS; ++i) {
    snprintf(name, sizeof name, "heap%u", i);
    if (heapster_heap_create(name, NULL, &heap)) break;
  }
  static const char main_thread[16];
  void *uds[8];
  unsigned count = 0;
  const struct heapster__lua_start start = {.below = pools, .last = main_thread, .mode = HEAPSTER__MODE_REQUIRE};
  while (count < 8 && !heapster__lua_wrap(&start, &uds[count])) count++;
  assert_in_set(count, ((const uintmax_t[]){1, 2, 3, 4}), 4); /* the heaps that closed states left */
  assert_int_equal(heapster__lua_wrap(&start, &uds[count]), HEAPSTER_TOO_MANY_HEAPS);
  assert_null(uds[count]);
  while (count--) heapster__lua_unwrap(uds[count]);
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
      TEST(a_refused_shrink_keeps_the_block),
      TEST(a_free_is_served_while_everything_is_refused),
      TEST(every_resize_over_the_system_is_counted_as_requested),
      TEST(a_state_flushes_before_its_pending_bytes_exceed_the_span),
      TEST(a_name_is_taken_once_and_the_hooks_names_never),
#ifndef HEAPSTER_SHARED_COUNTERS
      TEST(a_host_with_pools_that_is_hooked_late_and_unhooked_early_gets_every_block_back),
      TEST(the_same_over_luas_own_allocator),
      TEST(a_refused_shrink_keeps_the_block_over_luas_own_allocator),
      TEST(small_blocks_from_before_the_hook_are_unseen),
      TEST(small_blocks_are_in_the_live_histogram),
      TEST(the_next_state_gets_a_closed_states_heap),
      TEST(a_named_state_leaves_its_heap_to_the_next_of_that_name),
      TEST(an_unhooked_state_gets_its_heap_again_if_no_other_has_it),
      TEST(an_unhooked_states_record_passes_on_what_reaches_it),
      TEST(a_state_without_a_heap_is_refused),
#endif
  };
  if (!commanded_open(&arena)) return 1;
  if (heapster_lua_state_create("pools", &pools, &over_pools)) return 1;
  if (heapster_lua_state_create("system", NULL, &over_system)) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
