/* A report, from a page to a file. */
#ifndef HEAPSTER__CLI_REPORT_H
#define HEAPSTER__CLI_REPORT_H

#include "session.h"

/* One process's page, read once. */
struct heapster__found {
  struct heapster__page_info info; /* copied, and made valid */
  int file;                        /* where it is */
  uint64_t sequence;               /* of the figures; 0: there are none */
  struct heapster__figures figures;
};

/* Reads the page of that index. False: it cannot be read; it is all zeros then, as a new one. */
bool heapster__found_read(struct heapster__found *found, const struct heapster__session *session, unsigned index);

/* Whether the figures are those of the end of the process. */
bool heapster__found_is_final(const struct heapster__found *found);

/* Says on standard error how many large requests the process had not said when it ended. */
void heapster__found_say_unsaid(const struct heapster__found *found);

/* Writes the report to the descriptor. `killed_by` as in struct heapster__report. False: errno says why not. */
bool heapster__found_write(const struct heapster__found *found, unsigned index, const char *format,
                           const char *killed_by, int target);

#endif
