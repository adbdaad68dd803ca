/* Cases of attaching: hook and unhook, threads and forks. */
#include "case.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void unhook_restores_our_slots(void) {
  const struct plugin plugin = open_plugin("plugin_now", RTLD_NOW);
  uintptr_t *slot = slot_of("libplugin_now", "malloc");
  const uintptr_t real = *slot;
  hook();
  require(*slot != real, "the slot was not replaced");
  void *block = malloc(BYTES);
  require_ok(heapster_unhook("malloc"));
  require(*slot == real, "the slot was not restored");
  require(!strcmp(read_status().malloc_way, "none"), "the mode is %s", read_status().malloc_way);
  require_problem("its hook is off");
  const struct heapster_window window = begin_window();
  free(block);
  plugin.release(plugin.allocate(BYTES));
  free(malloc(BYTES));
  require_counted(window, 0, 0);
  require_ok(heapster_unhook("malloc")); /* it is off already */
}

static uint64_t doubtful(void) { return read_status().doubtful_count; }

/* Blocks of one size first, then of other sizes: their addresses never begin a block again. */
static void blocks_freed_while_the_hook_was_off_leave_the_figures_when_their_memory_is_used_again(void) {
  enum { BLOCKS = 500 };
  static void *volatile blocks[BLOCKS];
  static struct heapster_stats before, after;
  hook();
  heapster_stats_read(heapster_heap_find("malloc"), &before);
  for (unsigned i = 0; i < BLOCKS; i++) blocks[i] = malloc(BYTES);
  void *alive = malloc(BYTES);
  require_ok(heapster_unhook("malloc"));
  const uint64_t all = doubtful();
  require(all > BLOCKS, "%llu blocks are doubtful", (unsigned long long)all);
  for (unsigned i = 0; i < BLOCKS; i++) free(blocks[i]);
  hook();
  void *covers = malloc((size_t)BLOCKS * (BYTES + 100));
  free(covers);
  for (unsigned size = 200; size <= 1800; size += 200) {
    for (unsigned i = 0; i < BLOCKS; i++) blocks[i] = malloc(size);
    for (unsigned i = 0; i < BLOCKS; i++) free(blocks[i]);
  }
  heapster_stats_read(heapster_heap_find("malloc"), &after);
  require(after.live_count - before.live_count == 1, "%lld blocks are live",
          (long long)(after.live_count - before.live_count));
  require(after.use_curr - before.use_curr == BYTES, "%lld bytes are live",
          (long long)(after.use_curr - before.use_curr));
  require(doubtful() == all - BLOCKS, "%llu of %llu blocks are doubtful", (unsigned long long)doubtful(),
          (unsigned long long)all);
  free(alive);
  require(doubtful() == all - BLOCKS - 1, "a free leaves its block doubtful");
}

static void a_block_that_lives_while_the_hook_is_off_is_freed_through_the_next(void) {
  hook();
  void *volatile block = malloc(BYTES);
  require_ok(heapster_unhook("malloc"));
  hook();
  const struct heapster_window window = begin_window();
  free(malloc(BYTES));
  free(block);
  require_counted(window, 1, 2);
}

static void counted_functions_whose_address_was_kept_go_on(void) {
  const struct plugin plugin = open_plugin("plugin_now", RTLD_NOW);
  void *(*kept)(size_t size);
  hook();
  memcpy(&kept, slot_of("libplugin_now", "malloc"), sizeof kept);
  require_ok(heapster_unhook("malloc"));
  void *block = kept(BYTES);
  require(block, "a kept function refused");
  plugin.release(block);
  hook();
  const struct heapster_window window = begin_window();
  plugin.release(plugin.allocate(BYTES));
  require_counted(window, 1, 1);
}

/* In a thread to which the system refuses to change the protection of a page. */
static void *unhook_without_mprotect(void *context) {
  (void)context;
  forbid_mprotect();
  require_error(HEAPSTER_UNSUPPORTED, heapster_unhook("malloc"));
  return NULL;
}

static void a_slot_that_could_not_be_restored_is_reported_and_restored_by_the_next_unhook(void) {
  const struct plugin plugin = open_plugin("plugin_now", RTLD_NOW);
  uintptr_t *slot = slot_of("libplugin_now", "malloc");
  const uintptr_t real = *slot;
  pthread_t thread;
  hook();
  start_thread(&thread, unhook_without_mprotect, NULL);
  pthread_join(thread, NULL);
  require_problem("not all import tables could be pointed back");
  plugin.release(plugin.allocate(BYTES));
  require_ok(heapster_unhook("malloc"));
  require(*slot == real, "the slot was not restored");
  require_problem("its hook is off");
}

static void *hook_and_unhook(void *is_over) {
  while (!atomic_load((atomic_bool *)is_over)) {
    heapster_hook("malloc");
    heapster_unhook("malloc");
  }
  return NULL;
}

static void hook_and_unhook_from_many_threads_leave_what_the_last_one_requested(void) {
  enum { THREADS = 4, ROUNDS = 50 };
  for (unsigned round = 0; round < ROUNDS; round++) {
    pthread_t threads[THREADS];
    atomic_bool is_over = false;
    for (unsigned i = 0; i < THREADS; i++) start_thread(&threads[i], hook_and_unhook, &is_over);
    for (unsigned i = 0; i < 20; i++) free(malloc(BYTES));
    atomic_store(&is_over, true);
    for (unsigned i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    hook();
    const struct heapster_window window = begin_window();
    free(malloc(BYTES));
    require_counted(window, 1, 1);
    require_ok(heapster_unhook("malloc"));
    const struct heapster_window off = begin_window();
    free(malloc(BYTES));
    require_counted(off, 0, 0);
  }
}

static void await(pid_t child) {
  int ended = 0;
  require(child > 0 && waitpid(child, &ended, 0) == child, "no child");
  require(!WIFSIGNALED(ended), "the child died by signal %d (%d: it hung)", WTERMSIG(ended), SIGALRM);
  require(WEXITSTATUS(ended) == 0, "the child failed");
}

static void the_child_of_a_fork_counts_on_and_finds_what_it_loads(void) {
  hook();
  const pid_t child = fork();
  if (child == 0) {
    alarm(30);
    const struct plugin plugin = open_plugin("plugin_now", RTLD_NOW);
    const struct heapster_window window = begin_window();
    plugin.release(plugin.allocate(BYTES));
    require_counted(window, 1, 1);
    require_ok(heapster_unhook("malloc"));
    _exit(0);
  }
  await(child);
  const struct heapster_window window = begin_window();
  free(malloc(BYTES));
  require_counted(window, 1, 1);
}

static int nothing(struct dl_phdr_info *info, size_t size, void *context) {
  (void)info, (void)size, (void)context;
  return 0;
}

static void *hold_the_loaders_lock(void *is_over) {
  while (!atomic_load((atomic_bool *)is_over)) dl_iterate_phdr(nothing, NULL);
  return NULL;
}

static void count_on_without_rescans(void) {
  alarm(30);
  const struct heapster_window window = begin_window();
  free(malloc(BYTES));
  require_counted(window, 1, 1);
  require_problem("when this process was forked");
  require_error(HEAPSTER_UNSUPPORTED, heapster_unhook("malloc"));
  require_ok(heapster_hook("malloc"));
  _exit(0);
}

static void the_child_of_a_fork_among_threads_counts_on_and_does_not_hang(void) {
  pthread_t thread;
  atomic_bool is_over = false;
  hook();
  start_thread(&thread, hold_the_loaders_lock, &is_over);
  for (unsigned i = 0; i < 100; i++) {
    const pid_t child = fork();
    if (child == 0) count_on_without_rescans();
    await(child);
  }
  atomic_store(&is_over, true);
  pthread_join(thread, NULL);
  require_proved();
}

static void errno_is_kept(void) {
  errno = EDOM;
  hook();
  open_plugin("plugin_now", RTLD_NOW);
  errno = EDOM;
  begin_window();
  require(errno == EDOM, "errno is %d", errno);
}

const struct test lives_cases[] = {
    CASE(unhook_restores_our_slots),
    CASE(blocks_freed_while_the_hook_was_off_leave_the_figures_when_their_memory_is_used_again),
    CASE(a_block_that_lives_while_the_hook_is_off_is_freed_through_the_next),
    CASE(counted_functions_whose_address_was_kept_go_on),
    CASE(a_slot_that_could_not_be_restored_is_reported_and_restored_by_the_next_unhook),
    CASE(hook_and_unhook_from_many_threads_leave_what_the_last_one_requested),
    CASE(the_child_of_a_fork_counts_on_and_finds_what_it_loads),
    CASE(the_child_of_a_fork_among_threads_counts_on_and_does_not_hang),
    CASE(errno_is_kept),
    {NULL, NULL},
};
