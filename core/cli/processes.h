/* The reports of all processes of a program: while they run, as they end, and at last. */
#ifndef HEAPSTER__CLI_PROCESSES_H
#define HEAPSTER__CLI_PROCESSES_H

#include "output.h"
#include "report.h"

struct heapster__processes {
  struct heapster__session *session;
  const struct heapster__output *output;
  const char *format;
  uint64_t written[HEAPSTER__PAGES]; /* the sequence of the figures of each page that were written last */
  unsigned snapshot_count;           /* reports that are a snapshot, because nothing came after it */
  unsigned failed_count;             /* reports that could not be written */
  unsigned missing_count;            /* processes that left no report */
  char missing[256];                 /* the first of them */
  struct heapster__found found;      /* the page that is being looked at */
};

/* Writes the reports of processes that have ended, and snapshots of the others. */
void heapster__processes_tick(struct heapster__processes *processes);

/* Writes what is left once the program has ended. Processes that live on write theirs themselves. */
void heapster__processes_finish(struct heapster__processes *processes);

/* Reads the page of the program itself into `found`, and returns its index. */
unsigned heapster__processes_find_main(struct heapster__processes *processes);

/* Writes the report in `found`. False: a line on standard error says why not. */
bool heapster__processes_write(struct heapster__processes *processes, unsigned index, const char *killed_by);

#endif
