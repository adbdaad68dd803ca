/* C++'s operators new when memory is short.

   The C++ library's operator new would ask malloc again, and a request would be refused twice. So the loop that C++
   prescribes is run here: request, run the handler, request again; without a handler, throw. Only the nothrow forms are
   left to the C++ library where a handler is set: what a handler throws has to be caught there. */
#include "hooks/malloc/operators.h"

#include "hooks/attach/elf.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

struct search {
  const char *symbol;
  uintptr_t found;
};

/* The loader's lock is held: call no dl function. */
static int visit_object(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size;
  struct search *search = context;
  struct heapster__object object;
  if (heapster__object_read(&object, info)) search->found = heapster__object_find_any(&object, search->symbol);
  return search->found != 0;
}

/* A function of the C++ library, which may have been loaded for one plugin alone; then dlsym does not find it. */
static bool find(void *function, const char *symbol) {
  struct search search = {symbol, (uintptr_t)dlsym(RTLD_DEFAULT, symbol)};
  if (!search.found) dl_iterate_phdr(visit_object, &search);
  memcpy(function, &search.found, sizeof search.found);
  return search.found != 0;
}

typedef void handler_function(void);

static handler_function *current_handler(void) {
  handler_function *(*get_handler)(void);
  return find(&get_handler, "_ZSt15get_new_handlerv") ? get_handler() : NULL;
}

bool heapster__has_new_handler(void) { return current_handler() != NULL; }

void heapster__run_new_handler(void) {
  handler_function *handler = current_handler();
  void (*throw_bad_alloc)(void);
  if (handler)
    handler();
  else if (find(&throw_bad_alloc, "_ZSt17__throw_bad_allocv"))
    throw_bad_alloc();
  else
    abort(); /* C cannot throw, and this operator must not return NULL */
}
