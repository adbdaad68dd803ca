/* A look at all loaded objects, before any slot is written to: whose malloc the process uses, and why it is not to be
   counted this way.

   The cases, in the order in which they are told:

     a sanitizer is in the process                         its allocator must see every call
     the program itself defines malloc                     it calls it without a slot: its blocks would not be counted
     no object defines malloc, or not all that is needed   a static program
     libc's own slots lead elsewhere                       another hook was attached before: it would be cut off
     the system allows indirect calls to marked functions only, and ours are not marked

   What the process uses is the first definition in the order of loading: so the loader binds. */
#ifndef HEAPSTER__ATTACH_SURVEY_H
#define HEAPSTER__ATTACH_SURVEY_H

#include "hooks/attach/elf.h"
#include "hooks/attach/functions.h"

enum { HEAPSTER__OBJECT_NAME = 64 };

struct heapster__survey {
  unsigned long long adds;                /* objects ever loaded when it was made */
  size_t objects;                         /* seen so far */
  size_t started;                         /* as many of them were there when the program started */
  const char *refusal;                    /* why not, one sentence; NULL if it can be done */
  uintptr_t real[HEAPSTER__EXCHANGES];    /* the functions of the object that defines malloc, or 0 */
  bool is_contested[HEAPSTER__EXCHANGES]; /* another object defines the name too: who is bound to which is not known */
  uintptr_t program_begin;                /* the text of the program itself */
  uintptr_t program_end;
  char home[HEAPSTER__OBJECT_NAME]; /* the file name of the object that defines malloc */
  bool has_home, has_sanitizer, is_programs, has_libc, is_elsewhere;
};

void heapster__survey_make(struct heapster__survey *survey);

/* A function whose address the program takes may be, for all, its own entry for it, which leads on through its slot. */
bool heapster__is_programs_entry(const struct heapster__survey *survey, uintptr_t function);

/* The last part of the object's path, cut to fit; "the program" for the program itself. */
void heapster__object_name(const struct heapster__object *object, char name[HEAPSTER__OBJECT_NAME]);

#endif
