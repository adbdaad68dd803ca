/* One loaded ELF object: the functions it defines, and the slots through which it calls those of others.

   Everything is read from memory that the loader mapped, under dl_iterate_phdr: no dl function is called. */
#ifndef HEAPSTER__ELF_OBJECT_H
#define HEAPSTER__ELF_OBJECT_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A table of relocations. */
struct heapster__relocations {
  const ElfW(Rela) * begin;
  size_t count;
};

struct heapster__object {
  const struct dl_phdr_info *info;
  const char *path; /* "" for the program itself */
  uintptr_t base;
  const ElfW(Dyn) * dynamic;
  const ElfW(Sym) * symbols;
  const char *names;
  const uint32_t *gnu_hash;
  const uint32_t *hash;
  const uint16_t *versions;
  struct heapster__relocations calls; /* DT_JMPREL */
  struct heapster__relocations data;  /* DT_RELA */
  uintptr_t relro_begin;              /* the pages that the loader makes read-only when it is done; none if empty */
  uintptr_t relro_end;
};

/* False: nothing in it can be looked up or exchanged (a static program). Valid for the time of the callback. */
bool heapster__object_read(struct heapster__object *object, const struct dl_phdr_info *info);

/* The address of the function of that name which others are bound to, or 0 where the object defines none. */
uintptr_t heapster__object_defines(const struct heapster__object *object, const char *name);

/* Whether the address is in one of its segments; in one that is executed. */
bool heapster__object_holds(const struct heapster__object *object, uintptr_t address);
bool heapster__object_runs(const struct heapster__object *object, uintptr_t address);

/* Whether the loader makes the page of the address read-only when it is done with the object. */
bool heapster__object_protects(const struct heapster__object *object, uintptr_t address);

/* Whether a library of that name is to be loaded with it; by what name others ask for it, or NULL. */
bool heapster__object_needs(const struct heapster__object *object, const char *library);
const char *heapster__object_asked_as(const struct heapster__object *object);

/* Calls `visit` for every slot that the loader fills with the address of a named function or datum: JUMP_SLOT and
   GLOB_DAT only. Other relocations are initial values of variables, which are the program's to change. */
typedef void heapster__visit(void *context, const char *name, uintptr_t *slot);
void heapster__object_slots(const struct heapster__object *object, heapster__visit *visit, void *context);

#endif
