/* Signals while the program runs: they are the program's, and the command lives on to print the report. */
#ifndef HEAPSTER__SIGNALS_H
#define HEAPSTER__SIGNALS_H

#include <sys/types.h>

/* Before the fork. Interrupt and quit are ignored, as system(3) does: the terminal sends them to the program
   too. What is to be passed on waits until heapster__signals_pass_to. */
void heapster__signals_take(void);

/* In the child: as the command found them. */
void heapster__signals_restore(void);

/* In the parent: SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2 that another process sends go to that process; to none
   for 0. */
void heapster__signals_pass_to(pid_t pid);

#endif
