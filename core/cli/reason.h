/* Why there is no report, from what was seen: the page, the program's file, how the process ended. */
#ifndef HEAPSTER__CLI_REASON_H
#define HEAPSTER__CLI_REASON_H

#include "child.h"
#include "process/program_file.h"
#include "report.h"

enum { HEAPSTER__REASON_TEXT = 2 * PATH_MAX };

/* Words to follow the program's name. `found` is its page. */
void heapster__reason_find(char text[HEAPSTER__REASON_TEXT], const struct heapster__found *found,
                           const struct heapster__program *program, const struct heapster__child *child);

/* The same for a process that is not the program itself: its wait status is not known. */
void heapster__reason_find_unwaited(char text[HEAPSTER__REASON_TEXT], const struct heapster__found *found);

#endif
