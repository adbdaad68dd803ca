/* Stats as Prometheus text exposition format 0.0.4. */
#ifndef HEAPSTER__VALUE_PROMETHEUS_H
#define HEAPSTER__VALUE_PROMETHEUS_H

#include "value/writer.h"

/* A heap's figures and the value of their label `heap`. */
struct heapster__labelled_stats {
  const char *heap;
  const struct heapster_stats *stats;
};

/* Writes every metric, with a series for each heap; nothing if there are no heaps. */
void heapster__write_prometheus(struct heapster__writer *writer, const struct heapster__labelled_stats *heaps,
                                size_t count);

#endif
