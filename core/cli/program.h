/* What a program's file tells about why it cannot be counted. */
#ifndef HEAPSTER__PROGRAM_H
#define HEAPSTER__PROGRAM_H

/* The reason why nothing can be preloaded into that program (looked up as execvp does, a script's interpreter
   in its place), to be read after "it is"; NULL if its file gives none. */
const char *heapster__program_obstacle(const char *name);

#endif
