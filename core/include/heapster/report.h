/* The whole process as text: every heap and their total, read by one call. */
#ifndef HEAPSTER_REPORT_H
#define HEAPSTER_REPORT_H

#include <heapster/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* For people: first a line that says what is not counted and how to count it (if anything is not), with
   several heaps a table of them, then the report of the total. */
HEAPSTER_API enum heapster_error heapster_report(struct heapster_sink sink);

/* One JSON document: {"heapster": version, "pid": n, "command": [...], "total": {...}, "heaps": {name: {...}}}; "total"
   is null where no heap is counted; "malloc_problem" follows where malloc is not counted as it was to be; each as
   heapster_stats_json gives it, ended by a newline. */
HEAPSTER_API enum heapster_error heapster_json(struct heapster_sink sink);

/* Prometheus text exposition format 0.0.4, one label `heap`. No series for the total: it would count twice. */
HEAPSTER_API enum heapster_error heapster_prometheus(struct heapster_sink sink);

#ifdef __cplusplus
}
#endif

#endif
