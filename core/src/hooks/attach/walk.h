/* Walks over the loaded objects. Each makes all import slots agree with whether malloc is counted: they lead to the
   counted functions, or back. No slot is remembered; the loader's lock, which glibc's dl_iterate_phdr holds, serializes
   the walks. */
#ifndef HEAPSTER__ATTACH_WALK_H
#define HEAPSTER__ATTACH_WALK_H

#include "hooks/attach/survey.h"

/* Why slots of an object are not replaced, the most important reason first. */
enum heapster__reason {
  HEAPSTER__REFUSED,         /* the system does not allow it */
  HEAPSTER__BOUND_ELSEWHERE, /* they lead to another allocator */
  HEAPSTER__RELOCATING,      /* the loader may be writing to them */
  HEAPSTER__UNRESOLVED,      /* where they will lead is not known before their first call */
  HEAPSTER__REASONS,
};

/* Objects of one kind: how many, and the name of the first. */
struct heapster__findings {
  unsigned objects;
  char first[HEAPSTER__OBJECT_NAME];
};

/* What a walk found, by reason. */
struct heapster__found {
  struct heapster__findings by_reason[HEAPSTER__REASONS];
};

struct heapster__found heapster__walk(void);

/* Only looks: replaces nothing, remembers no more than objects that are late, and makes no system call. */
struct heapster__found heapster__walk_looking(void);

/* What the next walk makes the slots agree with. Returns what it was. Callers of the first hold the lock. */
bool heapster__walk_switch(bool is_on);
bool heapster__walk_is_on(void);

/* Whether slots are to lead to the counted functions, and a walk may find something: before figures are read; and, less
 * often, at a frame mark. */
bool heapster__walk_is_due(void);
bool heapster__walk_is_due_at_mark(void);

/* The objects that are loaded now were there when the program was started with a hook. */
void heapster__walk_note_startup(void);

/* The objects whose calls passed such a hook by until a walk found them. */
struct heapster__findings heapster__walk_late(void);

#endif
