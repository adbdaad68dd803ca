/* The report that a process writes itself: with %p, where the command has ended before the process, or cannot be
   reached by it. */
#ifndef HEAPSTER__PROCESS_REPORT_FILE_H
#define HEAPSTER__PROCESS_REPORT_FILE_H

#include <stdbool.h>
#include <sys/types.h>

/* `is_beside`: each report is written beside the file and renamed to it. */
void heapster__report_file_prepare(const char *pattern, const char *format, bool is_beside);

/* Names the file of the process, and its heading. Call it at the start, and in the child of a fork. */
bool heapster__report_file_name(pid_t pid);

/* Writes the report, through a descriptor of its own; none after the last one. Whether more may follow. Allocates
   nothing. The figures are not written where the file cannot hold them whole. */
bool heapster__report_file_write(bool is_last);

#endif
