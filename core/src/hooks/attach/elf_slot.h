/* Writing to the slots of one loaded object, whatever the protection of their pages.

   The cases, each of which a crash taught:

     the page is one that the loader protects when it is done, and is read-only: it is done. The page is made writable,
       and read-only again after the last write to it.
     the page is one that the loader protects, and is writable still: another thread's dlopen is at work on it. It would
       overwrite what is written now, and make the page read-only between our look and our write. It is left alone.
     the page is any other and writable: it is written to, and its protection left as it is.
     the page is any other and not writable, or its protection cannot be changed: it is left alone.

   A slot is one aligned word: who calls through it meanwhile finds the old function or the new one. */
#ifndef HEAPSTER__ELF_SLOT_H
#define HEAPSTER__ELF_SLOT_H

#include "hooks/attach/elf_object.h"

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
