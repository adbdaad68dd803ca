/* The calls that lead to a place in the calling thread. */
#include "base/unwind.h"

#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unwind.h>

static struct {
  _Unwind_Reason_Code (*backtrace)(_Unwind_Trace_Fn step, void *context);
  uintptr_t (*find_ip)(struct _Unwind_Context *context, int *is_before);
  uintptr_t begin, end; /* the code of libgcc_s */
} unwinder;

/* Some loaders write addresses into the dynamic section, others leave offsets there. */
static uintptr_t address_in(const struct link_map *object, uintptr_t value) {
  return value < object->l_addr ? object->l_addr + value : value;
}

static bool names_function(const struct link_map *object, const ElfW(Sym) * symbols, const char *names,
                           uintptr_t relocations, size_t bytes, const char *function) {
  const ElfW(Rela) *const all = (const ElfW(Rela) *)address_in(object, relocations);
  for (size_t i = 0; relocations && i < bytes / sizeof *all; i++) {
    const size_t symbol = sizeof(void *) == 8 ? (size_t)(all[i].r_info >> 32) : (size_t)(all[i].r_info >> 8);
    if (symbol && !strcmp(names + symbols[symbol].st_name, function)) return true;
  }
  return false;
}

/* Whether the object calls that function of another one. */
static bool calls(const struct link_map *object, const char *function) {
  uintptr_t values[DT_JMPREL + 1] = {0};
  for (const ElfW(Dyn) *entry = object->l_ld; entry->d_tag != DT_NULL; entry++) {
    if (entry->d_tag > 0 && entry->d_tag <= DT_JMPREL) values[entry->d_tag] = entry->d_un.d_ptr;
  }
  if (!values[DT_SYMTAB] || !values[DT_STRTAB]) return false;
  const ElfW(Sym) *const symbols = (const ElfW(Sym) *)address_in(object, values[DT_SYMTAB]);
  const char *const names = (const char *)address_in(object, values[DT_STRTAB]);
  return names_function(object, symbols, names, values[DT_JMPREL], values[DT_PLTRELSZ], function) ||
         names_function(object, symbols, names, values[DT_RELA], values[DT_RELASZ], function);
}

static int note_code(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size;
  const struct link_map *const object = context;
  if (info->dlpi_addr != object->l_addr) return 0;
  for (unsigned i = 0; i < info->dlpi_phnum; i++) {
    if (info->dlpi_phdr[i].p_type != PT_LOAD || !(info->dlpi_phdr[i].p_flags & PF_X)) continue;
    unwinder.begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
    unwinder.end = unwinder.begin + info->dlpi_phdr[i].p_memsz;
  }
  return 1;
}

/* C has no conversion from object to function pointers; POSIX converts this way. */
static enum heapster__unwinder find_unwinder(void *library) {
  struct link_map *object;
  if (dlinfo(library, RTLD_DI_LINKMAP, &object)) return HEAPSTER__UNWINDER_MISSING;
  if (!calls(object, "_dl_find_object")) return HEAPSTER__UNWINDER_LOCKS;
  *(void **)&unwinder.backtrace = dlsym(library, "_Unwind_Backtrace");
  *(void **)&unwinder.find_ip = dlsym(library, "_Unwind_GetIPInfo");
  dl_iterate_phdr(note_code, object);
  return unwinder.backtrace && unwinder.find_ip ? HEAPSTER__UNWINDS : HEAPSTER__UNWINDER_MISSING;
}

/* By its name: a program that links this statically is not warned of a call that it never makes. */
static void *load_library(const char *name) {
  void *(*load)(const char *, int);
  *(void **)&load = dlsym(RTLD_DEFAULT, "dlopen");
  return load ? load(name, RTLD_NOW) : NULL;
}

enum heapster__unwinder heapster__unwinder_prepare(void) {
  uintptr_t frame;
  enum heapster__unwinder result = HEAPSTER__UNWINDER_OF_OLD_LIBC;
  if (dlsym(RTLD_DEFAULT, "_dl_find_object")) {
    void *const library = load_library("libgcc_s.so.1");
    result = library ? find_unwinder(library) : HEAPSTER__UNWINDER_MISSING;
  }
  if (result == HEAPSTER__UNWINDS) heapster__unwind(__builtin_return_address(0), &frame, 1); /* fills its own table */
  while (dlerror()) continue; /* the program asks for its own errors; the second call frees the text of the first */
  return result;
}

const char *heapster__unwinder_problem(uint64_t number) {
  switch (number) {
  case HEAPSTER__UNWINDER_NOT_PREPARED:
    return "the process could not prepare for it";
  case HEAPSTER__UNWINDER_OF_OLD_LIBC:
    return "that needs glibc 2.35 or newer, whose unwinder takes no lock";
  case HEAPSTER__UNWINDER_MISSING:
    return "that needs libgcc_s.so.1, which cannot be loaded";
  case HEAPSTER__UNWINDER_LOCKS:
    return "that needs libgcc_s.so.1 of gcc 12 or newer, which takes no lock";
  default:
    return NULL;
  }
}

/* What is collected on the way out. */
struct walk {
  uintptr_t caller;
  uintptr_t *frames;
  unsigned count;
  unsigned capacity;
  unsigned steps;
  bool is_above; /* the caller's frame was passed */
};

/* Where a signal interrupted a frame, its address is that of an instruction to come: 1 more looks as after a call. */
static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *walked) {
  enum { MOST_OWN = 32 }; /* frames of a hook */
  struct walk *const walk = walked;
  int is_before = 0;
  const uintptr_t ip = unwinder.find_ip(context, &is_before);
  if (!ip) return _URC_END_OF_STACK;
  if (walk->is_above)
    walk->frames[walk->count++] = ip + (is_before != 0);
  else if (ip == walk->caller)
    walk->is_above = true;
  else if (++walk->steps > MOST_OWN)
    return _URC_END_OF_STACK;
  return walk->count == walk->capacity ? _URC_END_OF_STACK : _URC_NO_REASON;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): step writes there */
unsigned heapster__unwind(const void *caller, uintptr_t *frames, unsigned capacity) {
  struct walk walk = {.caller = (uintptr_t)caller, .frames = frames, .capacity = capacity};
  if (!capacity || walk.caller - unwinder.begin < unwinder.end - unwinder.begin) return 0;
  unwinder.backtrace(step, &walk);
  return walk.count;
}
