/* Sites on their way to a script: taken, given names by the language, merged by line and put in order. */
#ifndef HEAPSTER__SCRIPT_SITES_H
#define HEAPSTER__SCRIPT_SITES_H

#include <heapster/explain.h>

#include "common/text.h"

/* Starts as {0}. */
struct heapster__sites {
  struct heapster_explanation explanation;
  struct heapster_site *sites; /* in pages of heapster's own */
  size_t count;
  size_t pages_count; /* of sites for which there are pages */
};

/* Ends explaining: see heapster__explain_take. On failure there are no sites. */
enum heapster_error heapster__sites_take(struct heapster__sites *sites);
void heapster__sites_free(struct heapster__sites *sites);

/* Makes one site of those with the same kind, file and line, where `file` is the same pointer, and ranks them. The
   function is that of the part with most requests. Names C sites by the way. Changes `site_count`. */
void heapster__sites_merge(struct heapster__sites *sites);

/* Ranks them by the figure of the first limit that `stats` breaks, if a site has that. */
void heapster__sites_rank_by(struct heapster_site *sites, size_t count, const struct heapster_stats *stats,
                             const struct heapster_limit *limits, size_t limit_count);

/* The first `most` as a table, for people. */
struct heapster_text heapster__sites_text(const struct heapster_site *sites, size_t count, size_t most,
                                          const struct heapster_explanation *explanation);

#endif
