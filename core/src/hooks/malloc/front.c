/* What stands in front of a public malloc that requests do not reach.

   The cases:

     an object that is loaded before the hook's library defines malloc    its allocator
     valgrind runs the program                                            it replaces malloc wherever that is defined
     neither                                                              nothing can be named */
#include "hooks/malloc/front.h"

#include "hooks/attach/elf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { NAME = 128 };

struct search {
  uintptr_t library;
  bool is_behind; /* the hook's library was visited */
  char allocator[NAME];
  char valgrind[NAME];
};

/* The loader's lock is held: call no dl function. */
static int visit_object(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size;
  struct search *search = context;
  struct heapster__object object;
  if (!heapster__object_read(&object, info)) return 0;
  const char *slash = strrchr(object.path, '/');
  const char *name = slash ? slash + 1 : *object.path ? object.path : program_invocation_short_name;
  search->is_behind |= heapster__object_contains(&object, search->library, 0);
  if (!search->is_behind && !*search->allocator && heapster__object_find_any(&object, "malloc"))
    snprintf(search->allocator, sizeof search->allocator, "%s", name);
  if (!strncmp(name, "vgpreload_", strlen("vgpreload_"))) /* the core's comes first, the tool's second */
    snprintf(search->valgrind, sizeof search->valgrind, "%s", name);
  return 0;
}

const char *heapster__malloc_front(const void *library) {
  static char text[NAME + 128];
  struct search search = {.library = (uintptr_t)library};
  dl_iterate_phdr(visit_object, &search);
  if (*search.allocator)
    snprintf(text, sizeof text, "the requests do not reach the hook: the allocator of %s stands in front of it",
             search.allocator);
  else if (*search.valgrind)
    snprintf(text, sizeof text, "the requests do not reach the hook: valgrind serves them itself (%s)",
             search.valgrind);
  else
    snprintf(text, sizeof text, "the requests do not reach the hook, and no allocator is seen in front of it");
  return text;
}
