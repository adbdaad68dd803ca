/* What Lua states create, by kind. */
#include "cmocka_test.h"

#include <pthread.h>

#include <heapster/lua.h>

#include "commanded.h"
#include "heap/heap.h"
#include "heap/window.h"
#include "support.h"

static void *over_system;
static void *over_refusing;

/* The backing refuses every request while this is set. */
static bool refuses;

static void *refusing_alloc(void *ud, void *ptr, size_t osize, size_t nsize) {
  static char block[64];
  (void)ud, (void)ptr, (void)osize;
  return nsize && !refuses ? block : NULL;
}

static const struct heapster_lua_backing refusing = {refusing_alloc, NULL};

static struct heapster_stats stats_of(const char *name) {
  struct heapster_stats stats;
  heapster_stats_read(heapster_heap_find(name), &stats);
  return stats;
}

static int reset(void **state) {
  (void)state;
  refuses = false;
  heapster_reset();
  return 0;
}

/* Lua's type tags; 9 is an upvalue, which is not a kind of its own. */
enum { STRING = 4, TABLE = 5, FUNCTION = 6, USERDATA = 7, THREAD = 8, UPVALUE = 9 };

static void create(size_t tag, unsigned count, size_t size) {
  for (; count; --count) heapster_lua_alloc(over_system, heapster_lua_alloc(over_system, NULL, tag, size), size, 0);
}

static struct heapster_lua_kinds kinds_of(const char *name) {
  const struct heapster_stats stats = stats_of(name);
  assert_non_null(heapster_stats_lua_kinds(&stats));
  return *heapster_stats_lua_kinds(&stats);
}

#define assert_kind(kinds, name, objects, bytes) \
  do {                                           \
    assert_field(kinds, name.count, objects);    \
    assert_field(kinds, name.sum, bytes);        \
  } while (0)

static void create_one_to_six(void) {
  create(STRING, 1, 30);
  create(TABLE, 2, 56);
  create(FUNCTION, 3, 40);
  create(USERDATA, 4, 1500);
  create(THREAD, 5, 208);
  create(UPVALUE, 1, 40);
  create(0, 5, 10);
}

static void objects_are_counted_by_kind(void **state) {
  (void)state;
  create_one_to_six();
  const struct heapster_lua_kinds kinds = kinds_of("system");
  assert_kind(kinds, strings, 1, 30);
  assert_kind(kinds, tables, 2, 112);
  assert_kind(kinds, functions, 3, 120);
  assert_kind(kinds, userdata, 4, 6000);
  assert_kind(kinds, threads, 5, 1040);
  assert_kind(kinds, other, 6, 90);
}

static void a_tag_that_lua_does_not_have_is_other(void **state) {
  (void)state;
  static const size_t tags[] = {0, 1, 2, 3, 9, 10, 255, SIZE_MAX};
  for (unsigned i = 0; i < sizeof tags / sizeof tags[0]; ++i) create(tags[i], 1, 20);
  assert_kind(kinds_of("system"), other, 8, 160);
}

static void resizes_and_frees_create_nothing(void **state) {
  (void)state;
  void *block = heapster_lua_alloc(over_system, NULL, TABLE, 56);
  block = heapster_lua_alloc(over_system, block, 56, 5600);
  heapster_lua_alloc(over_system, block, 5600, 0);
  const struct heapster_lua_kinds kinds = kinds_of("system");
  assert_kind(kinds, tables, 1, 56);
  assert_kind(kinds, other, 0, 0);
}

static void a_refused_request_creates_nothing(void **state) {
  (void)state;
  refuses = true;
  assert_null(heapster_lua_alloc(over_refusing, NULL, TABLE, 56));
  assert_kind(kinds_of("refusing"), tables, 0, 0);
  assert_kind(kinds_of("refusing"), other, 0, 0);
}

static void all_kinds_together_are_the_requests(void **state) {
  (void)state;
  struct dice dice = dice_make(11);
  for (unsigned i = 0; i < 3000; ++i) create(dice_below(&dice, 12), 1, 1 + dice_below(&dice, 3000));
  const struct heapster_stats stats = stats_of("system");
  const struct heapster_lua_kind *kind;
  uint64_t count = 0, sum = 0;
  const char *name;
  for (size_t i = 0; (kind = heapster_lua_kind_at(&stats.lua_kinds, i, &name)); ++i) {
    assert_true(kind->count > 0);
    count += kind->count;
    sum += kind->sum;
  }
  assert_int_equal(count, stats.alloc_count);
  assert_int_equal(sum, stats.alloc_sum);
}

static void the_total_has_the_kinds_of_all_states(void **state) {
  (void)state;
  struct heapster_heap *heap = heapster_heap_find("textures");
  heapster_heap_free(heap, heapster_heap_malloc(heap, 1000));
  create(TABLE, 3, 56);
  void *block = heapster_lua_alloc(over_refusing, NULL, TABLE, 60);
  heapster_lua_alloc(over_refusing, block, 60, 0);
  struct heapster_stats total;
  heapster_stats_read(NULL, &total);
  assert_kind(total.lua_kinds, tables, 4, 228);
  assert_kind(total.lua_kinds, other, 0, 0);
  assert_field(total, alloc_count, 5);
}

static void a_heap_of_no_state_has_no_kinds(void **state) {
  (void)state;
  const struct heapster_stats stats = stats_of("textures");
  assert_null(heapster_stats_lua_kinds(&stats));
}

static void a_difference_and_a_window_have_what_was_created_between(void **state) {
  (void)state;
  struct heapster_stats before, after, diff;
  struct heapster_window window;
  create(TABLE, 2, 56);
  heapster_stats_read(NULL, &before);
  assert_int_equal(heapster_window_begin(heapster_heap_find("system"), HEAPSTER_PROCESS, &window), HEAPSTER_OK);
  create(TABLE, 3, 56);
  create(0, 1, 32);
  assert_int_equal(heapster_window_end(window, &diff), HEAPSTER_OK);
  assert_kind(diff.lua_kinds, tables, 3, 168);
  assert_kind(diff.lua_kinds, other, 1, 32);
  heapster_stats_read(NULL, &after);
  assert_int_equal(heapster_stats_diff(&diff, &after, &before), HEAPSTER_OK);
  assert_kind(diff.lua_kinds, tables, 3, 168);
  assert_true(heapster_stats_is_equal(&diff, &diff));
  struct heapster_stats other = diff;
  other.lua_kinds.tables.count++;
  assert_false(heapster_stats_is_equal(&diff, &other));
}

static void kinds_restart_with_a_reset(void **state) {
  (void)state;
  create_one_to_six();
  heapster_reset();
  create(TABLE, 1, 56);
  const struct heapster_lua_kinds kinds = kinds_of("system");
  assert_kind(kinds, tables, 1, 56);
  assert_kind(kinds, other, 0, 0);
  assert_kind(kinds, strings, 0, 0);
}

static void *create_tables(void *unused) {
  (void)unused;
  create(TABLE, 1000, 56);
  return NULL;
}

/* One thread at a time, each with counters of its own; the state's heap has the sum. */
static void a_state_that_moves_between_threads_loses_no_object(void **state) {
  (void)state;
  for (unsigned i = 0; i < 5; ++i) {
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, create_tables, NULL), 0);
    pthread_join(thread, NULL);
    create(TABLE, 1000, 56);
  }
  assert_kind(kinds_of("system"), tables, 10000, 560000);
}

#define TEST(name) cmocka_unit_test_setup(name, reset)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(objects_are_counted_by_kind),         TEST(a_tag_that_lua_does_not_have_is_other),
      TEST(resizes_and_frees_create_nothing),    TEST(a_refused_request_creates_nothing),
      TEST(all_kinds_together_are_the_requests), TEST(the_total_has_the_kinds_of_all_states),
      TEST(a_heap_of_no_state_has_no_kinds),     TEST(a_difference_and_a_window_have_what_was_created_between),
      TEST(kinds_restart_with_a_reset),          TEST(a_state_that_moves_between_threads_loses_no_object),
  };
  struct heapster_heap *textures;
  if (heapster_heap_create("textures", NULL, &textures)) return 1;
  if (heapster_lua_state_create("system", NULL, &over_system)) return 1;
  if (heapster_lua_state_create("refusing", &refusing, &over_refusing)) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
