/* Signals while the program runs: they go to the program, and the command stays alive to print the report. */
#ifndef HEAPSTER__SIGNALS_H
#define HEAPSTER__SIGNALS_H

#include <sys/types.h>

/* Call it before the fork. Interrupt and quit are ignored, as system(3) does: the terminal sends them to the program
   too. Signals to forward stay blocked until heapster__signals_forward_to. */
void heapster__signals_install(void);

/* Restores, in the child, what the command found. */
void heapster__signals_restore(void);

/* From here on the parent forwards SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2 from other processes to `pid`; to nobody if 0.
 */
void heapster__signals_forward_to(pid_t pid);

#endif
