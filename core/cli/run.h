/* `heapster run`: a program from its start to its report. */
#ifndef HEAPSTER__RUN_H
#define HEAPSTER__RUN_H

#include "options.h"

/* Ends the process. */
_Noreturn void heapster__run(const struct heapster__options *options);

#endif
