/* Accounting of nested requests: new and unknown blocks pass, known blocks are counted. */
#include "cmocka_test.h"

#include <pthread.h>
#include <sys/mman.h>

#include "count/accounting.h"
#include "sum_of.h"
#include "under_lock.h"

static struct heapster__map *map;
static unsigned heap; /* new for each test */

static int set_up(void **state) {
  (void)state;
  map = heapster__shadow_create();
  return map && open_counters(++heap) ? 0 : -1;
}

static const void *at(unsigned granule) {
  return (const void *)(((uintptr_t)0x7000 << 20) + ((uintptr_t)granule << HEAPSTER__OWN_GRANULE_BITS));
}

static __attribute__((noinline)) void request_nested(void) {
  heapster__record_alloc(map, heap, at(64), 100);
  heapster__record_failure(heap);
  heapster__record_free(map, heap, at(64));
  heapster__record_resize(map, heap, heapster__take_block(map, at(80)), at(80), at(96), 70);
  heapster__restore_block(map, heap, heapster__take_block(map, at(80)), at(80));
}

static __attribute__((noinline)) void keep_block(const void *block, uint64_t size) {
  heapster__record_alloc(map, heap, block, size);
}

static void nested_requests_for_new_or_unknown_blocks_pass(void **state) {
  (void)state;
  struct heapster__thread *thread = heapster__thread_claim();
  const uint64_t nested_before = thread->nested_count;
  struct heapster__guard guard;
  heapster__guard_enter(&guard, thread);
  request_nested();
  heapster__guard_leave(&guard);
  const struct heapster__totals totals = sum_of(heap);
  assert_int_equal(heapster__totals_operations(&totals), 0);
  assert_field(totals, unseen_alloc_count, 0);
  assert_int_equal(thread->nested_count - nested_before, 3);
}

static __attribute__((noinline)) void use_known_blocks_nested(void) {
  heapster__record_resize(map, heap, heapster__take_block(map, at(0)), at(0), at(0), 60);
  heapster__restore_block(map, heap, heapster__take_block(map, at(0)), at(0));
  heapster__record_free(map, heap, at(0));
}

static void nested_requests_for_known_blocks_are_counted(void **state) {
  (void)state;
  struct heapster__thread *thread = heapster__thread_claim();
  heapster__record_alloc(map, heap, at(0), 50);
  struct heapster__guard guard;
  heapster__guard_enter(&guard, thread);
  use_known_blocks_nested();
  heapster__guard_leave(&guard);
  assert_field(sum_of(heap), realloc_growth_sum, 10);
  assert_field(sum_of(heap), realloc_fail_count, 1);
  assert_field(sum_of(heap), dealloc_sum, 60);
}

/* The guard of a coroutine that was left and whose stack is gone; the thread's own stack lies below it. */
enum { STACK = 1 << 20, GAP = 8 << 20 };

static void *request_below_a_guard_that_is_gone(void *page) {
  struct heapster__thread *thread = heapster__thread_claim();
  heapster__nested_enter(page, thread);
  munmap(page, STACK);
  heapster__record_alloc(map, heap, at(0), 50);
  heapster__record_free(map, heap, at(0));
  heapster__store_relaxed(&thread->guard, 0);
  heapster__refresh_cached_head(thread);
  return thread;
}

static void a_guard_whose_memory_is_gone_is_not_read(void **state) {
  (void)state;
  pthread_t thread;
  pthread_attr_t attributes;
  void *result = NULL;
  char *memory = mmap(NULL, GAP + STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_true(memory != MAP_FAILED);
  pthread_attr_init(&attributes);
  assert_int_equal(pthread_attr_setstack(&attributes, memory, STACK), 0);
  assert_int_equal(pthread_create(&thread, &attributes, request_below_a_guard_that_is_gone, memory + GAP), 0);
  assert_int_equal(pthread_join(thread, &result), 0);
  assert_non_null(result);
  assert_field(sum_of(heap), alloc_sum, 50);
  assert_field(sum_of(heap), dealloc_count, 1);
}

static void a_kept_block_that_is_freed_when_no_guard_is_up_any_more_is_counted(void **state) {
  (void)state;
  struct heapster__thread *thread = heapster__thread_claim();
  struct heapster__guard guard;
  heapster__nested_enter(&guard, thread);
  keep_block(at(0), 50);
  heapster__guard_leave(&guard); /* longjmp: nothing is counted */
  assert_field(sum_of(heap), alloc_sum, 0);
  heapster__record_free(map, heap, at(0));
  heapster__record_alloc(map, heap, at(0), 70);
  assert_field(sum_of(heap), alloc_sum, 120);
  assert_field(sum_of(heap), dealloc_sum, 50);
  assert_field(sum_of(heap), unseen_alloc_count, 0);
  heapster__nested_enter(&guard, thread);
  heapster__nested_leave(&guard, NULL, 0);
  assert_int_equal(heapster__shadow_peek(map, at(0)).size, 70);
  assert_field(sum_of(heap), alloc_sum, 120);
  assert_field(sum_of(heap), unseen_free_count, 0);
  heapster__record_free(map, heap, at(0));
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(nested_requests_for_new_or_unknown_blocks_pass),
      TEST(nested_requests_for_known_blocks_are_counted),
      TEST(a_guard_whose_memory_is_gone_is_not_read),
      TEST(a_kept_block_that_is_freed_when_no_guard_is_up_any_more_is_counted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
