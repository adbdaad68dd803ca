/* One case of attaching a run, named by the first argument; the second is the folder of the plugins. Built in several
   ways: lazy and immediate binding, with and without read-only tables, at a fixed address.

   Exit status 0: as it should be; 1: not, and stderr says what; 77: the system does not allow the case. */
#include <heapster/heapster.h>

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

enum { NOT_ALLOWED = 77, BYTES = 1000 };

static const char *folder;

static void hook(void) { require_ok(heapster_hook("malloc")); }

static struct heapster_status status(void) {
  struct heapster_status found;
  heapster_status_read(&found);
  return found;
}

static struct heapster_window begun(void) {
  struct heapster_window window;
  require_ok(heapster_window_begin(heapster_heap_find("malloc"), HEAPSTER_PROCESS, &window));
  return window;
}

/* Frees that went by while the hook was off, and are booked when the address comes again, are not looked at. */
static void require_counted(struct heapster_window window, uint64_t allocs, uint64_t frees) {
  struct heapster_stats stats;
  require_ok(heapster_window_end(window, &stats));
  require(stats.alloc_count == allocs, "%llu allocs, not %llu", (unsigned long long)stats.alloc_count,
          (unsigned long long)allocs);
  const uint64_t seen = stats.dealloc_count - stats.unseen_free_count;
  require(seen == frees, "%llu frees, not %llu", (unsigned long long)seen, (unsigned long long)frees);
  require(stats.alloc_sum == allocs * BYTES, "%llu bytes", (unsigned long long)stats.alloc_sum);
}

static void require_problem(const char *words) {
  const struct heapster_status found = status();
  require(found.malloc_problem && strstr(found.malloc_problem, words), "no \"%s\" in: %s", words,
          found.malloc_problem ? found.malloc_problem : "no problem");
}

static void require_proved(void) {
  const struct heapster_status found = status();
  require(strcmp(found.malloc_way, "attach") == 0, "the way is %s", found.malloc_way);
  require(found.malloc_is_proved, "not proved: %s", found.malloc_problem ? found.malloc_problem : "without a problem");
  require(!found.malloc_problem, "%s", found.malloc_problem);
}

struct plugin {
  void *handle;
  void *(*allocate)(size_t size);
  void (*release)(void *block);
};

static struct plugin opened(const char *name, int flags) {
  struct plugin plugin;
  char path[4096];
  snprintf(path, sizeof path, "%s/lib%s.so", folder, name);
  plugin.handle = dlopen(path, flags);
  require(plugin.handle != NULL, "%s", dlerror());
  void *allocate = dlsym(plugin.handle, "plugin_allocate");
  void *release = dlsym(plugin.handle, "plugin_free");
  memcpy(&plugin.allocate, &allocate, sizeof allocate);
  memcpy(&plugin.release, &release, sizeof release);
  return plugin;
}

/* The slot of a plugin through which it calls the function of that name. */
struct wanted_slot {
  const char *object;
  const char *name;
  uintptr_t *slot;
};

static void look_in(struct wanted_slot *wanted, const struct dl_phdr_info *info, const ElfW(Dyn) * entry) {
  const ElfW(Sym) *symbols = NULL;
  const char *names = NULL;
  const ElfW(Rela) * tables[2] = {NULL, NULL};
  size_t sizes[2] = {0, 0};
  for (; entry->d_tag != DT_NULL; entry++) {
    if (entry->d_tag == DT_SYMTAB) symbols = (const void *)entry->d_un.d_ptr;
    if (entry->d_tag == DT_STRTAB) names = (const void *)entry->d_un.d_ptr;
    if (entry->d_tag == DT_JMPREL) tables[0] = (const void *)entry->d_un.d_ptr;
    if (entry->d_tag == DT_PLTRELSZ) sizes[0] = entry->d_un.d_val / sizeof(ElfW(Rela));
    if (entry->d_tag == DT_RELA) tables[1] = (const void *)entry->d_un.d_ptr;
    if (entry->d_tag == DT_RELASZ) sizes[1] = entry->d_un.d_val / sizeof(ElfW(Rela));
  }
  for (unsigned table = 0; table < 2; table++) {
    if (!symbols || !names || !tables[table]) continue;
    for (size_t i = 0; i < sizes[table]; i++) {
      const ElfW(Rela) *each = &tables[table][i];
      if (strcmp(names + symbols[ELF64_R_SYM(each->r_info)].st_name, wanted->name) != 0) continue;
      wanted->slot = (uintptr_t *)(info->dlpi_addr + each->r_offset);
    }
  }
}

static int look_for_slot(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size;
  struct wanted_slot *wanted = context;
  if (!strstr(info->dlpi_name, wanted->object)) return 0;
  for (ElfW(Half) i = 0; i < info->dlpi_phnum; i++) {
    if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
      look_in(wanted, info, (const ElfW(Dyn) *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr));
  }
  return 1;
}

static uintptr_t *slot_of(const char *object, const char *name) {
  struct wanted_slot wanted = {object, name, NULL};
  dl_iterate_phdr(look_for_slot, &wanted);
  require(wanted.slot != NULL, "%s does not call %s", object, name);
  return wanted.slot;
}

static void protect(const uintptr_t *slot, int protection) {
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  require(mprotect((void *)((uintptr_t)slot & -page), page, protection) == 0, "mprotect: %s", strerror(errno));
}

/* What is mapped from files, and how it may be used. */
static size_t read_protections(char *text, size_t capacity) {
  FILE *maps = fopen("/proc/self/maps", "re");
  char line[4096];
  size_t length = 0;
  require(maps != NULL, "no /proc/self/maps");
  while (fgets(line, sizeof line, maps)) {
    if (strstr(line, ".so") && length + strlen(line) < capacity) length += (size_t)sprintf(text + length, "%s", line);
  }
  fclose(maps);
  return length;
}

/* --- the cases --- */

static void a_slot_that_holds_the_real_function_is_exchanged(void) {
  free(malloc(1)); /* resolved by now */
  hook();
  const struct heapster_window window = begun();
  for (unsigned i = 0; i < 100; i++) free(malloc(BYTES));
  require_counted(window, 100, 100);
  require_proved();
}

static void a_slot_that_is_not_resolved_yet_is_exchanged(void) {
  hook();
  const struct heapster_window window = begun();
  void *block = aligned_alloc(8, BYTES); /* called for the first time */
  free(block);
  require_counted(window, 1, 1);
}

static void every_function_of_the_family_is_counted_once(void) {
  void *blocks[8];
  hook();
  const struct heapster_window window = begun();
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
  const struct heapster_window window = begun();
  free(pvalloc(BYTES));
  require_counted(window, 1, 1);
}

static void calls_inside_libc_are_counted(void) {
  char text[BYTES];
  memset(text, 'x', sizeof text);
  text[BYTES - 1] = '\0';
  hook();
  const struct heapster_window window = begun();
  free(strdup(text));
  require_counted(window, 1, 1);
}

static void blocks_from_before_the_hook_are_unseen(void) {
  struct heapster_stats stats;
  void *freed = malloc(BYTES);
  void *resized = malloc(BYTES);
  hook();
  struct heapster_window window = begun();
  free(freed);
  free(realloc(resized, (size_t)BYTES * 2));
  require_ok(heapster_window_end(window, &stats));
  require(stats.unseen_alloc_count == 2, "%llu unseen", (unsigned long long)stats.unseen_alloc_count);
  require(stats.alloc_count == 1 && stats.dealloc_count == 1, "a resize is booked as an alloc of its new size");
  require(stats.live_change == 0 && stats.use_change == 0, "something is alive");
}

static void a_read_only_page_is_read_only_again_afterwards(void) {
  enum { CAPACITY = 65536 };
  static char before[CAPACITY];
  static char hooked[CAPACITY];
  static char unhooked[CAPACITY];
  opened("plugin_now", RTLD_NOW);
  read_protections(before, CAPACITY);
  hook();
  read_protections(hooked, CAPACITY);
  require_ok(heapster_unhook("malloc"));
  read_protections(unhooked, CAPACITY);
  require(strcmp(before, hooked) == 0, "before:\n%s\nhooked:\n%s", before, hooked);
  require(strcmp(before, unhooked) == 0, "before:\n%s\nunhooked:\n%s", before, unhooked);
}

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

static void a_slot_that_leads_to_another_function_is_left_alone_and_that_is_told(void) {
  const struct plugin plugin = opened("plugin_own", RTLD_NOW | RTLD_DEEPBIND);
  uintptr_t *slot = slot_of("libplugin_own", "malloc");
  const uintptr_t own = *slot;
  hook();
  require(*slot == own, "the slot was exchanged");
  require_problem("libplugin_own.so");
  const struct heapster_window window = begun();
  plugin.release(plugin.allocate(BYTES));
  require_counted(window, 0, 0);
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

/* From now on the system refuses to change the protection of a page. */
static void forbid_mprotect(void) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) exit(NOT_ALLOWED);
}

static void a_page_that_is_refused_is_left_alone_and_that_is_told(void) {
  const struct plugin lazy = opened("plugin_lazy", RTLD_LAZY);
  const struct plugin now = opened("plugin_now", RTLD_NOW);
  forbid_mprotect();
  hook();
  require_problem("the system does not allow");
  require(!status().malloc_is_proved, "libc's own table is read-only: that is no proof");
  const struct heapster_window window = begun();
  void *block = lazy.allocate(BYTES);
  lazy.release(now.allocate(BYTES));
  lazy.release(block);
  struct heapster_stats stats;
  require_ok(heapster_window_end(window, &stats));
  require(stats.alloc_count == 1 && stats.dealloc_count == 1, "what could be exchanged is counted");
  require(heapster_unhook("malloc") == HEAPSTER_OK, "what could be exchanged can be put back");
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

struct test {
  const char *name;
  void (*run)(void);
};

#define CASE(name) \
  { #name, name }
static const struct test cases[] = {
    CASE(a_slot_that_holds_the_real_function_is_exchanged),
    CASE(a_slot_that_is_not_resolved_yet_is_exchanged),
    CASE(every_function_of_the_family_is_counted_once),
    CASE(pvalloc_is_counted),
    CASE(calls_inside_libc_are_counted),
    CASE(blocks_from_before_the_hook_are_unseen),
    CASE(a_read_only_page_is_read_only_again_afterwards),
    CASE(unhook_puts_back_what_is_still_ours),
    CASE(counted_functions_whose_address_was_kept_go_on),
    CASE(an_object_that_was_loaded_later_is_found_when_a_window_begins),
    CASE(an_object_that_was_loaded_later_is_found_when_figures_are_read),
    CASE(a_page_that_the_loader_is_at_work_on_is_left_to_a_later_look),
    CASE(an_object_is_done_when_a_later_look_finds_our_functions_in_it),
    CASE(a_slot_that_leads_to_another_function_is_left_alone_and_that_is_told),
    CASE(a_slot_of_which_it_is_not_known_what_it_will_lead_to_is_left_alone),
    CASE(a_library_opened_with_deepbind_is_counted),
    CASE(a_lazy_library_is_counted_after_its_first_call),
    CASE(a_lazy_library_over_a_stacked_allocator_is_told),
    CASE(a_library_opened_with_deepbind_over_a_stacked_allocator_is_told),
    CASE(a_page_that_is_refused_is_left_alone_and_that_is_told),
    CASE(what_could_not_be_put_back_is_told_and_put_back_by_the_next_unhook),
    CASE(hook_and_unhook_from_many_threads_leave_what_the_last_one_asked_for),
    CASE(the_child_of_a_fork_counts_on_and_finds_what_it_loads),
    CASE(the_child_of_a_fork_among_threads_counts_on_and_does_not_hang),
    CASE(errno_is_kept),
};

int main(int argc, char **argv) {
  folder = argc > 2 ? argv[2] : ".";
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    if (argc < 2) puts(cases[i].name);
    if (argc < 2 || strcmp(argv[1], cases[i].name) != 0) continue;
    cases[i].run();
    return 0;
  }
  return argc > 1; /* no such case */
}
