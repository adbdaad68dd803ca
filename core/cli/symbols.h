/* Names for the sites of a report: functions from the symbol table of their file, and source lines from addr2line where
   that is installed. */
#ifndef HEAPSTER__CLI_SYMBOLS_H
#define HEAPSTER__CLI_SYMBOLS_H

#include "process/report_text.h"

/* Names for as many sites as the figures have, and for their frames; what is not found stays "". Believes nothing that
   the process wrote: it opens regular files only, and maps none. */
void heapster__symbols_find(const struct heapster__figures *figures, struct heapster__site_names *names);

#endif
