/* One loaded ELF object: the functions it defines, its import slots (GOT entries), and how a slot is written to.

   Everything is read from memory that the loader mapped, under dl_iterate_phdr: no dl function is called. */
#ifndef HEAPSTER__ATTACH_ELF_H
#define HEAPSTER__ATTACH_ELF_H

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

/* Writing to the slots of one loaded object, whatever the protection of their pages.

   The cases, each of which a crash taught:

     the page is one that the loader protects when it is done, and is read-only: it is done. The page is made writable,
       and read-only again after the last write to it.
     the page is one that the loader protects, and is writable still: another thread's dlopen is at work on it. It would
       overwrite what is written now, and make the page read-only between our look and our write. It is left alone.
     the page is any other and writable: it is written to, and its protection left as it is.
     the page is any other and not writable, or its protection cannot be changed: it is left alone.

   A slot is one aligned word: who calls through it meanwhile finds the old function or the new one. */
enum heapster__slot_answer {
  HEAPSTER__SLOT_WRITTEN,
  HEAPSTER__SLOT_BUSY,   /* the loader is at work on it: to be tried again */
  HEAPSTER__SLOT_REFUSED /* the system does not have it written to */
};

/* The page that was made writable last, and is to be read-only again. Zeroed to begin with. */
struct heapster__open_page {
  uintptr_t address; /* 0: none */
};

enum heapster__slot_answer heapster__slot_write(const struct heapster__object *object, struct heapster__open_page *page,
                                                uintptr_t *slot, uintptr_t value);

/* To be called after the last slot of an object. */
void heapster__slot_close(struct heapster__open_page *page);

#endif
