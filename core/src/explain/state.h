/* What is explained, for the files of this folder. */
#ifndef HEAPSTER__EXPLAIN_STATE_H
#define HEAPSTER__EXPLAIN_STATE_H

#include "explain/explain.h"
#include "explain/site_table.h"

enum { HEAPSTER__SITE_KINDS = HEAPSTER_SITE_LUA + 1 };

struct heapster__explaining {
  /* What is explained. Read by the attributor. */
  _Atomic unsigned heap;                         /* 0: all */
  const struct heapster__thread *_Atomic thread; /* NULL: all */
  _Atomic uint32_t generation;                   /* of the thread's record */
  void (*_Atomic keep[HEAPSTER__SITE_KINDS])(uintptr_t place);
  _Atomic uint32_t arming;   /* changed under the lock */
  _Atomic unsigned limit;    /* of sites in a report of the process; 0: not the whole process is explained */
  _Atomic unsigned depth;    /* of the sites: each caller and the frames above it; 0: nobody asked, as 1 */
  _Atomic unsigned unwinder; /* an enum heapster__unwinder */
};
extern HEAPSTER__HIDDEN struct heapster__explaining heapster__explaining;

/* The table of this explanation, or of the last one. */
struct heapster__site_table *heapster__explained_table(void);

/* Calls for each shadow map once. */
void heapster__visit_maps(void (*visit)(struct heapster__map *map, void *context), void *context);

void heapster__requests_add(struct heapster_requests *sum, const struct heapster_requests *part);

#endif
