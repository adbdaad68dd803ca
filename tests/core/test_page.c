/* The report page: what the command reads while the program writes, or has written over. */
#include "cmocka_test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "process/page.h"

static struct {
  int file;
  struct heapster__page_head *head;
  struct heapster__page *page; /* the first */
} memory;

static struct heapster__figures *found;

static int open_memory(void **state) {
  (void)state;
  memory.file = memfd_create("test", MFD_CLOEXEC);
  if (ftruncate(memory.file, heapster__page_offset(3)) != 0) return 1;
  memory.head = mmap(NULL, HEAPSTER__PAGE_HEAD_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memory.file, 0);
  memory.page =
      mmap(NULL, HEAPSTER__PAGE_FIXED, PROT_READ | PROT_WRITE, MAP_SHARED, memory.file, heapster__page_offset(0));
  heapster__page_head_fill(memory.head, 3, 4711);
  found = calloc(1, sizeof *found);
  return 0;
}

static int close_memory(void **state) {
  (void)state;
  munmap(memory.head, HEAPSTER__PAGE_HEAD_SIZE);
  munmap(memory.page, HEAPSTER__PAGE_FIXED);
  close(memory.file);
  free(found);
  return 0;
}

/* Figures in which every number is `value`. */
static void fill(struct heapster__figures *figures, uint64_t value) {
  figures->time = value;
  figures->count = 1;
  strcpy(figures->names[0], "malloc");
  figures->total.alloc_count = value;
  figures->heaps[0].stats.alloc_count = value;
}

static void store(uint64_t value) {
  struct heapster__figures *const figures = heapster__page_begin_figures(memory.page);
  fill(figures, value);
  heapster__page_end_figures(memory.page, figures);
}

static void assert_found(uint64_t value) {
  assert_true(heapster__page_read_figures(memory.file, 0, found) > 0);
  assert_int_equal(found->time, value);
  assert_int_equal(found->total.alloc_count, value);
  assert_int_equal(found->heaps[0].stats.alloc_count, value);
}

static void page_without_figures_has_none(void **state) {
  (void)state;
  assert_int_equal(heapster__page_read_figures(memory.file, 0, found), 0);
  assert_int_equal(heapster__page_read_figures(memory.file, 99, found), 0); /* beyond the file */
}

static void newest_figures_are_found(void **state) {
  (void)state;
  for (uint64_t value = 1; value < 6; value++) {
    store(value);
    assert_found(value);
  }
}

static void figures_that_are_being_written_leave_the_ones_before(void **state) {
  (void)state;
  heapster__page_begin_figures(memory.page);
  assert_int_equal(heapster__page_read_figures(memory.file, 0, found), 0);
  store(7); /* as a signal handler that ends the process in the middle */
  assert_found(7);
  fill(heapster__page_begin_figures(memory.page), 8);
  assert_found(7);
}

static void figures_of_the_program_before_an_exec_are_dropped(void **state) {
  (void)state;
  store(1);
  store(2);
  heapster__page_drop_figures(memory.page);
  assert_int_equal(heapster__page_read_figures(memory.file, 0, found), 0);
  store(3);
  assert_found(3);
}

static void garbage_is_made_valid(void **state) {
  (void)state;
  struct heapster__figures *const figures = heapster__page_begin_figures(memory.page);
  memset(figures, 0xEE, sizeof *figures);
  heapster__page_end_figures(memory.page, figures);
  assert_true(heapster__page_read_figures(memory.file, 0, found) > 0);
  assert_int_equal(found->count, HEAPSTER_HEAPS);
  assert_int_equal(found->total.kind, HEAPSTER_SNAPSHOT);
  assert_true(found->heaps[253].stats.has_lua_kinds == 1);
  assert_int_equal(strspn(found->names[0], "?"), HEAPSTER_HEAP_NAME - 1);
  assert_true(strlen(found->malloc_problem) < sizeof found->malloc_problem);
  struct heapster__page_info info;
  memset(&memory.page->info, 0xEE, sizeof memory.page->info);
  assert_true(heapster__page_read(memory.file, 0, &info));
  assert_true(strlen(info.program) < sizeof info.program && strlen(info.executed_path) < sizeof info.executed_path);
  assert_int_equal(info.command_length, HEAPSTER__COMMAND_ROOM);
}

static void only_the_commands_own_file_is_valid(void **state) {
  (void)state;
  assert_true(heapster__page_head_is_valid(memory.head, 4711));
  assert_false(heapster__page_head_is_valid(memory.head, 4712));
  memory.head->layout++;
  assert_false(heapster__page_head_is_valid(memory.head, 4711));
}

static bool is_running_first(void *context, unsigned index) {
  (void)context;
  return index == 0;
}

static void each_process_claims_a_page_and_an_exec_keeps_it(void **state) {
  (void)state;
  assert_int_equal(heapster__page_claim(memory.head, 100, is_running_first, NULL), 0);
  assert_int_equal(heapster__page_claim(memory.head, 101, is_running_first, NULL), 1);
  assert_int_equal(heapster__page_claim(memory.head, 100, is_running_first, NULL), 0);
  /* page 1 is of a process that has ended: this is another with its id */
  assert_int_equal(heapster__page_claim(memory.head, 101, is_running_first, NULL), 2);
  assert_int_equal(heapster__page_claim(memory.head, 102, is_running_first, NULL), -1);
  heapster__page_release(memory.head, 1);
  assert_int_equal(heapster__page_claim(memory.head, 102, is_running_first, NULL), 1);
  assert_int_equal(memory.head->crowded_count, 1);
}

static void owner_is_gone_without_a_thread_or_once_the_system_says_so(void **state) {
  (void)state;
  assert_true(heapster__page_owner_is_gone(memory.head));
  heapster__store_relaxed(&memory.head->owner, 1234U);
  assert_false(heapster__page_owner_is_gone(memory.head));
  heapster__store_relaxed(&memory.head->owner, 0x40000000U); /* FUTEX_OWNER_DIED */
  assert_true(heapster__page_owner_is_gone(memory.head));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_memory, close_memory)
  const struct CMUnitTest tests[] = {
      TEST(page_without_figures_has_none),
      TEST(newest_figures_are_found),
      TEST(figures_that_are_being_written_leave_the_ones_before),
      TEST(figures_of_the_program_before_an_exec_are_dropped),
      TEST(garbage_is_made_valid),
      TEST(only_the_commands_own_file_is_valid),
      TEST(each_process_claims_a_page_and_an_exec_keeps_it),
      TEST(owner_is_gone_without_a_thread_or_once_the_system_says_so),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
