/* What an explanation found, as values: the sites by their lines. */
#ifndef HEAPSTER__PYTHON_SITES_H
#define HEAPSTER__PYTHON_SITES_H

#include "python/memory.h"

#include "common/text.h"

#include <heapster/explain.h>

/* Where a request comes from. */
struct heapster__site_name {
  char *file; /* UTF-8, freed with heapster__value_free; NULL: not known */
  char *function;
  int line; /* from 1; 0: not known */
};

struct heapster__named_site {
  struct heapster_site figures; /* `place` is the rank of the name; so sites with equal figures are in order */
  struct heapster__site_name name;
  struct heapster__site_name via; /* the innermost line or the call in C that most of it came from, or empty */
  uint64_t via_requests;
};

struct heapster__sites {
  struct heapster_explanation whole;
  size_t count;
  struct heapster__named_site sites[]; /* the last may be of kind HEAPSTER_SITE_ELSEWHERE */
};

/* Raw sites, named, added up by line and ranked. What was captured is still there. NULL without memory, no exception is
   set. */
struct heapster__sites *heapster__sites_make(const struct heapster_explanation *whole, struct heapster_site *raw,
                                             size_t count);
struct heapster__sites *heapster__sites_copy(const struct heapster__sites *sites);
void heapster__python_free_sites(struct heapster__sites *sites);

/* In place: by a surplus, by what is alive. Elsewhere stays the last. */
void heapster__sites_rank(struct heapster__sites *sites, const struct heapster_histogram *surplus);
bool heapster__sites_rank_live(struct heapster__sites *sites); /* false: no memory */

int heapster__site_name_compare(const struct heapster__site_name *a, const struct heapster__site_name *b);
bool heapster__site_name_is_empty(const struct heapster__site_name *name);

/* sites_text.c: a table for people, of the first `most` sites; its last line alone; a name. */
struct heapster_text heapster__python_sites_text(const struct heapster__sites *sites, size_t most);
struct heapster_text heapster__sites_sum_text(const struct heapster__sites *sites);
struct heapster_text heapster__site_name_text(const struct heapster__site_name *name);

/* sites_type.c: the classes Sites, Site and Requests. The first takes over `sites`. */
PyObject *heapster__python_wrap_sites(struct heapster__sites *sites);
struct heapster__sites *heapster__python_sites_of(PyObject *object);
/* A Stats with its Sites, or without for NULL. Takes over both. */
PyObject *heapster__python_wrap_explained(struct heapster_stats *stats, struct heapster__sites *sites);
bool heapster__python_add_sites(PyObject *module);

#endif
