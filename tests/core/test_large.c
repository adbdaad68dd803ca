/* The watch on large requests: which are said, with what, and when. */
#include "cmocka_test.h"

#include "another_thread.h"
#include "base/lock.h"
#include "base/platform.h"
#include "explain/explain.h"
#include "explain/large.h"
#include "heap/heap.h"
#include "place.h"
#include "support.h"
#include "text_sink.h"

#include <heapster/hook.h>
#include <heapster/large.h>
#include <heapster/window.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LEAST = HEAPSTER_LARGE_LEAST, SECOND = 64 };
static const size_t MIB = 1 << 20;

static struct heapster_heap *heap;
static struct heapster_heap *other;
static unsigned said_count;
static struct heapster_large_request last;

static void note(const struct heapster_large_request *request, void *context) {
  assert_ptr_equal(context, &last);
  assert_false(heapster__is_locked_here());
  last = *request;
  said_count++;
}

static void watch(uint64_t size) {
  said_count = 0;
  memset(&last, 0, sizeof last);
  assert_int_equal(heapster_watch_large(size, note, &last), HEAPSTER_OK);
}

static __attribute__((noinline)) void *request_here(struct heapster_heap *from, size_t size) {
  void *volatile block = heapster_heap_malloc(from, size);
  return block;
}

static __attribute__((noinline)) void *resize_here(struct heapster_heap *from, void *block, size_t size) {
  void *volatile resized = heapster_heap_realloc(from, block, size);
  return resized;
}

static void request_and_free(struct heapster_heap *from, size_t size) {
  heapster_heap_free(from, request_here(from, size));
}

static bool is_last_requested_here(void) {
  return is_place_in(last.place, (uintptr_t)request_here, (uintptr_t)resize_here);
}

static void only_what_is_above_the_threshold_is_said(void **state) {
  (void)state;
  for (size_t size = LEAST; size <= 64 * MIB; size *= 2) {
    watch(size);
    for (int i = 0; i < 100; i++) request_and_free(heap, 100);
    request_and_free(heap, size);
    assert_int_equal(said_count, 0);
    request_and_free(heap, size + 1);
    assert_int_equal(said_count, 1);
    assert_field(last, size, size + 1);
    assert_string_equal(last.heap, heapster_heap_name(heap));
    assert_true(is_last_requested_here());
    assert_field(last, unsaid_count, 0);
  }
}

/* Wherever the budget of the thread stands. */
static void a_large_request_is_said_after_any_others(void **state) {
  (void)state;
  void *kept[400];
  for (int before = 0; before < 400; before++) {
    kept[before] = heapster_heap_malloc(heap, 173);
    watch(LEAST);
    request_and_free(heap, LEAST + 1);
    assert_int_equal(said_count, 1);
    watch(LEAST);
    request_and_free(heap, LEAST);
    assert_int_equal(said_count, 0);
  }
  for (int i = 0; i < 400; i++) {
    heapster_heap_free(heap, kept[i]);
    watch(LEAST);
    request_and_free(heap, LEAST + 1);
    assert_int_equal(said_count, 1);
  }
}

static void every_kind_of_request_is_said(void **state) {
  (void)state;
  void *blocks[2];
  watch(MIB);
  blocks[0] = heapster_heap_calloc(heap, 3, MIB);
  assert_field(last, size, 3 * MIB);
  watch(MIB);
  blocks[1] = heapster_heap_aligned_alloc(heap, 4096, 2 * MIB);
  assert_field(last, size, 2 * MIB);
  watch(MIB);
  blocks[0] = resize_here(heap, blocks[0], 8 * MIB);
  assert_field(last, size, 5 * MIB);
  /* the fast path ends in a jump, which leaves the program's call on the stack; not so under ThreadSanitizer */
  assert_true(IS_UNDER_TSAN || is_place_in(last.place, (uintptr_t)resize_here, (uintptr_t)request_here));
  watch(MIB);
  blocks[0] = resize_here(heap, blocks[0], 9 * MIB);
  blocks[0] = resize_here(heap, blocks[0], MIB);
  assert_int_equal(said_count, 0);
  blocks[0] = resize_here(heap, blocks[0], 1000);
  blocks[0] = resize_here(heap, blocks[0], 3 * MIB);
  assert_field(last, size, 3 * MIB - 1000);
  for (int i = 0; i < 2; i++) heapster_heap_free(heap, blocks[i]);
}

static void a_request_that_switches_heaps_has_its_caller_too(void **state) {
  (void)state;
  request_and_free(other, 100);
  watch(MIB);
  request_and_free(heap, 2 * MIB);
  assert_int_equal(said_count, 1);
  assert_true(is_last_requested_here());
}

static void a_request_that_is_refused_is_not_said(void **state) {
  (void)state;
  watch(MIB);
  errno = 0;
  assert_null(heapster_heap_malloc(heap, PTRDIFF_MAX));
  assert_int_equal(errno, ENOMEM);
  assert_int_equal(said_count, 0);
}

static void small_thresholds_are_refused_and_change_nothing(void **state) {
  (void)state;
  watch(MIB);
  assert_int_equal(heapster_watch_large(LEAST - 1, note, NULL), HEAPSTER_LARGE_TOO_SMALL);
  assert_int_equal(heapster_watch_large(1, NULL, NULL), HEAPSTER_LARGE_TOO_SMALL);
  request_and_free(heap, 2 * MIB);
  assert_int_equal(said_count, 1);
  assert_int_equal(heapster_watch_large(0, NULL, NULL), HEAPSTER_OK);
  request_and_free(heap, 64 * MIB);
  assert_int_equal(said_count, 1);
}

static void the_threshold_rises_by_each_one_and_falls_within_a_minute(void **state) {
  (void)state;
  const uint32_t now = UINT32_MAX - 10 * SECOND; /* the clock turns over meanwhile */
  assert_int_equal(heapster__large_level(0, MIB, now), MIB);
  uint64_t raised = heapster__large_raise(0, now);
  assert_int_equal(heapster__large_level(raised, 1000000, now), 1600000);
  assert_int_equal(heapster__large_level(raised, 1000000, now + 15 * SECOND), 1450000);
  assert_int_equal(heapster__large_level(raised, 1000000, now + 59 * SECOND), 1010000);
  assert_int_equal(heapster__large_level(raised, 1000000, now + 60 * SECOND), 1000000);
  raised = heapster__large_raise(raised, now);
  assert_int_equal(heapster__large_level(raised, 1000000, now), 2560000);
  assert_int_equal(heapster__large_level(raised, 1000000, now + 60 * SECOND), 1000000);
  raised = heapster__large_raise(raised, now + 30 * SECOND);
  assert_int_equal(heapster__large_level(raised, 1000000, now + 30 * SECOND), 2848000);
  for (int i = 0; i < 100; i++) raised = heapster__large_raise(raised, now + 30 * SECOND);
  assert_true(heapster__large_level(raised, LEAST, now + 30 * SECOND) > UINT64_C(1) << 36);
  assert_true(heapster__large_level(raised, UINT64_C(1) << 62, now + 30 * SECOND) == UINT64_MAX);
}

static void what_is_not_said_comes_with_the_next(void **state) {
  (void)state;
  struct heapster__unsaid unsaid;
  watch(MIB);
  request_and_free(heap, MIB + 1);
  for (int i = 1; i <= 12; i++) request_and_free(heap, MIB + (size_t)i);
  assert_int_equal(said_count, 1);
  heapster__large_unsaid(&unsaid);
  assert_field(unsaid, above, MIB);
  assert_field(unsaid, count, 12);
  assert_field(unsaid, max, MIB + 12);
  request_and_free(heap, 2 * MIB);
  assert_int_equal(said_count, 2);
  assert_field(last, unsaid_count, 12);
  assert_field(last, unsaid_max, MIB + 12);
  heapster__large_unsaid(&unsaid);
  assert_field(unsaid, count, 0);
}

/* What is written to standard error by the end of a watch, or by the start of another, after two requests. */
static void read_end(heapster_large_function *function, uint64_t next, char text[300]) {
  FILE *const file = tmpfile();
  const int error_output = dup(STDERR_FILENO);
  assert_true(file && error_output >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
  heapster_watch_large(MIB, function, &last);
  request_and_free(heap, 2 * MIB);
  const long before = lseek(fileno(file), 0, SEEK_CUR);
  request_and_free(heap, MIB + 1);
  heapster_watch_large(next, NULL, NULL);
  heapster_watch_large(0, NULL, NULL);
  dup2(error_output, STDERR_FILENO);
  close(error_output);
  const ssize_t length = pread(fileno(file), text, 299, before);
  assert_true(length >= 0);
  text[length] = '\0';
  fclose(file);
}

static void the_end_of_a_watch_writes_what_was_not_said(void **state) {
  (void)state;
  char text[300], expected[300];
  snprintf(expected, sizeof expected, "heapster: 1 more request above 1 MiB, of up to 1.00 MiB (pid %ld)\n",
           (long)getpid());
  read_end(NULL, 0, text);
  assert_string_equal(text, expected);
  read_end(NULL, 4 * MIB, text);
  assert_string_equal(text, expected);
  read_end(note, 0, text);
  assert_string_equal(text, "");
}

static void request_more(const struct heapster_large_request *request, void *context) {
  struct heapster_stats stats;
  (void)context;
  said_count++;
  last = *request;
  heapster_stats_read(NULL, &stats);
  request_and_free(heap, 64 * MIB);
  request_and_free(other, 5000);
  errno = EDOM;
}

static void what_the_function_requests_is_counted_and_not_said(void **state) {
  (void)state;
  struct heapster_window window;
  struct heapster_stats found;
  said_count = 0;
  assert_int_equal(heapster_watch_large(MIB, request_more, NULL), HEAPSTER_OK);
  assert_int_equal(heapster_window_begin(NULL, HEAPSTER_THREAD, &window), HEAPSTER_OK);
  errno = 0;
  request_and_free(heap, 2 * MIB);
  assert_int_equal(errno, 0);
  assert_int_equal(heapster_window_end(window, &found), HEAPSTER_OK);
  assert_int_equal(said_count, 1);
  assert_field(found, alloc_count, 3);
  assert_field(found, dealloc_count, 3);
  assert_field(found, total_alloc_sum, 66 * MIB + 5000);
  assert_field(found, use_change, 0);
  request_and_free(heap, 100 * MIB);
  assert_int_equal(said_count, 2);
  assert_field(last, unsaid_count, 1);
  assert_field(last, unsaid_max, 64 * MIB);
}

static void while_explained_each_request_keeps_its_site(void **state) {
  (void)state;
  struct heapster_site sites[8];
  size_t count;
  said_count = 0;
  assert_int_equal(heapster_watch_large(MIB, request_more, NULL), HEAPSTER_OK);
  assert_int_equal(heapster_explain_begin(heap, HEAPSTER_THREAD), HEAPSTER_OK);
  void *block = heapster_heap_malloc(heap, 100);
  block = resize_here(heap, block, 9 * MIB);
  request_and_free(heap, 100 * MIB);
  assert_int_equal(heapster_explain_end(NULL, sites, 8, &count), HEAPSTER_OK);
  assert_int_equal(said_count, 2);
  assert_true(is_last_requested_here());
  assert_int_equal(count, 3);
  for (size_t i = 0; i < count; i++) assert_int_equal(sites[i].kind, HEAPSTER_SITE_C);
  heapster_heap_free(heap, block);
}

static void while_explained_a_resize_has_its_caller_too(void **state) {
  (void)state;
  void *block = heapster_heap_malloc(heap, 100);
  watch(MIB);
  assert_int_equal(heapster_explain_begin(heap, HEAPSTER_THREAD), HEAPSTER_OK);
  block = resize_here(heap, block, 200);
  block = resize_here(heap, block, 9 * MIB);
  assert_int_equal(heapster_explain_end(NULL, NULL, 0, NULL), HEAPSTER_OK);
  assert_int_equal(said_count, 1);
  assert_true(is_place_in(last.place, (uintptr_t)resize_here, (uintptr_t)request_here));
  heapster_heap_free(heap, block);
}

static void *request_on_thread(void *unused) {
  (void)unused;
  request_and_free(heap, 2 * MIB);
  return NULL;
}

static void the_first_request_of_a_thread_is_said(void **state) {
  (void)state;
  watch(MIB);
  on_another_thread(request_on_thread, NULL);
  assert_int_equal(said_count, 1);
  assert_field(last, size, 2 * MIB);
  assert_true(is_last_requested_here());
}

static void *end_thread(void *unused) { pthread_exit(unused); }

static void end_in_function(const struct heapster_large_request *request, void *context) {
  (void)request;
  said_count++;
  if (context) end_thread(NULL);
}

static void a_thread_that_ends_in_the_function_silences_no_other(void **state) {
  (void)state;
  said_count = 0;
  assert_int_equal(heapster_watch_large(MIB, end_in_function, &last), HEAPSTER_OK);
  on_another_thread(request_on_thread, NULL);
  assert_int_equal(said_count, 1);
  assert_int_equal(heapster_watch_large(MIB, end_in_function, NULL), HEAPSTER_OK);
  on_another_thread(request_on_thread, NULL);
  assert_int_equal(said_count, 2);
}

static void a_child_goes_on_and_leaves_the_unsaid_to_its_parent(void **state) {
  (void)state;
  int status;
  watch(MIB);
  request_and_free(heap, 2 * MIB);
  request_and_free(heap, MIB + 1);
  const pid_t child = fork();
  if (!child) {
    struct heapster__unsaid unsaid;
    heapster__large_unsaid(&unsaid);
    request_and_free(heap, 64 * MIB);
    _exit(unsaid.count == 0 && said_count == 2 && last.unsaid_count == 0 ? 0 : 1);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  request_and_free(heap, 64 * MIB);
  assert_field(last, unsaid_count, 1);
}

static void what_is_kept_is_taken_in_order_and_the_rest_is_counted(void **state) {
  (void)state;
  struct heapster_large_request taken;
  struct heapster__unsaid unsaid;
  assert_int_equal(heapster__watch_large_kept(LEAST), HEAPSTER_OK);
  for (size_t i = 0; i < 64; i++) request_and_free(heap, LEAST + 1 + i / 2);
  request_and_free(heap, MIB);
  request_and_free(heap, LEAST + 1);
  heapster__large_unsaid(&unsaid);
  assert_field(unsaid, count, 0);
  for (size_t i = 0; i < 64; i++) {
    assert_true(heapster__large_take(&taken));
    assert_field(taken, size, LEAST + 1 + i / 2);
    assert_string_equal(taken.heap, heapster_heap_name(heap));
    assert_true(is_place_in(taken.place, (uintptr_t)request_here, (uintptr_t)resize_here));
    assert_field(taken, unsaid_count, 0);
  }
  assert_false(heapster__large_take(&taken));
  request_and_free(heap, 2 * MIB);
  assert_true(heapster__large_take(&taken));
  assert_field(taken, unsaid_count, 2);
  assert_field(taken, unsaid_max, MIB);
}

static void only_a_watch_that_keeps_has_something_to_take(void **state) {
  (void)state;
  struct heapster_large_request taken;
  heapster__watch_large_kept(MIB);
  request_and_free(heap, 2 * MIB);
  heapster__watch_large_kept(0);
  assert_true(heapster__large_take(&taken)); /* its end leaves what was kept */
  heapster__watch_large_kept(MIB);
  request_and_free(heap, 3 * MIB);
  watch(MIB);
  assert_false(heapster__large_take(&taken));
  request_and_free(heap, 2 * MIB);
  assert_int_equal(said_count, 1);
  assert_false(heapster__large_take(&taken));
}

static void a_child_has_nothing_of_its_parent_to_take(void **state) {
  (void)state;
  struct heapster_large_request taken;
  int status;
  heapster__watch_large_kept(MIB);
  request_and_free(heap, 2 * MIB);
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    if (heapster__large_take(&taken)) _exit(1);
    request_and_free(heap, 3 * MIB);
    _exit(!heapster__large_take(&taken) || taken.size != 3 * MIB ? 2 : 0);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  assert_true(heapster__large_take(&taken));
  assert_field(taken, size, 2 * MIB);
}

static void the_text_has_size_heap_and_place(void **state) {
  (void)state;
  char path[600], expected[800];
  struct text_sink *text = text_sink_new();
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  assert_true(length > 0);
  path[length] = '\0';
  watch(MIB);
  request_and_free(heap, MIB + MIB / 2);
  assert_int_equal(heapster_large_text(&last, text_sink_of(text)), HEAPSTER_OK);
  snprintf(expected, sizeof expected, "1.50 MiB requested in heap %s by ", heapster_heap_name(heap));
  assert_int_equal(strncmp(text->text, expected, strlen(expected)), 0);
  if (HEAPSTER__FINDS_WITHOUT_LOCK) assert_non_null(strstr(text->text, "test_large+0x"));
  last.place = 0;
  text = text_sink_new();
  assert_int_equal(heapster_large_text(&last, text_sink_of(text)), HEAPSTER_OK);
  assert_null(strstr(text->text, " by "));
  assert_int_equal(heapster_large_text(NULL, text_sink_of(text)), HEAPSTER_BAD_ARGUMENT);
  assert_int_equal(heapster_large_text(&last, (struct heapster_sink){NULL, NULL}), HEAPSTER_WRITE_FAILED);
}

static void a_place_has_the_function_where_one_is_known(void **state) {
  (void)state;
  struct text_sink *text = text_sink_new();
  assert_int_equal(heapster__large_place_text((uintptr_t)getsubopt + 1, text_sink_of(text)), HEAPSTER_OK);
  assert_non_null(strstr(text->text, "+0x"));
  assert_non_null(strstr(text->text, " (getsubopt)"));
  assert_int_equal(text->text[0], '/');
  text = text_sink_new();
  heapster__large_place_text(16, text_sink_of(text));
  assert_string_equal(text->text, "0xf");
  text = text_sink_new();
  heapster__large_place_text(0, text_sink_of(text));
  assert_string_equal(text->text, "");
}

static int end_watch(void **state) {
  (void)state;
  return heapster_watch_large(0, NULL, NULL) != HEAPSTER_OK;
}

int main(void) {
  if (heapster_heap_create("large", NULL, &heap) || heapster_heap_create("other", NULL, &other)) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_what_is_above_the_threshold_is_said),
      cmocka_unit_test(a_large_request_is_said_after_any_others),
      cmocka_unit_test(every_kind_of_request_is_said),
      cmocka_unit_test(a_request_that_switches_heaps_has_its_caller_too),
      cmocka_unit_test(a_request_that_is_refused_is_not_said),
      cmocka_unit_test(small_thresholds_are_refused_and_change_nothing),
      cmocka_unit_test(the_threshold_rises_by_each_one_and_falls_within_a_minute),
      cmocka_unit_test(what_is_not_said_comes_with_the_next),
      cmocka_unit_test(the_end_of_a_watch_writes_what_was_not_said),
      cmocka_unit_test(what_the_function_requests_is_counted_and_not_said),
      cmocka_unit_test(while_explained_each_request_keeps_its_site),
      cmocka_unit_test(while_explained_a_resize_has_its_caller_too),
      cmocka_unit_test(the_first_request_of_a_thread_is_said),
      cmocka_unit_test(a_thread_that_ends_in_the_function_silences_no_other),
      cmocka_unit_test(a_child_goes_on_and_leaves_the_unsaid_to_its_parent),
      cmocka_unit_test(what_is_kept_is_taken_in_order_and_the_rest_is_counted),
      cmocka_unit_test(only_a_watch_that_keeps_has_something_to_take),
      cmocka_unit_test(a_child_has_nothing_of_its_parent_to_take),
      cmocka_unit_test(the_text_has_size_heap_and_place),
      cmocka_unit_test(a_place_has_the_function_where_one_is_known),
  };
  return cmocka_run_group_tests(tests, NULL, end_watch);
}
