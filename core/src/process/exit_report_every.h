/* The thread that writes snapshots of the running program. */
#ifndef HEAPSTER__EXIT_REPORT_EVERY_H
#define HEAPSTER__EXIT_REPORT_EVERY_H

#include <stdbool.h>

/* Starts a thread that calls `snapshot` every `seconds` until it answers false. No signal is delivered to
   that thread. glibc asks malloc for one block for it, its table of thread-locals, which the figures show. */
bool heapster__every_start(double seconds, bool (*snapshot)(void));

#endif
