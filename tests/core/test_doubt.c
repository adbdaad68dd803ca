/* Doubtful blocks: which ones end, and which ones stay. Blocks are never accessed, so most addresses are made up. */
#include "cmocka_test.h"

#include "count/doubt.h"
#include "sum_of.h"
#include "under_lock.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>

static unsigned heap; /* new for each test */
static unsigned other;

static int set_up(void **state) {
  (void)state;
  heap = other + 1;
  other = heap + 1;
  return open_counters(heap) && open_counters(other) ? 0 : -1;
}

static const void *at(unsigned half_granule) {
  return (const void *)(((uintptr_t)0x7000 << 20) + ((uintptr_t)half_granule << 4));
}

static void doubt_heap(unsigned number) {
  heapster__lock();
  heapster__doubt_heap(number);
  heapster__unlock();
}

static void assert_doubtful(uint64_t blocks, uint64_t bytes) {
  const struct heapster__doubt doubt = heapster__doubt_read();
  assert_int_equal(doubt.blocks, blocks);
  assert_int_equal(doubt.bytes, bytes);
  assert_int_equal(heapster__has_doubts(), blocks != 0);
}

static void record(unsigned number, const void *block, uint64_t size) {
  heapster__record_alloc(&heapster__main_map, number, block, size);
}

static void settle_and_record(unsigned layer, unsigned number, const void *block, uint64_t size) {
  heapster__settle_block(layer, block, (size + 15) & -(uint64_t)16);
  record(number, block, size);
}

static void forget(unsigned number, const void *block) { heapster__record_free(&heapster__main_map, number, block); }

static void doubts_are_looked_for_until_all_have_ended_and_again_after_the_next_ones(void **state) {
  (void)state;
  for (unsigned time = 0; time < 2; time++) {
    record(heap, at(0), 300);
    record(heap, at(100), 300);
    doubt_heap(heap);
    forget(heap, at(100));
    assert_doubtful(1, 300);
    heapster__settle_block(0, at(2), 64);
    assert_field(sum_of(heap), unseen_free_count, time + 1);
    assert_doubtful(0, 0);
  }
}

static void blocks_that_are_handed_out_later_are_not_doubtful(void **state) {
  (void)state;
  record(heap, at(0), 300);
  record(heap, at(20), 40);
  doubt_heap(heap);
  settle_and_record(heap, heap, at(0), 500); /* over both */
  assert_field(sum_of(heap), unseen_free_count, 2);
  assert_field(sum_of(heap), dealloc_sum, 340);
  settle_and_record(heap, heap, at(40), 100);
  assert_doubtful(0, 0);
  forget(heap, at(0));
  forget(heap, at(40));
}

static void another_hook_that_goes_off_does_not_make_settled_blocks_doubtful(void **state) {
  (void)state;
  record(heap, at(0), 300);
  record(heap, at(20), 300);
  doubt_heap(heap);
  settle_and_record(heap, heap, at(0), 300);
  record(other, at(40), 70);
  doubt_heap(other);
  assert_doubtful(2, 370);
  forget(heap, at(0));
  forget(heap, at(20));
  forget(other, at(40));
  assert_doubtful(0, 0);
}

/* Memory that was handed out since the last doubt is not searched again; after a doubt it is. */
static void memory_that_was_settled_before_a_doubt_is_settled_again_after_it(void **state) {
  (void)state;
  record(heap, at(100), 16);
  for (unsigned time = 0; time < 3; time++) {
    doubt_heap(heap);
    settle_and_record(heap, heap, at(2), 64);
    assert_field(sum_of(heap), unseen_free_count, time);
    doubt_heap(heap);
    heapster__settle_block(heap, at(0), 64);
    assert_field(sum_of(heap), unseen_free_count, time + 1);
    record(heap, at(0), 64);
    doubt_heap(heap);
    forget(heap, at(0));
  }
  forget(heap, at(100));
}

/* 3 MiB, 4 MiB and 16 bytes before the end of a segment, in segments of 2 MiB. */
static void long_blocks_are_overlapped_across_segments(void **state) {
  (void)state;
  enum { MIB = 65536, LONG = 4 << 20 };
  record(heap, at(0), 3 << 20);
  doubt_heap(heap);
  settle_and_record(heap, heap, at(5 * MIB / 2), LONG);
  assert_field(sum_of(heap), unseen_free_count, 1);
  assert_doubtful(0, 0);
  record(heap, at(8 * MIB), 64);
  doubt_heap(heap);
  heapster__settle_block(heap, at(8 * MIB - 2), LONG);
  assert_field(sum_of(heap), unseen_free_count, 2);
  assert_doubtful(1, LONG);
  forget(heap, at(5 * MIB / 2));
  assert_doubtful(0, 0);
}

/* 80 bytes begin and end in the middle of a granule. */
static void neighbours_in_one_granule_do_not_overlap(void **state) {
  (void)state;
  record(heap, at(0), 48);
  record(heap, at(9), 48);
  doubt_heap(heap);
  for (unsigned time = 0; time < 2; time++) {
    settle_and_record(heap, heap, at(3), 96);
    assert_doubtful(2, 96);
    forget(heap, at(3));
  }
  assert_field(sum_of(heap), unseen_free_count, 0);
  forget(heap, at(0));
  forget(heap, at(9));
  assert_doubtful(0, 0);
}

/* As an arena that a host requested and carves itself. */
static void a_block_inside_another_heaps_does_not_end_it(void **state) {
  (void)state;
  record(other, at(0), 4096);
  doubt_heap(other);
  settle_and_record(heap, heap, at(64), 300);
  assert_field(sum_of(other), unseen_free_count, 0);
  heapster__settle_block(0, at(64), 300);
  assert_field(sum_of(other), unseen_free_count, 1);
  forget(heap, at(64));
  assert_doubtful(0, 0);
}

static void blocks_whose_memory_is_gone_were_freed(void **state) {
  (void)state;
  enum { PAGES = 8, PAGE = 4096 };
  char *pages = mmap(NULL, (size_t)PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (unsigned i = 0; i < PAGES; i++) {
    record(heap, pages + (size_t)i * PAGE, 100);
    record(other, pages + (size_t)i * PAGE + 2048, 100);
  }
  doubt_heap(heap);
  munmap(pages + (size_t)2 * PAGE, PAGE);
  munmap(pages + (size_t)5 * PAGE, (size_t)2 * PAGE);
  heapster__lock();
  heapster__settle_unmapped();
  heapster__unlock();
  assert_field(sum_of(heap), unseen_free_count, 3);
  assert_field(sum_of(other), unseen_free_count, 0);
  assert_doubtful(PAGES - 3, (uint64_t)(PAGES - 3) * 100);
  for (unsigned i = 0; i < PAGES; i++) {
    forget(heap, pages + (size_t)i * PAGE);
    forget(other, pages + (size_t)i * PAGE + 2048);
  }
  assert_doubtful(0, 0);
}

/* In half granules. Each block is overlapped by spans of both threads, and one of them begins where the block did. */
enum { BLOCKS = 400, BLOCK = 10, SPAN = 4, SPANS = BLOCKS * BLOCK / SPAN };

static _Atomic unsigned steps;

static void *hand_out(void *number) {
  for (unsigned i = *(const unsigned *)number; i < SPANS; i += 2) {
    for (atomic_fetch_add(&steps, 1); atomic_load(&steps) < i / 2 * 2 + 2;) sched_yield(); /* both are here */
    settle_and_record(0, other, at(i * SPAN), 60);
  }
  return NULL;
}

static void threads_that_overlap_one_block_end_it_once(void **state) {
  (void)state;
  enum { ROUNDS = 100 };
  const unsigned numbers[2] = {0, 1};
  for (unsigned round = 1; round <= ROUNDS; round++) {
    pthread_t thread;
    for (unsigned i = 0; i < BLOCKS; i++) record(heap, at(BLOCK * i), 150);
    doubt_heap(heap);
    atomic_store(&steps, 0);
    pthread_create(&thread, NULL, hand_out, (void *)(uintptr_t)&numbers[1]);
    hand_out((void *)(uintptr_t)&numbers[0]);
    pthread_join(thread, NULL);
    assert_doubtful(0, 0);
    for (unsigned i = 0; i < SPANS; i++) forget(other, at(i * SPAN));
    assert_field(sum_of(heap), unseen_free_count, (uint64_t)round * BLOCKS);
    assert_field(sum_of(heap), dealloc_sum, (uint64_t)round * BLOCKS * 150);
    assert_field(sum_of(other), unseen_free_count, 0);
    assert_field(sum_of(other), dealloc_sum, (uint64_t)round * SPANS * 60);
  }
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(doubts_are_looked_for_until_all_have_ended_and_again_after_the_next_ones),
      TEST(blocks_that_are_handed_out_later_are_not_doubtful),
      TEST(another_hook_that_goes_off_does_not_make_settled_blocks_doubtful),
      TEST(memory_that_was_settled_before_a_doubt_is_settled_again_after_it),
      TEST(long_blocks_are_overlapped_across_segments),
      TEST(neighbours_in_one_granule_do_not_overlap),
      TEST(a_block_inside_another_heaps_does_not_end_it),
      TEST(blocks_whose_memory_is_gone_were_freed),
      TEST(threads_that_overlap_one_block_end_it_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
