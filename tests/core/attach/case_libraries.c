/* Cases of attaching: libraries that are loaded late, or are bound otherwise. */
#include "case.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/mman.h>

static void an_object_that_was_loaded_later_is_found_at(bool is_by_window) {
  static const char *const names[] = {"plugin_now", "plugin_lazy"};
  hook();
  for (unsigned i = 0; i < 2; i++) {
    struct heapster_stats stats;
    const struct plugin plugin = opened(names[i], RTLD_LAZY);
    if (!is_by_window) heapster_stats_read(NULL, &stats);
    const struct heapster_window window = begun();
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
  const struct plugin plugin = opened("plugin_now", RTLD_NOW);
  heapster_stats_read(heapster_heap_find("malloc"), &before);
  plugin.release(plugin.allocate(BYTES));
  heapster_stats_read(heapster_heap_find("malloc"), &after);
  require(after.alloc_count == before.alloc_count + 1, "not counted after a reading");
  an_object_that_was_loaded_later_is_found_at(false);
}

/* As another thread's dlopen leaves the page of an object that it has not finished. */
static void a_page_that_the_loader_is_at_work_on_is_left_to_a_later_look(void) {
  const struct plugin plugin = opened("plugin_now", RTLD_NOW);
  uintptr_t *slot = slot_of("libplugin_now", "malloc");
  const uintptr_t real = *slot;
  protect(slot, PROT_READ | PROT_WRITE);
  hook();
  require(*slot == real, "the slot was written to");
  require_problem("libplugin_now.so: it is being loaded");
  protect(slot, PROT_READ);
  const struct heapster_window window = begun();
  plugin.release(plugin.allocate(BYTES));
  require_counted(window, 1, 1);
  require_proved();
}

/* As a dlopen does that relocates after we wrote. */
static void an_object_is_done_when_a_later_look_finds_our_functions_in_it(void) {
  const struct plugin plugin = opened("plugin_lazy", RTLD_LAZY);
  uintptr_t *slot = slot_of("libplugin_lazy", "malloc");
  void *real = dlsym(RTLD_NEXT, "malloc");
  hook();
  memcpy(slot, &real, sizeof real);
  const struct heapster_window window = begun();
  plugin.release(plugin.allocate(BYTES));
  require_counted(window, 1, 1);
}

static void a_slot_of_which_it_is_not_known_what_it_will_lead_to_is_left_alone(void) {
  const struct plugin plugin = opened("plugin_own_lazy", RTLD_LAZY | RTLD_DEEPBIND);
  hook();
  const struct heapster_window window = begun();
  plugin.release(plugin.allocate(BYTES)); /* from its own pool to its own pool */
  require_counted(window, 0, 0);
}

static void a_lazy_library_is_counted_after_its_first_call(void) {
  hook();
  const struct plugin plugin = opened("plugin_lazy", RTLD_LAZY);
  heapster_status_read(&(struct heapster_status){0});
  plugin.release(plugin.allocate(BYTES));
  const struct heapster_window window = begun();
  plugin.release(plugin.allocate(BYTES));
  require_counted(window, 1, 1);
  require_proved();
}

static void a_lazy_library_over_a_stacked_allocator_is_told(void) {
  hook();
  opened("plugin_lazy", RTLD_LAZY);
  require_problem("libplugin_lazy.so: whose malloc it asks is not known");
}

static void a_library_opened_with_deepbind_over_a_stacked_allocator_is_told(void) {
  const struct plugin plugin = opened("plugin_now", RTLD_NOW | RTLD_DEEPBIND);
  hook();
  require_problem("libplugin_now.so: it asks another malloc");
  const struct heapster_window window = begun();
  plugin.release(plugin.allocate(BYTES));
  require_counted(window, 0, 0);
}

static void a_library_opened_with_deepbind_is_counted(void) {
  const struct plugin plugin = opened("plugin_now", RTLD_NOW | RTLD_DEEPBIND);
  hook();
  const struct heapster_window window = begun();
  plugin.release(plugin.allocate(BYTES));
  require_counted(window, 1, 1);
  require_proved();
}

const struct test libraries_cases[] = {
    CASE(an_object_that_was_loaded_later_is_found_when_a_window_begins),
    CASE(an_object_that_was_loaded_later_is_found_when_figures_are_read),
    CASE(a_page_that_the_loader_is_at_work_on_is_left_to_a_later_look),
    CASE(an_object_is_done_when_a_later_look_finds_our_functions_in_it),
    CASE(a_slot_of_which_it_is_not_known_what_it_will_lead_to_is_left_alone),
    CASE(a_library_opened_with_deepbind_is_counted),
    CASE(a_lazy_library_is_counted_after_its_first_call),
    CASE(a_lazy_library_over_a_stacked_allocator_is_told),
    CASE(a_library_opened_with_deepbind_over_a_stacked_allocator_is_told),
    {NULL, NULL},
};
