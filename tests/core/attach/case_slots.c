/* Cases of attaching: slots and their pages. */
#include "case.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <wchar.h>

static void a_slot_that_holds_the_real_function_is_replaced(void) {
  free(malloc(1)); /* resolved by now */
  hook();
  const struct heapster_window window = begin_window();
  for (unsigned i = 0; i < 100; i++) free(malloc(BYTES));
  require_counted(window, 100, 100);
  require_proved();
}

static void a_slot_that_is_not_resolved_yet_is_replaced(void) {
  hook();
  const struct heapster_window window = begin_window();
  void *block = aligned_alloc(8, BYTES); /* called for the first time */
  free(block);
  require_counted(window, 1, 1);
}

static void every_function_of_the_family_is_counted_once(void) {
  void *blocks[8];
  hook();
  const struct heapster_window window = begin_window();
  blocks[0] = malloc(BYTES);
  blocks[1] = calloc(10, BYTES / 10);
  blocks[2] = realloc(NULL, BYTES);
  blocks[3] = reallocarray(NULL, 10, BYTES / 10);
  blocks[4] = aligned_alloc(8, BYTES);
  blocks[5] = memalign(64, BYTES);
  blocks[6] = valloc(BYTES);
  require(posix_memalign(&blocks[7], 64, BYTES) == 0, "posix_memalign refused");
  for (unsigned i = 0; i < 8; i++) free(blocks[i]);
  require_counted(window, 8, 8);
}

static void pvalloc_is_counted(void) {
  hook();
  const struct heapster_window window = begin_window();
  free(pvalloc(BYTES));
  require_counted(window, 1, 1);
}

static void a_reallocarray_that_overflows_is_a_refusal(void) {
  struct heapster_stats stats;
  const volatile size_t much = (size_t)1 << 40;
  hook();
  void *block = malloc(BYTES);
  const struct heapster_window window = begin_window();
  require(!reallocarray(NULL, much, much) && errno == ENOMEM, "an alloc was not refused");
  errno = 0;
  require(!reallocarray(block, much, much) && errno == ENOMEM, "a resize was not refused");
  require_ok(heapster_window_end(window, &stats));
  require(stats.alloc_fail_count == 1, "%llu allocs refused", (unsigned long long)stats.alloc_fail_count);
  require(stats.realloc_fail_count == 1, "%llu resizes refused", (unsigned long long)stats.realloc_fail_count);
  free(block);
}

/* wcsdup, since some allocators bring a strdup of their own. */
static void calls_inside_libc_are_counted(void) {
  enum { LENGTH = BYTES / sizeof(wchar_t) };
  wchar_t text[LENGTH];
  wmemset(text, L'x', LENGTH - 1);
  text[LENGTH - 1] = L'\0';
  hook();
  const struct heapster_window window = begin_window();
  free(wcsdup(text));
  require_counted(window, 1, 1);
}

static void blocks_from_before_the_hook_are_unseen(void) {
  struct heapster_stats stats;
  void *freed = malloc(BYTES);
  void *resized = malloc(BYTES);
  hook();
  struct heapster_window window = begin_window();
  free(freed);
  free(realloc(resized, (size_t)BYTES * 2));
  require_ok(heapster_window_end(window, &stats));
  require(stats.unseen_alloc_count == 2, "%llu unseen", (unsigned long long)stats.unseen_alloc_count);
  require(stats.alloc_count == 1 && stats.dealloc_count == 1, "a resize is recorded as an alloc of its new size");
  require(stats.live_change == 0 && stats.use_change == 0, "something is alive");
}

static void a_read_only_page_is_read_only_again_afterwards(void) {
  enum { CAPACITY = 65536 };
  static char before[CAPACITY];
  static char hooked[CAPACITY];
  static char unhooked[CAPACITY];
  open_plugin("plugin_now", RTLD_NOW);
  read_protections(before, CAPACITY);
  hook();
  read_protections(hooked, CAPACITY);
  require_ok(heapster_unhook("malloc"));
  read_protections(unhooked, CAPACITY);
  require(!strcmp(before, hooked), "before:\n%s\nhooked:\n%s", before, hooked);
  require(!strcmp(before, unhooked), "before:\n%s\nunhooked:\n%s", before, unhooked);
}

static void a_slot_that_is_bound_elsewhere_is_left_alone_and_that_is_reported(void) {
  const struct plugin plugin = open_plugin("plugin_own", RTLD_NOW | RTLD_DEEPBIND);
  uintptr_t *slot = slot_of("libplugin_own", "malloc");
  const uintptr_t own = *slot;
  hook();
  require(*slot == own, "the slot was replaced");
  require_problem("libplugin_own.so");
  const struct heapster_window window = begin_window();
  plugin.release(plugin.allocate(BYTES));
  require_counted(window, 0, 0);
}

static void a_page_that_is_refused_is_left_alone_and_that_is_reported(void) {
  const struct plugin lazy = open_plugin("plugin_lazy", RTLD_LAZY);
  const struct plugin now = open_plugin("plugin_now", RTLD_NOW);
  forbid_mprotect();
  hook();
  require_problem("the system does not allow");
  require(!read_status().malloc_is_proved, "libc's own table is read-only: that is no proof");
  const struct heapster_window window = begin_window();
  void *block = lazy.allocate(BYTES);
  lazy.release(now.allocate(BYTES));
  lazy.release(block);
  struct heapster_stats stats;
  require_ok(heapster_window_end(window, &stats));
  require(stats.alloc_count == 1 && stats.dealloc_count == 1, "what could be replaced is counted");
  require(heapster_unhook("malloc") == HEAPSTER_OK, "what could be replaced can be restored");
}

/* The program's slot for malloc, its value before the hook, and how often all threads passed a barrier while the slot
   still had it. */
static struct {
  uintptr_t *slot;
  uintptr_t real;
  unsigned barriers;
} watched;

/* In place of libc's: the core calls it. */
long syscall(long number, ...) {
  static long (*next)(long number, ...);
  enum { ARGUMENTS = 6, THIS_PROCESS = 8 };
  long argument[ARGUMENTS];
  va_list list;
  va_start(list, number);
  for (unsigned i = 0; i < ARGUMENTS; i++) argument[i] = va_arg(list, long);
  va_end(list);
  if (number == SYS_membarrier && argument[0] == THIS_PROCESS && watched.slot && *watched.slot == watched.real)
    watched.barriers++;
  void *found = next ? NULL : dlsym(RTLD_NEXT, "syscall");
  if (found) memcpy(&next, &found, sizeof next);
  return next(number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
}

static void *wait_until_over(void *is_over) {
  while (!atomic_load((atomic_bool *)is_over)) sched_yield();
  return NULL;
}

/* One barrier says whether the system has any; one stands between the functions' data and the slots. */
static void threads_of_a_processor_that_reorders_pass_a_barrier_before_a_slot_is_replaced(void) {
#if defined(__x86_64__)
  const unsigned needed = 0;
#else
  const unsigned needed = 2;
#endif
  pthread_t thread;
  atomic_bool is_over = false;
  start_thread(&thread, wait_until_over, &is_over);
  watched.slot = slot_of("", "malloc");
  watched.real = *watched.slot;
  hook();
  require(*watched.slot != watched.real, "the slot was not replaced");
  require(watched.barriers == needed, "%u barriers, not %u", watched.barriers, needed);
  const struct heapster_window window = begin_window();
  free(malloc(BYTES));
  require_counted(window, 1, 1);
  atomic_store(&is_over, true);
  pthread_join(thread, NULL);
}

const struct test slots_cases[] = {
    CASE(a_slot_that_holds_the_real_function_is_replaced),
    CASE(a_slot_that_is_not_resolved_yet_is_replaced),
    CASE(every_function_of_the_family_is_counted_once),
    CASE(pvalloc_is_counted),
    CASE(a_reallocarray_that_overflows_is_a_refusal),
    CASE(calls_inside_libc_are_counted),
    CASE(blocks_from_before_the_hook_are_unseen),
    CASE(a_read_only_page_is_read_only_again_afterwards),
    CASE(a_slot_that_is_bound_elsewhere_is_left_alone_and_that_is_reported),
    CASE(a_page_that_is_refused_is_left_alone_and_that_is_reported),
    CASE(threads_of_a_processor_that_reorders_pass_a_barrier_before_a_slot_is_replaced),
    {NULL, NULL},
};
