/* Hooks by name, the status, and the probe of the malloc hook. The tests build on each other: they run in the order of
   a program's life. */
#include "cmocka_test.h"

#include <heapster/hook.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "commanded.h"
#include "heap/heap.h"
#include "heap/window.h"
#include "hooks/malloc/family.h"

static struct commanded arena;
static struct heapster_allocator whole;
static bool is_reached; /* by libc's own requests */
static unsigned probes;
enum { NODE = 24 };

/* If there is one, it is handed out by each request, as if it had been freed unseen. Not static: valgrind loads a
   program into the first 2 MiB of the address space, where blocks pass uncounted. */
static void *only_block;

static void *family_malloc(size_t size) { return only_block ? only_block : whole.malloc(&arena, size); }

static void family_free(void *block) {
  if (block != only_block) whole.free(&arena, block);
}

/* Replace libc's: the core is linked statically, so the probe calls these. A tree has one node. */
void *tsearch(const void *key, void **root, int (*compare)(const void *, const void *)) {
  (void)key;
  (void)compare;
  ++probes;
  return *root = is_reached ? heapster__counted_malloc(NODE) : malloc(NODE);
}

void *tdelete(const void *restrict key, void **restrict root, int (*compare)(const void *, const void *)) {
  (void)key;
  (void)compare;
  if (is_reached)
    heapster__counted_free(*root);
  else
    free(*root);
  *root = NULL;
  return root;
}

static const struct heapster__malloc_hook hook = {
    .next = {.malloc = family_malloc, .free = family_free},
    .mode = HEAPSTER__MODE_LINK,
};

static struct heapster_status read_status(void) {
  struct heapster_status found;
  memset(&found, 0x5A, sizeof found);
  heapster_status_read(&found);
  return found;
}

static void hooks_that_do_not_exist_are_unknown(void **state) {
  (void)state;
  assert_int_equal(heapster_hook("tcmalloc"), HEAPSTER_UNKNOWN_HOOK);
  assert_int_equal(heapster_hook(""), HEAPSTER_UNKNOWN_HOOK);
  assert_int_equal(heapster_unhook("mallocs"), HEAPSTER_UNKNOWN_HOOK);
}

static void without_a_hook_malloc_is_not_counted_and_the_status_says_why(void **state) {
  (void)state;
  const struct heapster_status found = read_status();
  assert_string_equal(found.version, heapster_version());
#ifdef HEAPSTER_SHARED_COUNTERS
  assert_string_equal(found.counters, "shared");
#else
  assert_string_equal(found.counters, "sharded");
#endif
  assert_string_equal(found.malloc_way, "none");
  assert_non_null(found.malloc_problem);
  assert_false(found.malloc_is_proved);
  assert_null(heapster__malloc_hook());
  assert_int_equal(probes, 0);
}

static void a_hook_that_is_off_can_be_removed(void **state) {
  (void)state;
  assert_int_equal(heapster_unhook("malloc"), HEAPSTER_OK);
  assert_null(heapster_heap_find("malloc"));
}

static void a_new_process_has_no_inaccuracies(void **state) {
  (void)state;
  const struct heapster_status found = read_status();
  assert_int_equal(found.uncounted_count, 0);
  assert_int_equal(found.lost_size_count, 0);
  assert_int_equal(found.crossed_count, 0);
  assert_int_equal(found.windows_open, 0);
  assert_int_equal(found.threads_seen, 0);
  assert_int_equal(found.threads_alive, 0);
}

static void open_windows_are_reported(void **state) {
  (void)state;
  struct heapster_window windows[3];
  for (unsigned i = 0; i < 3; ++i) heapster_window_begin(NULL, HEAPSTER_PROCESS, &windows[i]);
  assert_int_equal(read_status().windows_open, 3);
  heapster_window_end(windows[1], NULL);
  assert_int_equal(read_status().windows_open, 2);
  heapster_window_end(windows[0], NULL);
  heapster_window_end(windows[2], NULL);
}

static void a_crossed_block_and_own_memory_are_reported(void **state) {
  (void)state;
  struct heapster_heap *one = NULL;
  struct heapster_heap *two = NULL;
  assert_int_equal(heapster_heap_create("one", NULL, &one), HEAPSTER_OK);
  assert_int_equal(heapster_heap_create("two", NULL, &two), HEAPSTER_OK);
  heapster_heap_free(two, heapster_heap_malloc(one, 10));
  assert_int_equal(read_status().crossed_count, 1);
  assert_true(read_status().own_bytes >= sizeof(struct heapster__leaf));
}

#ifndef HEAPSTER_SHARED_COUNTERS

static void *read_status_in_thread(void *found) {
  heapster__thread_claim();
  heapster_status_read(found);
  return NULL;
}

static void threads_seen_stay_and_threads_alive_end(void **state) {
  (void)state;
  struct heapster_status inside;
  pthread_t thread;
  heapster__thread_claim();
  pthread_create(&thread, NULL, read_status_in_thread, &inside);
  pthread_join(thread, NULL);
  assert_int_equal(inside.threads_seen, 2);
  assert_int_equal(inside.threads_alive, 2);
  assert_int_equal(read_status().threads_seen, 2);
  assert_int_equal(read_status().threads_alive, 1);
}

#endif

static void a_hook_with_a_problem_counts_nothing_and_reports_it(void **state) {
  (void)state;
  struct heapster__malloc_hook failed = hook;
  failed.problem = "it rains";
  assert_false(heapster__malloc_start(&failed));
  const struct heapster_status found = read_status();
  assert_string_equal(found.malloc_way, "link");
  assert_string_equal(found.malloc_problem, "it rains");
  assert_false(found.malloc_is_proved);
  assert_int_equal(probes, 0);
  assert_int_equal(heapster_hook("malloc"), HEAPSTER_UNSUPPORTED);
  assert_null(heapster_heap_find("malloc"));
}

static void a_hook_that_is_not_reached_is_reported_and_probed_again(void **state) {
  (void)state;
  assert_true(heapster__malloc_start(&hook));
  assert_int_equal(heapster_hook("malloc"), HEAPSTER_OK);
  assert_int_equal(heapster_unhook("malloc"), HEAPSTER_UNSUPPORTED);
  for (unsigned i = 0; i < 2; ++i) {
    const struct heapster_status found = read_status();
    assert_string_equal(found.malloc_way, "link");
    assert_false(found.malloc_is_proved);
#ifdef HEAPSTER_SHARED_COUNTERS
    assert_null(found.malloc_problem); /* nothing is known without a probe */
#else
    assert_non_null(found.malloc_problem);
#endif
  }
#ifndef HEAPSTER_SHARED_COUNTERS
  assert_int_equal(probes, 2);
#endif
}

#ifndef HEAPSTER_SHARED_COUNTERS

static void the_probe_shows_in_no_figure(void **state) {
  (void)state;
  struct heapster_stats before;
  struct heapster_stats after;
  is_reached = true;
  probes = 0;
  heapster_stats_read(NULL, &before);
  const struct heapster_status found = read_status();
  heapster_stats_read(NULL, &after);
  assert_true(found.malloc_is_proved);
  assert_null(found.malloc_problem);
  assert_int_equal(probes, 1);
  assert_true(heapster_stats_is_equal(&before, &after));
  assert_int_equal(arena.log.live_count, 0);
}

static void a_proved_hook_is_not_probed_again(void **state) {
  (void)state;
  is_reached = false;
  probes = 0;
  assert_true(read_status().malloc_is_proved);
  assert_int_equal(probes, 0);
}

/* As after unhook, free, hook. */
static void a_block_recorded_at_the_address_of_the_probe_does_not_matter(void **state) {
  (void)state;
  struct heapster_stats before;
  struct heapster_stats after;
  struct heapster__malloc_hook attached = hook;
  attached.can_end = true;
  assert_true(heapster__malloc_start(&attached));
  is_reached = true;
  only_block = aligned_alloc(64, 64);
  assert_ptr_equal(heapster__counted_malloc(NODE), only_block);
  heapster_stats_read(NULL, &before);
  assert_int_equal(heapster__malloc_prove(), HEAPSTER__PROBE_REACHED);
  heapster_stats_read(NULL, &after);
  assert_field(after, live_count, before.live_count - 1);
  assert_field(after, unseen_free_count, before.unseen_free_count + 1);
  assert_int_equal(heapster__malloc_prove(), HEAPSTER__PROBE_REACHED);
  heapster_stats_read(NULL, &before);
  assert_true(heapster_stats_is_equal(&before, &after));
  free(only_block);
  only_block = NULL;
}

#endif

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hooks_that_do_not_exist_are_unknown),
      cmocka_unit_test(without_a_hook_malloc_is_not_counted_and_the_status_says_why),
      cmocka_unit_test(a_hook_that_is_off_can_be_removed),
      cmocka_unit_test(a_new_process_has_no_inaccuracies),
      cmocka_unit_test(open_windows_are_reported),
      cmocka_unit_test(a_crossed_block_and_own_memory_are_reported),
#ifndef HEAPSTER_SHARED_COUNTERS
      cmocka_unit_test(threads_seen_stay_and_threads_alive_end),
#endif
      cmocka_unit_test(a_hook_with_a_problem_counts_nothing_and_reports_it),
      cmocka_unit_test(a_hook_that_is_not_reached_is_reported_and_probed_again),
#ifndef HEAPSTER_SHARED_COUNTERS
      cmocka_unit_test(the_probe_shows_in_no_figure),
      cmocka_unit_test(a_proved_hook_is_not_probed_again),
      cmocka_unit_test(a_block_recorded_at_the_address_of_the_probe_does_not_matter),
#endif
  };
  if (!commanded_open(&arena)) return 1;
  whole = commanded_allocator(&arena, COMMANDED_WHOLE);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
