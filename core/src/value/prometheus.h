/* Stats as Prometheus text exposition format 0.0.4. */
#ifndef HEAPSTER__VALUE_PROMETHEUS_H
#define HEAPSTER__VALUE_PROMETHEUS_H

#include "value/writer.h"

/* A heap's figures and the label they get. */
struct heapster__labelled {
  const char *heap;
  const struct heapster_stats *stats;
};

/* Every metric, with a series for each heap. Nothing for no heaps: a metric without series says nothing. */
void heapster__write_prometheus(struct heapster__writer *writer, const struct heapster__labelled *heaps, size_t count);

#endif
