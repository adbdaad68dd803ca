/* An interpreter's domain, counted: over an allocator that counts too, and over one that does not. */
#include "cmocka_test.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdlib.h>

#include "count/doubt.h"
#include "heap/heap.h"
#include "hooks/script/domains.h"

static struct heapster_heap *layer; /* what the next functions call; NULL: the system's allocator */
static struct heapster__domain counted;

static void *next_malloc(void *context, size_t size) {
  (void)context;
  return layer ? heapster_heap_malloc(layer, size) : malloc(size);
}

static void *next_calloc(void *context, size_t count, size_t size) {
  (void)context;
  return layer ? heapster_heap_calloc(layer, count, size) : calloc(count, size);
}

static void *next_realloc(void *context, void *block, size_t size) {
  (void)context;
  return layer ? heapster_heap_realloc(layer, block, size) : realloc(block, size);
}

static void next_free(void *context, void *block) {
  (void)context;
  if (layer)
    heapster_heap_free(layer, block);
  else
    free(block);
}

static const struct heapster__domain next = {NULL, next_malloc, next_calloc, next_realloc, next_free};

/* 3 new blocks, 2 resizes, 3 frees, and a free stats_of NULL. */
static void make_requests(void) {
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

static struct heapster_stats stats_of(const struct heapster_heap *heap) {
  struct heapster_stats stats;
  heapster_stats_read(heap, &stats);
  return stats;
}

static void assert_counted(struct heapster_stats before) {
  struct heapster_stats diff;
  const struct heapster_stats after = stats_of(heapster__heap_at(HEAPSTER__PYTHON));
  heapster_stats_diff(&diff, &after, &before);
  assert_int_equal(diff.alloc_count, 3);
  assert_int_equal(diff.alloc_sum, 251);
  assert_int_equal(diff.realloc_growth_count, 2);
  assert_int_equal(diff.dealloc_count, 3);
  assert_int_equal(diff.dealloc_sum, 452);
  assert_int_equal(diff.live_change, 0);
}

static int open_domain(void **state) {
  (void)state;
  if (!heapster__domains_open()) return -1;
  counted = heapster__domain_counted(0, &next);
  return 0;
}

/* Runs first, while there is no other heap. */
static void requests_of_a_domain_are_counted_once(void **state) {
  (void)state;
  const struct heapster_stats before = stats_of(heapster__heap_at(HEAPSTER__PYTHON));
  make_requests();
  assert_counted(before);
}

static void requests_nested_in_a_domain_are_not_counted_by_a_later_heap(void **state) {
  (void)state;
  assert_int_equal(heapster_heap_create("layer", NULL, &layer), HEAPSTER_OK);
  const struct heapster_stats before = stats_of(heapster__heap_at(HEAPSTER__PYTHON));
  make_requests();
  assert_counted(before);
  assert_int_equal(stats_of(layer).alloc_count, 0);
  assert_int_equal(stats_of(layer).dealloc_count, 0);
  assert_int_equal(stats_of(layer).unseen_alloc_count, 0);
}

/* Hands out the pool from `pool_used` on. */
static char *pool; /* no static array: valgrind loads a program below 2 MiB, where no block is recorded */
static size_t pool_used;
static bool is_pool_spaced; /* 32 bytes follow each block */

static void *pool_malloc(void *context, size_t size) {
  (void)context;
  if (!pool) pool = aligned_alloc(32, 4096);
  assert_non_null(pool);
  void *block = pool + pool_used;
  pool_used += ((size + 15) & ~(size_t)15) + (is_pool_spaced ? 32 : 0);
  return block;
}

static void *pool_calloc(void *context, size_t count, size_t size) { return pool_malloc(context, count * size); }

static void *pool_realloc(void *context, void *block, size_t size) {
  (void)block;
  return pool_malloc(context, size);
}

static void pool_free(void *context, void *block) { (void)context, (void)block; }

static const struct heapster__domain pool_next = {NULL, pool_malloc, pool_calloc, pool_realloc, pool_free};

static void *request(const struct heapster__domain *domain, unsigned kind, size_t size) {
  if (kind == 0) return domain->malloc(domain->context, size);
  if (kind == 1) return domain->calloc(domain->context, 1, size);
  return domain->realloc(domain->context, domain->malloc(domain->context, 17), size);
}

/* Three blocks; two are freed, and one block of another size is handed out over both. */
static void blocks_freed_while_a_domain_was_off_end_when_their_memory_is_handed_out_again(void **state) {
  (void)state;
  for (unsigned kind = 0; kind < 3; kind++) {
    const struct heapster_stats before = stats_of(heapster__heap_at(HEAPSTER__PYTHON));
    const struct heapster__domain first = heapster__domain_counted(1, &pool_next);
    struct heapster_stats diff;
    pool_used = 0;
    void *const alive = first.malloc(NULL, 500);
    first.malloc(NULL, 300);
    first.malloc(NULL, 400);
    heapster__domains_doubt();
    assert_int_equal(heapster__doubt_read().blocks, 3);
    assert_int_equal(heapster__doubt_read().bytes, 1200);
    pool_used = 512;
    assert_true(heapster__domains_open());
    const struct heapster__domain again = heapster__domain_counted(1, &pool_next);
    void *const fresh = request(&again, kind, 1000);
    assert_int_equal(heapster__doubt_read().blocks, 1);
    const struct heapster_stats after = stats_of(heapster__heap_at(HEAPSTER__PYTHON));
    heapster_stats_diff(&diff, &after, &before);
    assert_int_equal(diff.unseen_free_count, 2);
    assert_int_equal(diff.live_change, 2);
    assert_int_equal(diff.use_change, 1500);
    again.free(NULL, alive);
    again.free(NULL, fresh);
    assert_int_equal(heapster__doubt_read().blocks, 0);
  }
}

/* How much of the pool the three requests took. */
static size_t pool_taken_by_small_requests(void) {
  const struct heapster__domain domain = heapster__domain_counted(1, &pool_next);
  pool_used = 0;
  void *const first = domain.malloc(NULL, 5);
  void *const second = domain.calloc(NULL, 2, 8);
  void *const third = domain.realloc(NULL, domain.malloc(NULL, 40), 3);
  const size_t taken = pool_used;
  domain.free(NULL, first);
  domain.free(NULL, second);
  domain.free(NULL, third);
  return taken;
}

static void small_requests_are_passed_on_as_they_are_where_blocks_are_spaced(void **state) {
  (void)state;
  const struct heapster_stats before = stats_of(heapster__heap_at(HEAPSTER__PYTHON));
  assert_int_equal(pool_taken_by_small_requests(), 32 + 32 + 48 + 32);
  is_pool_spaced = true;
  heapster__domains_space(true);
  assert_int_equal(pool_taken_by_small_requests(), 16 + 16 + 48 + 16 + 4 * 32);
  heapster__domains_space(false);
  is_pool_spaced = false;
  const struct heapster_stats after = stats_of(heapster__heap_at(HEAPSTER__PYTHON));
  assert_int_equal(after.alloc_sum - before.alloc_sum, 2 * (5 + 16 + 40));
  assert_int_equal(after.live_count, before.live_count);
}

static void make_nested_request(void) { counted.free(counted.context, counted.malloc(counted.context, 100)); }

static _Atomic bool is_done;

static void *make_nested_requests(void *context) {
  (void)context;
  counted.free(counted.context, counted.malloc(counted.context, 100));
  while (!is_done) heapster__call_uncounted(make_nested_request);
  return NULL;
}

static void a_probe_is_not_answered_by_another_threads_requests(void **state) {
  (void)state;
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, make_nested_requests, NULL), 0);
  unsigned answered = 0;
  for (unsigned i = 0; i < 300000; i++) answered += heapster__domain_probe(&next);
  is_done = true;
  pthread_join(thread, NULL);
  assert_int_equal(answered, 0);
  assert_true(heapster__domain_probe(&counted));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(requests_of_a_domain_are_counted_once),
      cmocka_unit_test(blocks_freed_while_a_domain_was_off_end_when_their_memory_is_handed_out_again),
      cmocka_unit_test(small_requests_are_passed_on_as_they_are_where_blocks_are_spaced),
      cmocka_unit_test(a_probe_is_not_answered_by_another_threads_requests),
      cmocka_unit_test(requests_nested_in_a_domain_are_not_counted_by_a_later_heap),
      cmocka_unit_test(blocks_freed_while_a_domain_was_off_end_when_their_memory_is_handed_out_again),
  };
  return cmocka_run_group_tests(tests, open_domain, NULL);
}
