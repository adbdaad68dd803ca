/* Cases of libraries whose calls pass by a hook that was preloaded: it stands in front, and nothing is attached. */
#include "case.h"

#include <dlfcn.h>
#include <string.h>

static void require_no_problem(void) {
  const struct heapster_status found = read_status();
  require(!strcmp(found.malloc_way, "preload"), "the mode is %s", found.malloc_way);
  require(!found.malloc_problem, "%s", found.malloc_problem);
}

static void require_counted_from_now_on(const struct plugin *plugin) {
  const struct heapster_window window = begin_window();
  plugin->release(plugin->allocate(BYTES));
  require_counted(window, 1, 1);
}

static void a_bypassing_library_opened_with_deepbind_is_counted_from_the_next_rescan_on_and_reported(void) {
  const struct plugin plugin = open_plugin("plugin_now", RTLD_NOW | RTLD_DEEPBIND);
  void *block = plugin.allocate(BYTES);
  require_counted_from_now_on(&plugin);
  plugin.release(block);
  require_problem("earlier calls from libplugin_now.so: it was loaded with RTLD_DEEPBIND");
  require_counted_from_now_on(&plugin);
}

static void several_bypassing_libraries_are_reported_by_their_number(void) {
  const struct plugin first = open_plugin("plugin_now", RTLD_NOW | RTLD_DEEPBIND);
  const struct plugin second = open_plugin("plugin_lazy", RTLD_NOW | RTLD_DEEPBIND);
  require_counted_from_now_on(&first);
  require_counted_from_now_on(&second);
  require_problem("earlier calls from 2 libraries, libplugin_now.so the first: ");
}

static void a_bypassing_library_that_is_not_resolved_yet_misses_nothing(void) {
  const struct plugin plugin = open_plugin("plugin_lazy", RTLD_LAZY | RTLD_DEEPBIND);
  require_counted_from_now_on(&plugin);
  require_no_problem();
}

static void an_ordinary_library_passes_nothing_by(void) {
  static const char *const names[] = {"plugin_now", "plugin_lazy", "plugin_own", "plugin_own_lazy"};
  for (unsigned i = 0; i < 4; i++) {
    const struct plugin plugin = open_plugin(names[i], RTLD_LAZY);
    require_counted_from_now_on(&plugin);
    require_no_problem();
  }
}

static void a_bypassing_library_with_its_own_malloc_is_left_alone_and_reported(void) {
  const struct plugin plugin = open_plugin("plugin_own", RTLD_NOW | RTLD_DEEPBIND);
  const struct heapster_window window = begin_window();
  plugin.release(plugin.allocate(BYTES));
  require_counted(window, 0, 0);
  require_problem("libplugin_own.so: it asks another malloc");
}

static void a_bypassing_library_over_another_allocator_is_left_alone_and_reported(void) {
  const struct plugin plugin = open_plugin("plugin_now", RTLD_NOW | RTLD_DEEPBIND);
  const struct heapster_window window = begin_window();
  plugin.release(plugin.allocate(BYTES));
  require_counted(window, 0, 0);
  require_problem("libplugin_now.so: it asks another malloc");
}

const struct test bypass_cases[] = {
    CASE(a_bypassing_library_opened_with_deepbind_is_counted_from_the_next_rescan_on_and_reported),
    CASE(several_bypassing_libraries_are_reported_by_their_number),
    CASE(a_bypassing_library_that_is_not_resolved_yet_misses_nothing),
    CASE(an_ordinary_library_passes_nothing_by),
    CASE(a_bypassing_library_with_its_own_malloc_is_left_alone_and_reported),
    CASE(a_bypassing_library_over_another_allocator_is_left_alone_and_reported),
    {NULL, NULL},
};
