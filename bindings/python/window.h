/* A window of the core, opened and closed with options. */
#ifndef HEAPSTER__PYTHON_WINDOW_H
#define HEAPSTER__PYTHON_WINDOW_H

#include "python/options.h"

/* Memory for a Stats; freed with heapster__stats_free. */
struct heapster_stats *heapster__python_alloc_stats(void);

/* NotCounting if nothing of the options' heap is counted. */
bool heapster__open_window(const struct heapster__options *options, struct heapster_window *window);

/* `stats` may be NULL. If an exception is set, it stays and no other is raised. */
bool heapster__close_window(struct heapster_window window, struct heapster_stats *stats);

#endif
