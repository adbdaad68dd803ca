/* One loaded ELF object: the functions it defines, its import slots (GOT entries), and how a slot is written to.

   Everything is read from the mapped object, inside dl_iterate_phdr. No dl function is called. */
#ifndef HEAPSTER__ATTACH_ELF_H
#define HEAPSTER__ATTACH_ELF_H

#include "base/platform.h"

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
  const heapster__hash_word *hash;
  const uint16_t *versions;
  size_t soname;                      /* DT_SONAME: where its own name begins in `names`; 0: it has none */
  struct heapster__relocations calls; /* DT_JMPREL */
  struct heapster__relocations data;  /* DT_RELA */
  uintptr_t relro_begin;              /* the pages that the loader makes read-only after relocation; may be empty */
  uintptr_t relro_end;
  bool is_relocated;     /* the caller knows that the loader is done with it; heapster__object_read clears it */
  uintptr_t opened_page; /* the page that was made writable last, to be made read-only again; 0: none */
};

/* False: it has no symbols (a static program). `object` is valid during the callback that gave `info`. */
bool heapster__object_read(struct heapster__object *object, const struct dl_phdr_info *info);

/* The address of the function that the object exports under that name, or 0: in the version that a reference without
   one binds to; or in any, if there is none such. */
uintptr_t heapster__object_find(const struct heapster__object *object, const char *name);
uintptr_t heapster__object_find_any(const struct heapster__object *object, const char *name);

/* Whether the address is in a segment that has these flags: 0 for any segment, PF_X for an executable one. */
bool heapster__object_contains(const struct heapster__object *object, uintptr_t address, ElfW(Word) flags);

/* Whether the loader has made the RELRO pages read-only, or has none to. */
bool heapster__object_is_protected(const struct heapster__object *object);

/* Whether the object needs (DT_NEEDED) a library of that name. */
bool heapster__object_needs(const struct heapster__object *object, const char *library);

/* Calls `visit` for every slot that the loader fills with the address of a named function or datum: JUMP_SLOT and
   GLOB_DAT only. Other relocations are initial values of variables, which are the program's to change. */
typedef void heapster__visit(void *context, const char *name, uintptr_t *slot);
void heapster__object_visit_slots(const struct heapster__object *object, heapster__visit *visit, void *context);

/* Writing to the slots of one loaded object, whatever the protection of their pages.

   The cases, each found by a crash:

     a read-only RELRO page: the loader is done with it. It is made writable, and read-only again after the last write.
     a writable RELRO page of an object that the loader may be relocating, in another thread's dlopen: it would
       overwrite what is written now, and may protect the page between our check and our write. The page is left alone.
     a writable RELRO page of an object that is known to be relocated: another tool left it so. It is written to.
     any other writable page: it is written to, and its protection left as it is.
     any other read-only page, or one whose protection cannot be changed: it is left alone.

   A slot is one aligned word: a concurrent call goes to the old function or the new one. */
enum heapster__slot_answer {
  HEAPSTER__SLOT_WRITTEN,
  HEAPSTER__SLOT_RELOCATING, /* the loader is relocating the object: try again later */
  HEAPSTER__SLOT_REFUSED     /* the page cannot be made writable */
};

enum heapster__slot_answer heapster__slot_write(struct heapster__object *object, uintptr_t *slot, uintptr_t value);

/* Call it after the last slot of an object. */
void heapster__page_close(struct heapster__object *object);

#endif
