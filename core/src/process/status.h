/* The part of the status that reports show. */
#ifndef HEAPSTER__PROCESS_STATUS_H
#define HEAPSTER__PROCESS_STATUS_H

#include <heapster/status.h>

#include "process/figures.h"

/* malloc_way, malloc_problem and malloc_is_proved; leaves the rest alone. */
void heapster__malloc_status_read(struct heapster_status *status, enum heapster__rescan_choice choice);

#endif
