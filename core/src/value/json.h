/* Stats as JSON, and JSON strings. */
#ifndef HEAPSTER__VALUE_JSON_H
#define HEAPSTER__VALUE_JSON_H

#include "value/writer.h"

/* heapster_stats_json, continuing a writer's text. */
void heapster__write_json_stats(struct heapster__writer *writer, const struct heapster_stats *stats);

/* A string in quotes. Each byte that is not part of valid UTF-8 becomes U+FFFD. */
void heapster__write_json_string(struct heapster__writer *writer, const char *text, size_t length);

#endif
