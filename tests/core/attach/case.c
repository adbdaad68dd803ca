/* Runs one case of attaching, named by the first argument; the second is the folder of the plugins. Built in several
   ways: with lazy and immediate binding, with and without read-only tables, at a fixed address.

   Exit status 0: passed; 1: failed, and stderr says how; 77: the system does not allow the case. */
#include "case.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *folder;

void hook(void) { require_ok(heapster_hook("malloc")); }

struct heapster_status read_status(void) {
  struct heapster_status found;
  heapster_status_read(&found);
  return found;
}

struct heapster_window begin_window(void) {
  struct heapster_window window;
  require_ok(heapster_window_begin(heapster_heap_find("malloc"), HEAPSTER_PROCESS, &window));
  return window;
}

void require_counted(struct heapster_window window, uint64_t allocs, uint64_t frees) {
  struct heapster_stats stats;
  require_ok(heapster_window_end(window, &stats));
  require(stats.alloc_count == allocs, "%llu allocs, not %llu", (unsigned long long)stats.alloc_count,
          (unsigned long long)allocs);
  const uint64_t seen = stats.dealloc_count - stats.unseen_free_count;
  require(seen == frees, "%llu frees, not %llu", (unsigned long long)seen, (unsigned long long)frees);
  require(stats.alloc_sum == allocs * BYTES, "%llu bytes", (unsigned long long)stats.alloc_sum);
}

void require_problem(const char *words) {
  const struct heapster_status found = read_status();
  require(found.malloc_problem && strstr(found.malloc_problem, words), "no \"%s\" in: %s", words,
          found.malloc_problem ? found.malloc_problem : "no problem");
}

void require_proved(void) {
  const struct heapster_status found = read_status();
  require(!strcmp(found.malloc_way, "attach"), "the mode is %s", found.malloc_way);
  require(found.malloc_is_proved, "not proved: %s", found.malloc_problem ? found.malloc_problem : "without a problem");
  require(!found.malloc_problem, "%s", found.malloc_problem);
}

struct plugin open_plugin(const char *name, int flags) {
  struct plugin plugin;
  char path[4096];
  snprintf(path, sizeof path, "%s/lib%s.so", folder, name);
  plugin.handle = dlopen(path, flags);
  require(plugin.handle, "%s", dlerror());
  void *allocate = dlsym(plugin.handle, "plugin_allocate");
  void *release = dlsym(plugin.handle, "plugin_free");
  memcpy(&plugin.allocate, &allocate, sizeof allocate);
  memcpy(&plugin.release, &release, sizeof release);
  return plugin;
}

/* The slot through which an object calls the function of that name. */
struct searched_slot {
  const char *object;
  const char *name;
  uintptr_t *slot;
};

struct tables {
  const ElfW(Sym) * symbols;
  const char *names;
  const ElfW(Rela) * relocations[2];
  size_t sizes[2];
};

static struct tables tables_of(const ElfW(Dyn) * entry) {
  struct tables tables;
  memset(&tables, 0, sizeof tables);
  for (; entry->d_tag != DT_NULL; entry++) {
    if (entry->d_tag == DT_SYMTAB) tables.symbols = (const void *)entry->d_un.d_ptr;
    if (entry->d_tag == DT_STRTAB) tables.names = (const void *)entry->d_un.d_ptr;
    if (entry->d_tag == DT_JMPREL) tables.relocations[0] = (const void *)entry->d_un.d_ptr;
    if (entry->d_tag == DT_PLTRELSZ) tables.sizes[0] = entry->d_un.d_val / sizeof(ElfW(Rela));
    if (entry->d_tag == DT_RELA) tables.relocations[1] = (const void *)entry->d_un.d_ptr;
    if (entry->d_tag == DT_RELASZ) tables.sizes[1] = entry->d_un.d_val / sizeof(ElfW(Rela));
  }
  return tables;
}

static void search_tables(struct searched_slot *searched, const struct dl_phdr_info *info, const ElfW(Dyn) * dynamic) {
  const struct tables tables = tables_of(dynamic);
  if (!tables.symbols || !tables.names) return;
  for (unsigned table = 0; table < 2; table++) {
    for (size_t i = 0; tables.relocations[table] && i < tables.sizes[table]; i++) {
      const ElfW(Rela) *each = &tables.relocations[table][i];
      if (!strcmp(tables.names + tables.symbols[ELF64_R_SYM(each->r_info)].st_name, searched->name))
        searched->slot = (uintptr_t *)(info->dlpi_addr + each->r_offset);
    }
  }
}

static int search_object(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size;
  struct searched_slot *searched = context;
  if (!strstr(info->dlpi_name, searched->object)) return 0;
  for (ElfW(Half) i = 0; i < info->dlpi_phnum; i++) {
    if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
      search_tables(searched, info, (const ElfW(Dyn) *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr));
  }
  return 1;
}

uintptr_t *slot_of(const char *object, const char *name) {
  struct searched_slot searched = {object, name, NULL};
  dl_iterate_phdr(search_object, &searched);
  require(searched.slot, "%s does not call %s", object, name);
  return searched.slot;
}

void protect(const uintptr_t *slot, int protection) {
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  require(mprotect((void *)((uintptr_t)slot & -page), page, protection) == 0, "mprotect: %s", strerror(errno));
}

/* The mappings of libraries, with their protections. */
size_t read_protections(char *text, size_t capacity) {
  FILE *maps = fopen("/proc/self/maps", "re");
  char line[4096];
  size_t length = 0;
  require(maps, "no /proc/self/maps");
  while (fgets(line, sizeof line, maps)) {
    if (strstr(line, ".so") && length + strlen(line) < capacity) length += (size_t)sprintf(text + length, "%s", line);
  }
  fclose(maps);
  return length;
}

static int run_case(const struct test *cases, const char *name) {
  for (; cases->name; cases++) {
    if (!name) puts(cases->name);
    if (!name || strcmp(name, cases->name) != 0) continue;
    cases->run();
    return 1;
  }
  return 0;
}

int main(int argc, char **argv) {
  const char *const name = argc > 1 ? argv[1] : NULL;
  folder = argc > 2 ? argv[2] : ".";
  if (name && !strcmp(name, "--bypass")) return run_case(bypass_cases, NULL);
  const bool was_run = run_case(slots_cases, name) || run_case(libraries_cases, name) || run_case(lives_cases, name) ||
                       (name && run_case(bypass_cases, name));
  return name && !was_run;
}
