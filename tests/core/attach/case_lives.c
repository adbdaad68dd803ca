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

static void unhook_puts_back_what_is_still_ours(void) {
  const struct plugin plugin = opened("plugin_now", RTLD_NOW);
  uintptr_t *slot = slot_of("libplugin_now", "malloc");
  const uintptr_t real = *slot;
  hook();
  require(*slot != real, "the slot was not exchanged");
  void *block = malloc(BYTES);
  require_ok(heapster_unhook("malloc"));
  require(*slot == real, "the slot was not put back");
  require(strcmp(status().malloc_way, "none") == 0, "the way is %s", status().malloc_way);
  require_problem("its hook is off");
  const struct heapster_window window = begun();
  free(block);
  plugin.release(plugin.allocate(BYTES));
  free(malloc(BYTES));
  require_counted(window, 0, 0);
  require_ok(heapster_unhook("malloc")); /* nothing is off already */
}

static void counted_functions_whose_address_was_kept_go_on(void) {
  const struct plugin plugin = opened("plugin_now", RTLD_NOW);
  void *(*kept)(size_t size);
  hook();
  memcpy(&kept, slot_of("libplugin_now", "malloc"), sizeof kept);
  require_ok(heapster_unhook("malloc"));
  void *block = kept(BYTES);
  require(block != NULL, "a kept function refused");
  plugin.release(block);
  hook();
  const struct heapster_window window = begun();
  plugin.release(plugin.allocate(BYTES));
  require_counted(window, 1, 1);
}

static void what_could_not_be_put_back_is_told_and_put_back_by_the_next_unhook(void) {
  const struct plugin plugin = opened("plugin_now", RTLD_NOW);
  uintptr_t *slot = slot_of("libplugin_now", "malloc");
  const uintptr_t real = *slot;
  hook();
  protect(slot, PROT_READ | PROT_WRITE); /* as a loader that is at work on it */
  require_error(HEAPSTER_UNSUPPORTED, heapster_unhook("malloc"));
  require_problem("not all import tables could be pointed back");
  plugin.release(plugin.allocate(BYTES));
  protect(slot, PROT_READ);
  require_ok(heapster_unhook("malloc"));
  require(*slot == real, "the slot was not put back");
  require_problem("its hook is off");
}

static void *hook_and_unhook(void *is_over) {
  while (!atomic_load((atomic_bool *)is_over)) {
    heapster_hook("malloc");
    heapster_unhook("malloc");
  }
  return NULL;
}

static void hook_and_unhook_from_many_threads_leave_what_the_last_one_asked_for(void) {
  enum { THREADS = 4, ROUNDS = 50 };
  for (unsigned round = 0; round < ROUNDS; round++) {
    pthread_t threads[THREADS];
    atomic_bool is_over = false;
    for (unsigned i = 0; i < THREADS; i++) start_thread(&threads[i], hook_and_unhook, &is_over);
    for (unsigned i = 0; i < 20; i++) free(malloc(BYTES));
    atomic_store(&is_over, true);
    for (unsigned i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    hook();
    const struct heapster_window window = begun();
    free(malloc(BYTES));
    require_counted(window, 1, 1);
    require_ok(heapster_unhook("malloc"));
    const struct heapster_window off = begun();
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
    const struct plugin plugin = opened("plugin_now", RTLD_NOW);
    const struct heapster_window window = begun();
    plugin.release(plugin.allocate(BYTES));
    require_counted(window, 1, 1);
    require_ok(heapster_unhook("malloc"));
    _exit(0);
  }
  await(child);
  const struct heapster_window window = begun();
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

static void count_on_without_looking(void) {
  alarm(30);
  const struct heapster_window window = begun();
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
    if (child == 0) count_on_without_looking();
    await(child);
  }
  atomic_store(&is_over, true);
  pthread_join(thread, NULL);
  require_proved();
}

static void errno_is_kept(void) {
  errno = EDOM;
  hook();
  opened("plugin_now", RTLD_NOW);
  errno = EDOM;
  begun();
  require(errno == EDOM, "errno is %d", errno);
}

const struct test lives_cases[] = {
    CASE(unhook_puts_back_what_is_still_ours),
    CASE(counted_functions_whose_address_was_kept_go_on),
    CASE(what_could_not_be_put_back_is_told_and_put_back_by_the_next_unhook),
    CASE(hook_and_unhook_from_many_threads_leave_what_the_last_one_asked_for),
    CASE(the_child_of_a_fork_counts_on_and_finds_what_it_loads),
    CASE(the_child_of_a_fork_among_threads_counts_on_and_does_not_hang),
    CASE(errno_is_kept),
    {NULL, NULL},
};
