/* Threads: records that are claimed, handed on and run out. */
#include "cmocka_test.h"

#include <pthread.h>

#include "another_thread.h"
#include "count/thread.h"
#include "page_calls.h"

/* Rounds of thread-end destructors that may call the core: in the last round a sanitizer has ended the thread. */
enum { THREADS = 32, ROUNDS = 3 };

static atomic_bool refuses_pages;

static void *map_pages(size_t bytes) { return refuses_pages ? refuse_pages() : map_really(bytes); }

static void *claim(void *unused) {
  (void)unused;
  return heapster__thread_claim();
}

static void a_thread_claims_one_record(void **state) {
  (void)state;
  struct heapster__thread *thread = heapster__thread_claim();
  assert_non_null(thread);
  assert_ptr_equal(heapster__this_thread(), thread);
  assert_ptr_equal(heapster__thread_claim(), thread);
  assert_ptr_equal(heapster__thread_at(thread->index), thread);
  assert_true(thread->is_taken);
}

static struct heapster__thread *_Atomic released_record;
static atomic_bool was_taken_at_release;

static void note_release(struct heapster__thread *thread) {
  released_record = thread;
  was_taken_at_release = thread->is_taken;
}

static void *claim_and_write(void *unused) {
  (void)unused;
  struct heapster__thread *thread = heapster__thread_claim();
  thread->nested_count = 77;
  thread->guard = 1;
  return thread;
}

static void a_record_is_handed_on_with_its_values_and_the_next_generation(void **state) {
  (void)state;
  struct heapster__thread *thread = on_another_thread(claim_and_write, NULL);
  const uint32_t generation = thread->generation;
  const uint32_t count = heapster__thread_count();
  assert_false(thread->is_taken);
  assert_field(*thread, guard, 0);
  assert_ptr_equal(released_record, thread);
  assert_true(was_taken_at_release);
  assert_ptr_equal(on_another_thread(claim, NULL), thread);
  assert_field(*thread, nested_count, 77);
  assert_field(*thread, generation, generation + 1);
  assert_int_equal(heapster__thread_count(), count);
}

static pthread_barrier_t barrier;

static void *claim_together(void *unused) {
  (void)unused;
  pthread_barrier_wait(&barrier);
  struct heapster__thread *thread = heapster__thread_claim();
  pthread_barrier_wait(&barrier);
  return thread;
}

static void threads_alive_at_one_time_have_records_of_their_own(void **state) {
  (void)state;
  pthread_t threads[THREADS];
  void *records[THREADS];
  pthread_barrier_init(&barrier, NULL, THREADS);
  for (unsigned i = 0; i < THREADS; ++i) pthread_create(&threads[i], NULL, claim_together, NULL);
  for (unsigned i = 0; i < THREADS; ++i) pthread_join(threads[i], &records[i]);
  for (unsigned i = 0; i < THREADS; ++i)
    for (unsigned j = 0; j < i; ++j) assert_ptr_not_equal(records[i], records[j]);
  assert_true(heapster__thread_count() <= THREADS + 1);
  pthread_barrier_destroy(&barrier);
}

static pthread_key_t late_key;
static struct heapster__thread *claimed_in_round[ROUNDS];
static bool was_dead_in_round[ROUNDS];
static unsigned rounds;

static void claim_late(void *context) {
  claimed_in_round[rounds] = heapster__thread_claim();
  was_dead_in_round[rounds] = heapster__cached_shard_head == &heapster__no_thread[HEAPSTER__THREAD_DEAD];
  if (was_dead_in_round[rounds]) assert_null(heapster__thread_claim_to_free());
  if (++rounds < ROUNDS) pthread_setspecific(late_key, context);
}

static void *end_late(void *unused) {
  (void)unused;
  pthread_setspecific(late_key, &late_key);
  return heapster__thread_claim();
}

static void a_thread_keeps_its_record_in_early_destructors_and_claims_none_when_dead(void **state) {
  (void)state;
  assert_int_equal(pthread_key_create(&late_key, claim_late), 0);
  struct heapster__thread *thread = on_another_thread(end_late, NULL);
  assert_int_equal(rounds, ROUNDS);
  assert_ptr_equal(claimed_in_round[0], thread);
  assert_null(claimed_in_round[ROUNDS - 1]);
  assert_true(was_dead_in_round[ROUNDS - 1]);
  pthread_key_delete(late_key);
}

/* Returns how many frees passed before one claimed a record. */
static void *free_only(void *unused) {
  (void)unused;
  uintptr_t freed = 0;
  while (freed < 1000 && !heapster__thread_claim_to_free()) ++freed;
  return (void *)freed;
}

static void a_thread_whose_first_acts_are_frees_claims_after_64(void **state) {
  (void)state;
  const uintptr_t freed = (uintptr_t)on_another_thread(free_only, NULL);
  assert_int_equal(freed, 64);
}

static void *free_and_claim(void *unused) {
  (void)unused;
  for (unsigned i = 0; i < 10; ++i)
    if (heapster__thread_claim_to_free() || heapster__this_thread()) return NULL;
  return heapster__thread_claim();
}

static void a_thread_that_has_only_freed_claims_at_its_first_request(void **state) {
  (void)state;
  assert_non_null(on_another_thread(free_and_claim, NULL));
}

/* As a new thread each time. Returns how many records it got. */
static unsigned claim_all(unsigned limit) {
  unsigned claimed = 0;
  for (; claimed < limit; ++claimed) {
    heapster__cached_shard_head = &heapster__no_thread[HEAPSTER__THREAD_NEW];
    if (!heapster__thread_claim()) break;
  }
  return claimed;
}

static void *claim_without_pages(void *unused) {
  refuses_pages = true;
  const unsigned claimed = claim_all(HEAPSTER__THREADS);
  const bool is_new = heapster__cached_shard_head == &heapster__no_thread[HEAPSTER__THREAD_NEW];
  refuses_pages = false;
  return claimed < HEAPSTER__THREADS && is_new && heapster__thread_claim() ? heapster__this_thread() : unused;
}

static void a_thread_that_got_no_record_claims_again_later(void **state) {
  (void)state;
  assert_non_null(on_another_thread(claim_without_pages, NULL));
}

static void *claim_until_none_is_left(void *unused) {
  const unsigned claimed = claim_all(2 * HEAPSTER__THREADS);
  return claimed < 2 * HEAPSTER__THREADS ? (void *)&released_record : unused;
}

static void *claim_the_only_record(void *unused) {
  (void)unused;
  const unsigned first = claim_all(1);
  return first == 1 && claim_all(1) == 0 ? (void *)&released_record : NULL;
}

/* Must be the last test: of all those records only the one that the thread ended with is released. */
static void when_records_run_out_the_next_one_released_is_claimed(void **state) {
  (void)state;
  assert_non_null(on_another_thread(claim_until_none_is_left, NULL));
  assert_int_equal(heapster__thread_count(), HEAPSTER__THREADS);
  assert_non_null(on_another_thread(claim_the_only_record, NULL));
  assert_non_null(on_another_thread(claim_the_only_record, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_thread_claims_one_record),
      cmocka_unit_test(a_record_is_handed_on_with_its_values_and_the_next_generation),
      cmocka_unit_test(threads_alive_at_one_time_have_records_of_their_own),
      cmocka_unit_test(a_thread_keeps_its_record_in_early_destructors_and_claims_none_when_dead),
      cmocka_unit_test(a_thread_whose_first_acts_are_frees_claims_after_64),
      cmocka_unit_test(a_thread_that_has_only_freed_claims_at_its_first_request),
      cmocka_unit_test(a_thread_that_got_no_record_claims_again_later),
      cmocka_unit_test(when_records_run_out_the_next_one_released_is_claimed),
  };
  heapster__threads_on_release(note_release);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
