/* The callers in a report. */
#ifndef HEAPSTER__PROCESS_REPORT_SITES_H
#define HEAPSTER__PROCESS_REPORT_SITES_H

#include "process/report_text.h"

/* A table below the figures, and its fields in the document; nothing where the process is not explained. */
void heapster__write_sites(struct heapster__writer *writer, const struct heapster__report *report);
void heapster__write_json_sites(struct heapster__writer *writer, const struct heapster__report *report);

#endif
