/* One report, written to a file by path. */
#ifndef HEAPSTER__EXIT_REPORT_WRITE_H
#define HEAPSTER__EXIT_REPORT_WRITE_H

#include <heapster/base.h>

#include <limits.h>

/* Everything the writing needs, made ready beforehand: at exit nothing is formatted but the figures. */
struct heapster__report_file {
  char path[PATH_MAX];
  char beside[PATH_MAX]; /* written first and renamed to `path`; "": `path` is written in place */
  char heading[128];     /* the line before the figures, or "" */
  enum heapster_error (*figures)(struct heapster_sink sink);
};

/* Writes the report, by a descriptor opened for it alone. A report that cannot be written whole is not left
   half: the file is then empty, or as it was if it is written beside. Allocates nothing. One thread at a
   time. */
bool heapster__report_write(const struct heapster__report_file *file);

#endif
