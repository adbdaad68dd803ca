/* Cases of attaching: libraries that are loaded late, or are bound elsewhere. */
#include "case.h"

#include <dlfcn.h>
#include <link.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void an_object_that_was_loaded_later_is_found_at(bool is_by_window) {
  static const char *const names[] = {"plugin_now", "plugin_lazy"};
  hook();
  for (unsigned i = 0; i < 2; i++) {
    struct heapster_stats stats;
    const struct plugin plugin = open_plugin(names[i], RTLD_LAZY);
    if (!is_by_window) heapster_stats_read(NULL, &stats);
    const struct heapster_window window = begin_window();
    plugin.release(plugin.allocate(BYTES));
    require_counted(window, 1, 1);
    dlclose(plugin.handle);
  }
  require_proved();
}

static void an_object_that_was_loaded_later_is_found_when_a_window_begins(void) {
  an_object_that_was_loaded_later_is_found_at(true);
}

static void an_object_that_was_loaded_later_is_found_when_figures_are_read(void) {
  struct heapster_stats before;
  struct heapster_stats after;
  hook();
  const struct plugin plugin = open_plugin("plugin_now", RTLD_NOW);
  heapster_stats_read(heapster_heap_find("malloc"), &before);
  plugin.release(plugin.allocate(BYTES));
  heapster_stats_read(heapster_heap_find("malloc"), &after);
  require(after.alloc_count == before.alloc_count + 1, "not counted after a reading");
  an_object_that_was_loaded_later_is_found_at(false);
}

/* Whether the frame counts the plugin's block. No figure is read meanwhile, and no window begins. */
static bool is_counted_in_a_frame(const struct plugin *plugin) {
  static struct heapster_frames frames;
  require_ok(heapster_frame_mark());
  plugin->release(plugin->allocate(BYTES));
  require_ok(heapster_frame_mark());
  heapster_frames_read(heapster_heap_find("malloc"), &frames);
  return frames.last.alloc_count == 1 && frames.last.total_alloc_sum == BYTES;
}

static void an_object_that_was_loaded_later_is_found_when_a_frame_is_marked(void) {
  static const char *const names[] = {"plugin_now", "plugin_lazy"};
  hook();
  require_ok(heapster_frame_mark());
  for (unsigned i = 0; i < 2; i++) {
    const struct plugin plugin = open_plugin(names[i], RTLD_LAZY);
    require(is_counted_in_a_frame(&plugin), "%s is not counted", names[i]);
    dlclose(plugin.handle);
  }
  require_proved();
}

static void *wait_until_over(void *is_over) {
  while (!atomic_load((atomic_bool *)is_over)) sched_yield();
  return NULL;
}

/* As the page is while another thread's dlopen relocates the object. */
static void a_page_that_the_loader_may_be_relocating_is_left_to_a_later_rescan(void) {
  pthread_t thread;
  atomic_bool is_over = false;
  start_thread(&thread, wait_until_over, &is_over);
  const struct plugin plugin = open_plugin("plugin_now", RTLD_NOW);
  uintptr_t *slot = slot_of("libplugin_now", "malloc");
  const uintptr_t real = *slot;
  protect(slot, PROT_READ | PROT_WRITE);
  hook();
  require(*slot == real, "the slot was written to");
  require_problem("libplugin_now.so: its import table is writable");
  protect(slot, PROT_READ);
  const struct heapster_window window = begin_window();
  plugin.release(plugin.allocate(BYTES));
  require_counted(window, 1, 1);
  require_proved();
  atomic_store(&is_over, true);
  pthread_join(thread, NULL);
}

static void require_counted_and_restored_in_a_writable_page(const struct plugin *plugin) {
  uintptr_t *slot = slot_of("libplugin_now", "malloc");
  const uintptr_t real = *slot;
  protect(slot, PROT_READ | PROT_WRITE);
  hook();
  const struct heapster_window window = begin_window();
  plugin->release(plugin->allocate(BYTES));
  require_counted(window, 1, 1);
  require_proved();
  require_ok(heapster_unhook("malloc"));
  require(*slot == real, "the slot was not restored");
}

/* As other tools leave it. Nothing is being loaded: an earlier walk found the page protected; or there is one thread.
 */
static void a_page_that_was_left_writable_is_written_to(void) {
  pthread_t thread;
  atomic_bool is_over = false;
  const struct plugin plugin = open_plugin("plugin_now", RTLD_NOW);
  require_counted_and_restored_in_a_writable_page(&plugin);
  protect(slot_of("libplugin_now", "malloc"), PROT_READ);
  start_thread(&thread, wait_until_over, &is_over);
  hook();
  require_ok(heapster_unhook("malloc"));
  require_counted_and_restored_in_a_writable_page(&plugin);
  atomic_store(&is_over, true);
  pthread_join(thread, NULL);
}

/* The order of objects changes meanwhile: the page that was left writable is that of an older one. */
static void a_page_that_was_left_writable_is_written_to_whatever_is_loaded_and_unloaded(void) {
  pthread_t thread;
  atomic_bool is_over = false;
  const struct plugin lazy = open_plugin("plugin_lazy", RTLD_LAZY);
  const struct plugin plugin = open_plugin("plugin_now", RTLD_NOW);
  start_thread(&thread, wait_until_over, &is_over);
  hook();
  require_ok(heapster_unhook("malloc"));
  for (unsigned i = 0; i < 3; i++) dlclose(open_plugin("plugin_own", RTLD_NOW).handle);
  hook();
  dlclose(lazy.handle);
  require_ok(heapster_unhook("malloc"));
  require_counted_and_restored_in_a_writable_page(&plugin);
  atomic_store(&is_over, true);
  pthread_join(thread, NULL);
}

/* As a profiler does that points all import tables at itself, and back at libc's functions. */
static void a_slot_that_another_tool_wrote_to_is_ours_again_when_figures_are_read(void) {
  void *real = dlsym(RTLD_NEXT, "malloc");
  uintptr_t *slot = slot_of("", "malloc"); /* the program's, which comes first */
  hook();
  heapster_stats_read(NULL, &(struct heapster_stats){0}); /* a walk that finds all as it should be */
  protect(slot, PROT_READ | PROT_WRITE);
  memcpy(slot, &real, sizeof real);
  const struct heapster_window window = begin_window();
  free(malloc(BYTES));
  require_counted(window, 1, 1);
}

/* As a dlopen does that relocates after our write. */
static void an_object_is_done_when_a_later_rescan_finds_our_functions_in_it(void) {
  const struct plugin plugin = open_plugin("plugin_lazy", RTLD_LAZY);
  uintptr_t *slot = slot_of("libplugin_lazy", "malloc");
  void *real = dlsym(RTLD_NEXT, "malloc");
  hook();
  memcpy(slot, &real, sizeof real);
  const struct heapster_window window = begin_window();
  plugin.release(plugin.allocate(BYTES));
  require_counted(window, 1, 1);
}

static void a_slot_that_is_not_predictable_is_left_alone(void) {
  const struct plugin plugin = open_plugin("plugin_own_lazy", RTLD_LAZY | RTLD_DEEPBIND);
  hook();
  const struct heapster_window window = begin_window();
  plugin.release(plugin.allocate(BYTES)); /* from its own pool to its own pool */
  require_counted(window, 0, 0);
}

static void a_lazy_library_is_counted_after_its_first_call(void) {
  hook();
  const struct plugin plugin = open_plugin("plugin_lazy", RTLD_LAZY);
  heapster_status_read(&(struct heapster_status){0});
  plugin.release(plugin.allocate(BYTES));
  const struct heapster_window window = begin_window();
  plugin.release(plugin.allocate(BYTES));
  require_counted(window, 1, 1);
  require_proved();
}

static void a_lazy_library_over_a_stacked_allocator_is_reported(void) {
  hook();
  open_plugin("plugin_lazy", RTLD_LAZY);
  require_problem("libplugin_lazy.so: whose malloc it asks is not known");
}

/* The core calls this once to see whether an object was loaded, and twice more to walk. */
static unsigned long long iterations;

int dl_iterate_phdr(int (*visit)(struct dl_phdr_info *, size_t, void *), void *context) {
  static int (*next)(int (*)(struct dl_phdr_info *, size_t, void *), void *);
  void *found = next ? NULL : dlsym(RTLD_NEXT, "dl_iterate_phdr");
  if (found) memcpy(&next, &found, sizeof next);
  require(next, "there is no next dl_iterate_phdr");
  iterations++;
  return next(visit, context);
}

static unsigned long long walks_in_marks(unsigned marks) {
  const unsigned long long before = iterations;
  for (unsigned i = 0; i < marks; i++) require_ok(heapster_frame_mark());
  return (iterations - before - marks) / 2;
}

static void a_lazy_library_over_a_stacked_allocator_makes_few_marks_walk_until_it_is_done(void) {
  enum { MARKS = 1000, FEW = 20, LONGEST = 256 };
  hook();
  const struct plugin plugin = open_plugin("plugin_lazy", RTLD_LAZY);
  require(walks_in_marks(MARKS) <= FEW, "more than %d of %d marks walked", FEW, MARKS);
  plugin.release(plugin.allocate(BYTES));
  walks_in_marks(LONGEST);
  require(is_counted_in_a_frame(&plugin), "not counted so long after its first call");
  require_proved();
}

static void a_library_opened_with_deepbind_over_a_stacked_allocator_is_reported(void) {
  const struct plugin plugin = open_plugin("plugin_now", RTLD_NOW | RTLD_DEEPBIND);
  hook();
  require_problem("libplugin_now.so: it asks another malloc");
  const struct heapster_window window = begin_window();
  plugin.release(plugin.allocate(BYTES));
  require_counted(window, 0, 0);
}

static void a_library_opened_with_deepbind_is_counted(void) {
  const struct plugin plugin = open_plugin("plugin_now", RTLD_NOW | RTLD_DEEPBIND);
  hook();
  const struct heapster_window window = begin_window();
  plugin.release(plugin.allocate(BYTES));
  require_counted(window, 1, 1);
  require_proved();
}

/* libstdc++ would ask malloc for 1,024 bytes, and twice if it gets none. Its second life is at another address,
 * perhaps. */
static void a_plugin_that_brings_libstdcxx_counts_what_was_asked_for(void) {
  hook();
  for (unsigned i = 0; i < 4; i++) {
    const struct plugin plugin = open_plugin("plugin_cxx", i % 2 ? RTLD_NOW : RTLD_LAZY | RTLD_DEEPBIND);
    struct heapster_window window = begin_window();
    plugin.release(plugin.allocate(BYTES));
    require_counted(window, 1, 1);
    struct heapster_stats stats;
    window = begin_window();
    require(!plugin.allocate(SIZE_MAX / 4), "half of the address space was served");
    require_ok(heapster_window_end(window, &stats));
    require(stats.alloc_fail_count == 1, "%llu refusals", (unsigned long long)stats.alloc_fail_count);
    dlclose(plugin.handle);
  }
  require_proved();
}

const struct test libraries_cases[] = {
    CASE(a_plugin_that_brings_libstdcxx_counts_what_was_asked_for),
    CASE(an_object_that_was_loaded_later_is_found_when_a_window_begins),
    CASE(an_object_that_was_loaded_later_is_found_when_figures_are_read),
    CASE(an_object_that_was_loaded_later_is_found_when_a_frame_is_marked),
    CASE(a_page_that_the_loader_may_be_relocating_is_left_to_a_later_rescan),
    CASE(a_page_that_was_left_writable_is_written_to),
    CASE(a_page_that_was_left_writable_is_written_to_whatever_is_loaded_and_unloaded),
    CASE(a_slot_that_another_tool_wrote_to_is_ours_again_when_figures_are_read),
    CASE(an_object_is_done_when_a_later_rescan_finds_our_functions_in_it),
    CASE(a_slot_that_is_not_predictable_is_left_alone),
    CASE(a_library_opened_with_deepbind_is_counted),
    CASE(a_lazy_library_is_counted_after_its_first_call),
    CASE(a_lazy_library_over_a_stacked_allocator_is_reported),
    CASE(a_lazy_library_over_a_stacked_allocator_makes_few_marks_walk_until_it_is_done),
    CASE(a_library_opened_with_deepbind_over_a_stacked_allocator_is_reported),
    {NULL, NULL},
};
