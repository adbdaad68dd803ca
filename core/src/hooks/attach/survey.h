/* Reads all loaded objects before any slot is written: whose malloc the process uses, and why attaching is refused.

   The reasons, in the order in which they are reported:

     a sanitizer is in the process                         its allocator must see every call
     the program itself defines malloc                     it calls it without a slot: its blocks would not be counted
     no object defines malloc, or not all that is needed   a static program
     libc's own slots are bound elsewhere                  another hook was attached before: it would be cut off
     the system tracks indirect branches (CET)             our functions have no marks for them

   The process uses the first definition in the order of loading, as the loader binds. Where a hook was preloaded or
   linked, that is the hook's; the functions read are then those of the allocator that the hook calls, no reason is
   looked for, and `startup_objects` is left to the caller. */
#ifndef HEAPSTER__ATTACH_SURVEY_H
#define HEAPSTER__ATTACH_SURVEY_H

#include "hooks/attach/elf.h"
#include "hooks/attach/functions.h"

enum { HEAPSTER__OBJECT_NAME = 64 };

struct heapster__range {
  uintptr_t begin;
  uintptr_t end;
};

struct heapster__survey {
  unsigned long long adds, subs; /* objects ever loaded, and unloaded, when it was made */
  size_t objects;                /* visited so far */
  size_t startup_objects;        /* as many of them were loaded when the program started */
  struct heapster__definitions found;
  bool is_defined[HEAPSTER__REPLACEMENTS];   /* by an object visited so far */
  bool is_ambiguous[HEAPSTER__REPLACEMENTS]; /* another object defines the name too, and some may be bound to that */
  const struct heapster__malloc_hook *front; /* a hook that the program was started with, or NULL */
  struct heapster__range program;            /* the code of the program itself */
  struct heapster__range public;             /* that of the library whose public malloc leads to `front` */
  bool has_sanitizer, program_has_malloc, has_libc, libc_is_bound_elsewhere;
  bool has_wrapper; /* an allocator in front of `front`, which leads there by glibc's names for its functions */
};

void heapster__survey_make(struct heapster__survey *survey);

/* Why not to attach, one sentence; NULL if it can be done. */
const char *heapster__survey_refusal(const struct heapster__survey *survey);

bool heapster__range_has(struct heapster__range range, uintptr_t address);

/* If the program takes a function's address, that may be, for all objects, an entry in the program's own code, which
   jumps through its slot. */
bool heapster__is_program_code(const struct heapster__survey *survey, uintptr_t function);

/* The last part of the object's path, cut to fit; "the program" for the program itself. */
void heapster__object_name(const struct heapster__object *object, char name[HEAPSTER__OBJECT_NAME]);

#endif
