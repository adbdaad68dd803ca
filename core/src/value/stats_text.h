/* Stats as text for people. */
#ifndef HEAPSTER__VALUE_STATS_TEXT_H
#define HEAPSTER__VALUE_STATS_TEXT_H

#include "value/writer.h"

/* heapster_stats_text, continuing a writer's text; the verbose one has every field. */
void heapster__write_stats(struct heapster__writer *writer, const struct heapster_stats *stats, bool is_verbose);

#endif
