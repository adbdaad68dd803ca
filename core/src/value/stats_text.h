/* Stats as text for people. */
#ifndef HEAPSTER__VALUE_STATS_TEXT_H
#define HEAPSTER__VALUE_STATS_TEXT_H

#include "value/writer.h"

/* heapster_stats_text, into a text under way. */
void heapster__write_stats(struct heapster__writer *writer, const struct heapster_stats *stats);

#endif
