/* The commanded allocator alone: other tests rely on it. */
#include "cmocka_test.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "commanded.h"

static struct commanded commanded;
static struct heapster_allocator whole;

static int set_up(void **state) {
  (void)state;
  if (!commanded_open(&commanded)) return -1;
  whole = commanded_allocator(&commanded, COMMANDED_WHOLE);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  commanded_close(&commanded);
  return 0;
}

static void *request(size_t size) { return whole.malloc(&commanded, size); }

static void *resize(void *block, size_t size) { return whole.realloc(&commanded, block, size); }

static void give_back(void *block) { whole.free(&commanded, block); }

static void sizes_are_logged_as_requested(void **state) {
  (void)state;
  void *block = request(100);
  assert_field(commanded.log, last_size, 100);
  assert_int_equal(commanded_size(&commanded, block), 100);
  block = resize(block, 7);
  assert_field(commanded.log, last_size, 7);
  assert_field(commanded.log, smallest_size, 7);
  give_back(block);
  give_back(whole.calloc(&commanded, 3, 50));
  assert_field(commanded.log, last_size, 150);
  assert_true(commanded_is_sound(&commanded));
}

static void calls_are_counted_by_kind(void **state) {
  (void)state;
  void *block = resize(request(10), 20);
  give_back(block);
  give_back(NULL);
  give_back(whole.calloc(&commanded, 1, 1));
  give_back(whole.aligned_alloc(&commanded, 64, 1));
  assert_field(commanded.log, malloc_calls, 1);
  assert_field(commanded.log, calloc_calls, 1);
  assert_field(commanded.log, realloc_calls, 1);
  assert_field(commanded.log, aligned_alloc_calls, 1);
  assert_field(commanded.log, free_calls, 3);
  assert_field(commanded.log, live_count, 0);
  assert_field(commanded.log, live_sum, 0);
}

static void the_ordered_call_is_refused_once(void **state) {
  (void)state;
  commanded.refuse_after = 2;
  void *block = request(10);
  assert_non_null(block);
  errno = 0;
  assert_null(resize(block, 20));
  assert_int_equal(errno, ENOMEM);
  assert_int_equal(commanded_size(&commanded, block), 10);
  block = resize(block, 20);
  assert_non_null(block);
  assert_field(commanded.log, refused, 1);
  give_back(block);
}

static void all_calls_but_frees_are_refused_on_order(void **state) {
  (void)state;
  void *block = request(10);
  commanded.refuses_all = true;
  assert_null(request(1));
  assert_null(whole.calloc(&commanded, 1, 1));
  assert_null(whole.aligned_alloc(&commanded, 16, 16));
  assert_null(resize(block, 5));
  give_back(block);
  assert_field(commanded.log, refused, 4);
  assert_field(commanded.log, live_count, 0);
}

static void a_size_beyond_every_pool_is_refused(void **state) {
  (void)state;
  void *largest = request(COMMANDED_LARGEST);
  assert_non_null(largest);
  assert_null(request(COMMANDED_LARGEST + 1));
  assert_null(request(SIZE_MAX));
  assert_null(whole.calloc(&commanded, SIZE_MAX, 2));
  assert_null(resize(largest, SIZE_MAX));
  give_back(largest);
}

static void resizes_stay_unless_ordered_to_move(void **state) {
  (void)state;
  void *block = request(10);
  assert_ptr_equal(resize(block, 16), block);
  assert_ptr_not_equal(resize(block, 17), block); /* outgrew its slot */
  void *other = request(10);
  commanded.moves = true;
  assert_ptr_not_equal(resize(other, 10), other);
}

static void resizes_keep_the_contents(void **state) {
  (void)state;
  char *block = request(6);
  memcpy(block, "hello", 6);
  block = resize(block, 4000);
  assert_string_equal(block, "hello");
  commanded.moves = true;
  block = resize(block, 6);
  assert_string_equal(block, "hello");
  give_back(block);
  assert_true(commanded_is_sound(&commanded));
}

static void new_blocks_are_spoiled_but_calloc_clears(void **state) {
  (void)state;
  unsigned char *block = request(5);
  assert_int_not_equal(block[0], 0);
  give_back(block);
  block = whole.calloc(&commanded, 5, 1);
  assert_memory_equal(block, "\0\0\0\0\0", 5);
  give_back(block);
}

static void a_freed_address_is_the_next_of_its_pool(void **state) {
  (void)state;
  void *block = request(100);
  give_back(block);
  assert_ptr_not_equal(request(200), block);
  assert_ptr_equal(request(90), block);
}

static void alignments_are_kept(void **state) {
  (void)state;
  for (size_t alignment = 1; alignment <= 65536; alignment *= 2)
    assert_int_equal((uintptr_t)whole.aligned_alloc(&commanded, alignment, 3) % alignment, 0);
  errno = 0;
  assert_null(whole.aligned_alloc(&commanded, 48, 3));
  assert_int_equal(errno, EINVAL);
}

static void a_byte_written_beyond_the_end_is_found(void **state) {
  (void)state;
  unsigned char *block = request(33);
  assert_true(commanded_is_sound(&commanded));
  block[33] = 0;
  assert_false(commanded_is_sound(&commanded));
  assert_field(commanded.log, misuse_count, 0);
  give_back(block);
  assert_field(commanded.log, misuse_count, 1);
}

static void calls_with_dead_blocks_are_found(void **state) {
  (void)state;
  unsigned char *block = request(33);
  give_back(block);
  give_back(block);
  assert_field(commanded.log, misuse_count, 1);
  assert_null(resize(block, 5));
  give_back(&commanded);
  assert_field(commanded.log, misuse_count, 3);
  assert_string_equal(commanded.log.misuse, "a block came in that is not alive");
  assert_false(commanded_is_sound(&commanded));
}

static void a_free_into_the_wrong_pool_is_found(void **state) {
  (void)state;
  void *block = request(100);
  commanded_free_sized(&commanded, block, 100);
  assert_true(commanded_is_sound(&commanded));
  commanded_free_sized(&commanded, request(100), 16);
  assert_false(commanded_is_sound(&commanded));
}

static void missing_parts_are_null(void **state) {
  (void)state;
  const struct heapster_allocator bare = commanded_allocator(&commanded, COMMANDED_BARE);
  assert_null(bare.calloc);
  assert_null(bare.realloc);
  assert_null(bare.aligned_alloc);
  assert_non_null(bare.malloc);
  assert_non_null(bare.free);
}

static void request_once_more(void *context) {
  struct commanded *inside = context;
  inside->inward = NULL;
  request(64);
  inside->inward = request_once_more;
}

static void it_calls_back_in_on_order(void **state) {
  (void)state;
  commanded.inward = request_once_more;
  commanded.inward_context = &commanded;
  give_back(request(10));
  assert_field(commanded.log, malloc_calls, 3); /* the request, one inside it, one inside the free */
  assert_field(commanded.log, live_count, 2);
}

static void *request_and_free_often(void *context) {
  for (unsigned i = 0; i < 20000; ++i) give_back(resize(request(i % 300), i % 500));
  return context;
}

static void threads_do_not_disturb_each_other(void **state) {
  (void)state;
  pthread_t threads[4];
  for (unsigned i = 0; i < 4; ++i) assert_int_equal(pthread_create(&threads[i], NULL, request_and_free_often, NULL), 0);
  for (unsigned i = 0; i < 4; ++i) pthread_join(threads[i], NULL);
  assert_field(commanded.log, free_calls, 80000);
  assert_field(commanded.log, live_count, 0);
  assert_true(commanded_is_sound(&commanded));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(sizes_are_logged_as_requested),
      TEST(calls_are_counted_by_kind),
      TEST(the_ordered_call_is_refused_once),
      TEST(all_calls_but_frees_are_refused_on_order),
      TEST(a_size_beyond_every_pool_is_refused),
      TEST(resizes_stay_unless_ordered_to_move),
      TEST(resizes_keep_the_contents),
      TEST(new_blocks_are_spoiled_but_calloc_clears),
      TEST(a_freed_address_is_the_next_of_its_pool),
      TEST(alignments_are_kept),
      TEST(a_byte_written_beyond_the_end_is_found),
      TEST(calls_with_dead_blocks_are_found),
      TEST(a_free_into_the_wrong_pool_is_found),
      TEST(missing_parts_are_null),
      TEST(it_calls_back_in_on_order),
      TEST(threads_do_not_disturb_each_other),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
