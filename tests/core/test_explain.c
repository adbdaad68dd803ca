/* Explaining: what is attributed to which site, and what is not. */
#include "cmocka_test.h"

#include "another_thread.h"
#include "base/lock.h"
#include "explain/explain.h"
#include "explain/site_table.h"
#include "heap/heap.h"
#include "place.h"
#include "support.h"

#include <heapster/hook.h>
#include <heapster/window.h>

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CAPACITY = 16 };

static struct heapster_heap *heap;
static struct heapster_heap *other;
static struct heapster_site sites[CAPACITY];
static struct heapster_explanation explanation;
static size_t count;

/* Two sites: the functions are not inlined, and do not end in a jump. */
static __attribute__((noinline)) void *request_here(struct heapster_heap *from, size_t size) {
  void *volatile block = heapster_heap_malloc(from, size);
  return block;
}

static __attribute__((noinline)) void *request_there(struct heapster_heap *from, size_t size) {
  void *volatile block = heapster_heap_malloc(from, size);
  return block;
}

static void begin(const struct heapster_heap *which, enum heapster_scope scope) {
  assert_int_equal(heapster_explain_begin(which, scope), HEAPSTER_OK);
}

static void end(void) {
  memset(sites, 0xA5, sizeof sites);
  assert_int_equal(heapster_explain_end(&explanation, sites, CAPACITY, &count), HEAPSTER_OK);
  assert_field(explanation, under_way.alloc_count, 0);
}

static bool is_in(const struct heapster_site *site, void *(*function)(struct heapster_heap *, size_t)) {
  void *(*beside)(struct heapster_heap *, size_t) = function == request_here ? request_there : request_here;
  return site->kind == HEAPSTER_SITE_C && is_place_in(site->place, (uintptr_t)function, (uintptr_t)beside);
}

static void each_call_is_a_site(void **state) {
  (void)state;
  begin(heap, HEAPSTER_THREAD);
  for (int i = 0; i < 3; ++i) heapster_heap_free(heap, request_here(heap, 100));
  heapster_heap_free(heap, request_there(heap, 3000));
  end();
  assert_int_equal(count, 2);
  assert_field(explanation, site_count, 2);
  assert_true(is_in(&sites[0], request_here) && is_in(&sites[1], request_there));
  assert_field(sites[0], requests.alloc_count, 3);
  assert_field(sites[0], requests.alloc_sum, 300);
  assert_field(sites[0], alloc_histogram.buckets[6], 3);
  assert_field(sites[1], requests.alloc_sum, 3000);
  assert_field(explanation, counted.alloc_count, 4);
  assert_field(explanation, counted.alloc_sum, 3300);
  assert_field(explanation, scope, HEAPSTER_THREAD);
}

static void a_site_in_c_has_the_path_of_its_file_and_an_offset_in_it(void **state) {
  (void)state;
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  assert_true(length > 0);
  path[length] = '\0';
  begin(heap, HEAPSTER_THREAD);
  heapster_heap_free(heap, request_here(heap, 1));
  end();
  assert_non_null(sites[0].file);
  assert_non_null(strstr(path, "test_explain"));
  assert_non_null(strstr(sites[0].file, "test_explain"));
  assert_true(sites[0].offset > 0 && sites[0].offset < sites[0].place);
}

static void resizes_are_at_the_site_that_resizes_and_live_at_the_one_that_requested(void **state) {
  (void)state;
  begin(heap, HEAPSTER_THREAD);
  void *kept = request_here(heap, 40);
  void *gone = request_here(heap, 50);
  kept = heapster_heap_realloc(heap, kept, 100000);
  heapster_heap_free(heap, gone);
  end();
  assert_int_equal(count, 2);
  assert_true(is_in(&sites[0], request_here));
  assert_field(sites[0], live_count, 1);
  assert_field(sites[0], live_sum, 100000);
  assert_field(sites[1], requests.realloc_growth_count, 1);
  assert_field(sites[1], requests.realloc_growth_sum, 100000 - 40);
  assert_true(sites[1].realloc_growth_buckets == UINT64_C(1) << 16);
  assert_field(sites[1], live_count, 0);
  heapster_heap_free(heap, kept);
}

static void a_block_from_before_is_alive_at_no_site(void **state) {
  (void)state;
  void *before = request_here(heap, 40);
  begin(heap, HEAPSTER_THREAD);
  before = heapster_heap_realloc(heap, before, 3000);
  end();
  assert_int_equal(count, 1);
  assert_field(sites[0], live_count, 0);
  heapster_heap_free(heap, before);
}

static void an_address_that_is_handed_out_again_is_alive_once(void **state) {
  (void)state;
  begin(heap, HEAPSTER_THREAD);
  for (int i = 0; i < 100; ++i) heapster_heap_free(heap, request_here(heap, 100));
  void *last = request_there(heap, 100);
  end();
  assert_field(sites[0], live_count, 0);
  assert_field(sites[1], live_count, 1);
  heapster_heap_free(heap, last);
}

static void what_stayed_of_one_explanation_is_not_in_the_next(void **state) {
  (void)state;
  begin(heap, HEAPSTER_THREAD);
  void *kept = request_here(heap, 100);
  end();
  begin(heap, HEAPSTER_THREAD);
  heapster_heap_free(heap, request_here(heap, 200));
  end();
  assert_field(sites[0], live_count, 0);
  heapster_heap_free(heap, kept);
}

static void *allocate(void *unused, size_t size) {
  (void)unused;
  return malloc(size);
}

static void release(void *unused, void *block) {
  (void)unused;
  free(block);
}

/* Another thread ends the explanation meanwhile, and begins the next. */
static void *resize_meanwhile(void *unused, void *block, size_t size) {
  (void)unused;
  end();
  begin(NULL, HEAPSTER_THREAD);
  return size < SIZE_MAX / 2 ? realloc(block, size) : NULL;
}

static void the_site_of_a_resize_that_began_before_is_not_in_the_next(void **state) {
  (void)state;
  const struct heapster_allocator slow = {.malloc = allocate, .realloc = resize_meanwhile, .free = release};
  const size_t in_place_moved_and_refused[] = {100, 1 << 20, SIZE_MAX / 2};
  struct heapster_heap *slow_heap;
  assert_int_equal(heapster_heap_create("slow", &slow, &slow_heap), HEAPSTER_OK);
  for (unsigned i = 0; i < 3; ++i) {
    begin(NULL, HEAPSTER_THREAD);
    void *kept = request_here(slow_heap, 101);
    void *resized = heapster_heap_realloc(slow_heap, kept, in_place_moved_and_refused[i]);
    heapster_heap_free(heap, request_there(heap, 50));
    end();
    assert_true(is_in(&sites[0], request_there) || is_in(&sites[1], request_there));
    for (size_t j = 0; j < count; ++j) assert_field(sites[j], live_count, 0);
    heapster_heap_free(slow_heap, resized ? resized : kept);
  }
}

static void *request_on_another_thread(void *unused) {
  heapster_heap_free(heap, request_there(heap, 60));
  return unused;
}

static void thread_scope_leaves_other_threads_out(void **state) {
  (void)state;
  begin(NULL, HEAPSTER_THREAD);
  on_another_thread(request_on_another_thread, NULL);
  heapster_heap_free(heap, request_here(heap, 60));
  end();
  assert_field(explanation, counted.alloc_count, 1);
  assert_true(count == 1 && is_in(&sites[0], request_here));
}

static void process_scope_has_all_threads(void **state) {
  (void)state;
  begin(heap, HEAPSTER_PROCESS);
  on_another_thread(request_on_another_thread, NULL);
  heapster_heap_free(heap, request_here(heap, 60));
  end();
  assert_field(explanation, counted.alloc_count, 2);
  assert_int_equal(count, 2);
}

static void *free_on_another_thread(void *block) {
  heapster_heap_free(heap, block);
  return NULL;
}

static void a_block_that_another_thread_frees_is_not_alive(void **state) {
  (void)state;
  begin(heap, HEAPSTER_THREAD);
  on_another_thread(free_on_another_thread, request_here(heap, 60));
  end();
  assert_field(sites[0], live_count, 0);
}

static void one_heap_is_explained_or_all(void **state) {
  (void)state;
  for (unsigned all = 0; all < 2; ++all) {
    begin(all ? NULL : heap, HEAPSTER_THREAD);
    heapster_heap_free(heap, request_here(heap, 60));
    heapster_heap_free(other, request_here(other, 70));
    end();
    assert_int_equal(count, 1);
    assert_field(explanation, counted.alloc_count, 1 + all);
    assert_field(sites[0], requests.alloc_sum, 60 + 70 * all);
  }
}

static void one_explanation_at_a_time(void **state) {
  (void)state;
  begin(heap, HEAPSTER_THREAD);
  assert_true(heapster_is_explaining());
  assert_int_equal(heapster_explain_begin(NULL, HEAPSTER_PROCESS), HEAPSTER_ALREADY_EXPLAINING);
  end();
  assert_false(heapster_is_explaining());
  assert_int_equal(heapster_explain_end(&explanation, sites, CAPACITY, &count), HEAPSTER_NOT_EXPLAINING);
}

static void bad_arguments_change_nothing(void **state) {
  (void)state;
  assert_int_equal(heapster_explain_begin(heap, (enum heapster_scope)7), HEAPSTER_BAD_ARGUMENT);
  assert_false(heapster_is_explaining());
  begin(heap, HEAPSTER_THREAD);
  assert_int_equal(heapster_explain_end(&explanation, NULL, CAPACITY, &count), HEAPSTER_BAD_ARGUMENT);
  assert_true(heapster_is_explaining());
  assert_int_equal(heapster_explain_end(NULL, NULL, 0, NULL), HEAPSTER_OK);
}

static void *end_elsewhere(void *error) {
  *(enum heapster_error *)error = heapster_explain_end(NULL, NULL, 0, NULL);
  return NULL;
}

static void another_thread_does_not_end_what_is_of_a_thread(void **state) {
  (void)state;
  enum heapster_error error = HEAPSTER_OK;
  begin(heap, HEAPSTER_THREAD);
  on_another_thread(end_elsewhere, &error);
  assert_int_equal(error, HEAPSTER_WRONG_THREAD);
  end();
  begin(heap, HEAPSTER_PROCESS);
  on_another_thread(end_elsewhere, &error);
  assert_int_equal(error, HEAPSTER_OK);
}

static void *begin_and_leave(void *unused) {
  begin(heap, HEAPSTER_THREAD);
  return unused;
}

static void what_an_ended_thread_began_can_be_ended(void **state) {
  (void)state;
  on_another_thread(begin_and_leave, NULL);
  on_another_thread(request_on_another_thread, NULL); /* with the record of the first */
  assert_true(heapster_is_explaining());
  end();
  assert_int_equal(count, 0);
}

/* As an interpreter's hook does. */
static void request_at(enum heapster__site_kind kind, uintptr_t place, uint32_t offset) {
  heapster__note_site(kind, (const void *)place, offset);
  heapster__count_entered(NULL, heap->number, NULL, 10);
}

static uintptr_t kept[CAPACITY];
static unsigned kept_count;

static void keep(uintptr_t place) { kept[kept_count++ % CAPACITY] = place; }

static void a_site_of_an_interpreter_is_a_place_and_an_offset(void **state) {
  (void)state;
  kept_count = 0;
  heapster__explain_keep(HEAPSTER__SITE_PYTHON, keep);
  begin(heap, HEAPSTER_THREAD);
  for (uint32_t i = 0; i < 6; ++i) request_at(HEAPSTER__SITE_PYTHON, 0x1000, 2 * (i / 2));
  request_at(HEAPSTER__SITE_LUA, 0x1000, 4);
  end();
  heapster__explain_keep(HEAPSTER__SITE_PYTHON, NULL);
  assert_int_equal(count, 4);
  assert_int_equal(kept_count, 3);
  assert_int_equal(kept[0], 0x1000);
  assert_field(sites[0], kind, HEAPSTER_SITE_PYTHON);
  assert_field(sites[0], offset, 0);
  assert_field(sites[0], requests.alloc_count, 2);
  assert_null(sites[0].function);
  assert_field(sites[3], kind, HEAPSTER_SITE_LUA);
  assert_field(sites[3], line, 4);
}

/* Other threads explain meanwhile, six times. */
static void explain_meanwhile(uintptr_t unused) {
  (void)unused;
  heapster__explain_keep(HEAPSTER__SITE_PYTHON, NULL);
  for (unsigned i = 0; i < 6; ++i) {
    assert_int_equal(heapster_explain_end(&explanation, NULL, 0, NULL), HEAPSTER_OK);
    begin(heap, HEAPSTER_PROCESS);
  }
  request_at(HEAPSTER__SITE_PYTHON, 0x1000, 2);
}

static void a_request_that_is_late_is_at_no_site_of_the_explanations_after_its_own(void **state) {
  (void)state;
  heapster__explain_keep(HEAPSTER__SITE_PYTHON, explain_meanwhile);
  begin(heap, HEAPSTER_PROCESS);
  request_at(HEAPSTER__SITE_PYTHON, 0x1000, 2);
  end();
  assert_field(explanation, counted.alloc_count, 1);
  assert_int_equal(count, 1);
  assert_field(sites[0], requests.alloc_count, 1);
}

static void a_request_without_a_note_is_elsewhere(void **state) {
  (void)state;
  begin(heap, HEAPSTER_THREAD);
  heapster__count_entered(NULL, heap->number, NULL, 10);
  end();
  assert_int_equal(count, 1);
  assert_field(sites[0], kind, HEAPSTER_SITE_ELSEWHERE);
  assert_field(sites[0], requests.alloc_count, 1);
}

static void the_site_of_a_nested_request_is_not_that_of_the_next(void **state) {
  (void)state;
  struct heapster__guard guard;
  begin(heap, HEAPSTER_THREAD);
  heapster__guard_enter(&guard, heapster__this_thread());
  heapster_heap_free(heap, request_here(heap, 60));
  heapster__guard_leave(&guard);
  heapster__count_entered(NULL, heap->number, NULL, 10);
  end();
  assert_int_equal(count, 1);
  assert_field(sites[0], kind, HEAPSTER_SITE_ELSEWHERE);
}

static void sites_beyond_4096_are_elsewhere_and_none_is_lost(void **state) {
  (void)state;
  begin(heap, HEAPSTER_THREAD);
  for (uint32_t round = 0; round < 2; ++round)
    for (uint32_t i = 0; i < HEAPSTER_SITES + 500; ++i)
      request_at(HEAPSTER__SITE_PYTHON, 0x10000 + 16 * (i / 8), i % 8);
  end();
  assert_field(explanation, site_count, HEAPSTER_SITES + 1);
  assert_field(sites[0], kind, HEAPSTER_SITE_ELSEWHERE);
  assert_field(sites[0], requests.alloc_count, 2 * 500);
  assert_field(sites[1], requests.alloc_count, 2);
  assert_field(explanation, others.alloc_count, 2 * (HEAPSTER_SITES + 1 - CAPACITY));
  assert_field(explanation, counted.alloc_count, 2 * (HEAPSTER_SITES + 500));
}

static void all_sites_can_be_taken_and_given_back(void **state) {
  (void)state;
  struct heapster_site *taken;
  begin(heap, HEAPSTER_THREAD);
  for (uint32_t i = 0; i < 100; ++i) request_at(HEAPSTER__SITE_LUA, 0x2000, i);
  assert_int_equal(heapster__explain_take(&explanation, &taken, &count), HEAPSTER_OK);
  const uint64_t own = heapster__own_bytes();
  assert_int_equal(count, 100);
  heapster__explain_free(taken, count);
  assert_true(heapster__own_bytes() < own);
  begin(heap, HEAPSTER_THREAD);
  assert_int_equal(heapster__explain_take(&explanation, &taken, &count), HEAPSTER_OK);
  assert_int_equal(count, 0);
  heapster__explain_free(taken, count);
}

static void the_child_of_the_thread_that_began_goes_on(void **state) {
  (void)state;
  int status = 0;
  begin(heap, HEAPSTER_PROCESS);
  const pid_t child = fork();
  if (!child) _exit(!heapster_is_explaining());
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  end();
}

static __attribute__((noinline)) void *request_malloc(size_t size) {
  void *volatile block = malloc(size);
  return block;
}

static void a_hook_that_goes_on_and_off_meanwhile_is_explained(void **state) {
  (void)state;
  struct heapster_window window;
  struct heapster_stats stats;
  begin(NULL, HEAPSTER_THREAD);
  assert_int_equal(heapster_window_begin(NULL, HEAPSTER_THREAD, &window), HEAPSTER_OK);
  const enum heapster_error error = heapster_hook("malloc");
  void *one = request_malloc(70);
  void *two = request_malloc(80);
  free(one);
  if (!error) assert_int_equal(heapster_unhook("malloc"), HEAPSTER_OK);
  free(two);
  free(request_malloc(90));
  assert_int_equal(heapster_window_end(window, &stats), HEAPSTER_OK);
  end();
  if (error) skip(); /* with a sanitizer */
  assert_field(explanation, counted.alloc_count, stats.alloc_count);
  assert_field(stats, alloc_count, 2);
  assert_field(sites[0], requests.alloc_sum, 150);
  assert_int_equal(count, 1);
}

static struct heapster_site site_of(uint64_t place, uint64_t bucket, uint64_t allocs) {
  struct heapster_site site = {.kind = HEAPSTER_SITE_C, .place = place};
  site.alloc_histogram.buckets[bucket] = allocs;
  site.requests.alloc_count = allocs;
  return site;
}

static void ranking_begins_with_what_there_was_too_much_of(void **state) {
  (void)state;
  struct heapster_histogram surplus = {{0}};
  struct heapster_site ranked[] = {site_of(5, 4, 100), site_of(4, 5, 2),   site_of(3, 5, 2),
                                   site_of(2, 5, 30),  site_of(1, 4, 100), site_of(6, 20, 1)};
  const uint64_t plain[] = {1, 5, 2, 3, 4, 6};
  const uint64_t with_surplus[] = {6, 2, 3, 4, 1, 5};
  heapster_sites_rank(ranked, 6, NULL);
  for (unsigned i = 0; i < 6; ++i) assert_int_equal(ranked[i].place, plain[i]);
  surplus.buckets[5] = 2; /* of 34: the three sites are equal in it, and then by their allocs */
  surplus.buckets[20] = 3;
  heapster_sites_rank(ranked, 6, &surplus);
  assert_int_equal(ranked[0].place, 2);
  surplus.buckets[5] = 0;
  surplus.buckets[20] = 3;
  heapster_sites_rank(ranked, 6, &surplus);
  assert_int_equal(ranked[0].place, with_surplus[0]);
  heapster_sites_rank(NULL, 6, &surplus);
}

static int make_heaps(void **state) {
  (void)state;
  return heapster_heap_create("explained", NULL, &heap) || heapster_heap_create("other", NULL, &other) ? -1 : 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_call_is_a_site),
      cmocka_unit_test(a_site_in_c_has_the_path_of_its_file_and_an_offset_in_it),
      cmocka_unit_test(resizes_are_at_the_site_that_resizes_and_live_at_the_one_that_requested),
      cmocka_unit_test(a_block_from_before_is_alive_at_no_site),
      cmocka_unit_test(an_address_that_is_handed_out_again_is_alive_once),
      cmocka_unit_test(what_stayed_of_one_explanation_is_not_in_the_next),
      cmocka_unit_test(the_site_of_a_resize_that_began_before_is_not_in_the_next),
      cmocka_unit_test(thread_scope_leaves_other_threads_out),
      cmocka_unit_test(process_scope_has_all_threads),
      cmocka_unit_test(a_block_that_another_thread_frees_is_not_alive),
      cmocka_unit_test(one_heap_is_explained_or_all),
      cmocka_unit_test(one_explanation_at_a_time),
      cmocka_unit_test(bad_arguments_change_nothing),
      cmocka_unit_test(another_thread_does_not_end_what_is_of_a_thread),
      cmocka_unit_test(what_an_ended_thread_began_can_be_ended),
      cmocka_unit_test(a_site_of_an_interpreter_is_a_place_and_an_offset),
      cmocka_unit_test(a_request_that_is_late_is_at_no_site_of_the_explanations_after_its_own),
      cmocka_unit_test(a_request_without_a_note_is_elsewhere),
      cmocka_unit_test(the_site_of_a_nested_request_is_not_that_of_the_next),
      cmocka_unit_test(sites_beyond_4096_are_elsewhere_and_none_is_lost),
      cmocka_unit_test(all_sites_can_be_taken_and_given_back),
      cmocka_unit_test(the_child_of_the_thread_that_began_goes_on),
      cmocka_unit_test(a_hook_that_goes_on_and_off_meanwhile_is_explained),
      cmocka_unit_test(ranking_begins_with_what_there_was_too_much_of),
  };
  return cmocka_run_group_tests(tests, make_heaps, NULL);
}
