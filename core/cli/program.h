/* Why a program cannot be counted, as far as its file shows it. */
#ifndef HEAPSTER__PROGRAM_H
#define HEAPSTER__PROGRAM_H

/* Why nothing can be preloaded into the program, as words to follow "it is"; NULL if its file shows no reason. The
   program is searched as execvp does; for a script its interpreter counts. */
const char *heapster__program_find_obstacle(const char *name);

#endif
