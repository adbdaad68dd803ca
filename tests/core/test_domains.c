/* An interpreter's domain, counted: over an allocator that counts in its turn, and one that does not. */
#include "cmocka_test.h"

#include <stdlib.h>

#include "heap/heap.h"
#include "hooks/script/domains.h"

static struct heapster_heap *layer; /* NULL: the system's allocator is asked */
static struct heapster__domain counted;

static void *below_malloc(void *context, size_t size) {
  (void)context;
  return layer ? heapster_heap_malloc(layer, size) : malloc(size);
}

static void *below_calloc(void *context, size_t count, size_t size) {
  (void)context;
  return layer ? heapster_heap_calloc(layer, count, size) : calloc(count, size);
}

static void *below_realloc(void *context, void *block, size_t size) {
  (void)context;
  return layer ? heapster_heap_realloc(layer, block, size) : realloc(block, size);
}

static void below_free(void *context, void *block) {
  (void)context;
  if (layer)
    heapster_heap_free(layer, block);
  else
    free(block);
}

static const struct heapster__domain below = {NULL, below_malloc, below_calloc, below_realloc, below_free};

/* A block of each kind, resized and freed: asks for 3, resizes 2 times. */
static void ask(void) {
  void *block = counted.malloc(counted.context, 100);
  block = counted.realloc(counted.context, block, 300);
  void *small = counted.malloc(counted.context, 1);
  small = counted.realloc(counted.context, small, 2);
  void *cleared = counted.calloc(counted.context, 3, 50);
  counted.free(counted.context, block);
  counted.free(counted.context, small);
  counted.free(counted.context, cleared);
  counted.free(counted.context, NULL);
}

static struct heapster_stats of(const struct heapster_heap *heap) {
  struct heapster_stats stats;
  heapster_stats_read(heap, &stats);
  return stats;
}

static void assert_asked(struct heapster_stats before) {
  struct heapster_stats diff;
  const struct heapster_stats after = of(heapster__heap_at(HEAPSTER__PYTHON));
  heapster_stats_diff(&diff, &after, &before);
  assert_int_equal(diff.alloc_count, 3);
  assert_int_equal(diff.alloc_sum, 251);
  assert_int_equal(diff.realloc_growth_count, 2);
  assert_int_equal(diff.dealloc_count, 3);
  assert_int_equal(diff.dealloc_sum, 452);
  assert_int_equal(diff.live_change, 0);
}

static int open(void **state) {
  (void)state;
  if (!heapster__domains_open()) return -1;
  counted = heapster__domain_counted(0, &below);
  return 0;
}

/* To be the first test: a heap that was made stays. */
static void requests_of_a_domain_are_counted_once(void **state) {
  (void)state;
  const struct heapster_stats before = of(heapster__heap_at(HEAPSTER__PYTHON));
  ask();
  assert_asked(before);
}

/* The hook was there first, and finds out. */
static void what_a_later_heap_is_asked_for_inside_is_the_domains(void **state) {
  (void)state;
  assert_int_equal(heapster_heap_create("layer", NULL, &layer), HEAPSTER_OK);
  const struct heapster_stats before = of(heapster__heap_at(HEAPSTER__PYTHON));
  ask();
  assert_asked(before);
  assert_int_equal(of(layer).alloc_count, 0);
  assert_int_equal(of(layer).dealloc_count, 0);
  assert_int_equal(of(layer).unseen_alloc_count, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(requests_of_a_domain_are_counted_once),
      cmocka_unit_test(what_a_later_heap_is_asked_for_inside_is_the_domains),
  };
  return cmocka_run_group_tests(tests, open, NULL);
}
