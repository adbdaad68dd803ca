/* What the cases of attaching share. */
#ifndef TESTS_ATTACH_CASE_H
#define TESTS_ATTACH_CASE_H

#include <heapster/heapster.h>

#include "support.h"

enum { NOT_ALLOWED = 77, BYTES = 1000 };

struct plugin {
  void *handle;
  void *(*allocate)(size_t size);
  void (*release)(void *block);
};

struct test {
  const char *name; /* NULL ends a list */
  void (*run)(void);
};

#define CASE(name) \
  { #name, name }
extern const struct test slots_cases[];
extern const struct test libraries_cases[];
extern const struct test lives_cases[];
extern const struct test bypass_cases[]; /* with the hook preloaded */

/* Windows are on heap `malloc`, and every block that is requested in one has BYTES. require_counted leaves out frees
   that were missed while the hook was off, and are recorded when the address is handed out again. */
void hook(void);
struct heapster_status read_status(void);
struct heapster_window begin_window(void);
void require_counted(struct heapster_window window, uint64_t allocs, uint64_t frees);
void require_problem(const char *words);
void require_proved(void);
struct plugin open_plugin(const char *name, int flags);
uintptr_t *slot_of(const char *object, const char *name);
void protect(const uintptr_t *slot, int protection);
size_t read_protections(char *text, size_t capacity);

#endif
