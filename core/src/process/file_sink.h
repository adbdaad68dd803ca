/* A sink that collects text and writes it to a file. Allocates nothing. */
#ifndef HEAPSTER__PROCESS_FILE_SINK_H
#define HEAPSTER__PROCESS_FILE_SINK_H

#include <heapster/base.h>

struct heapster__file_sink {
  int file;
  size_t used; /* 0 at the begin */
  char bytes[4096];
};

struct heapster_sink heapster__sink_of(struct heapster__file_sink *sink);

/* Writes what is left. False: the system refused, with errno. */
bool heapster__file_sink_flush(struct heapster__file_sink *sink);

#endif
