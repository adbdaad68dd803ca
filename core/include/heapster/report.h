/* The whole process as text: every heap and their total, read by one call. */
#ifndef HEAPSTER_REPORT_H
#define HEAPSTER_REPORT_H

#include <heapster/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* For people: a line that says what is not counted and how to count it (if anything is not), a table of the heaps if
   there are several, then the report of the total. */
HEAPSTER_API enum heapster_error heapster_report(struct heapster_sink sink);

/* The same with the sums, total_alloc_sum, total_dealloc_sum and live_count, which heapster_report leaves out. */
HEAPSTER_API enum heapster_error heapster_report_verbose(struct heapster_sink sink);

/* One JSON document: {"heapster": version, "pid": n, "command": [...], "total": {...}, "heaps": {name: {...}}}; each
   value as heapster_stats_json writes it, ended by a newline. "total" is null if no heap is counted; "malloc_problem"
   follows if malloc is not counted as it should be. "command" is whole; where memory for it cannot be mapped it is cut,
   and "command_is_cut": true follows it. */
HEAPSTER_API enum heapster_error heapster_json(struct heapster_sink sink);

/* Prometheus text exposition format 0.0.4, one label `heap`. No series for the total: it would count twice. */
HEAPSTER_API enum heapster_error heapster_prometheus(struct heapster_sink sink);

#ifdef __cplusplus
}
#endif

#endif
