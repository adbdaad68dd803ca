/* The arguments of this program, in memory of their own: no other file is open while they are read. */
#ifndef HEAPSTER__PROCESS_OWN_COMMAND_H
#define HEAPSTER__PROCESS_OWN_COMMAND_H

#include <heapster/base.h>

struct heapster__command {
  char *bytes; /* each argument ended by a NUL; NULL: they cannot be read */
  size_t capacity;
  size_t length; /* `capacity`: perhaps there are more */
};

HEAPSTER_API struct heapster__command heapster__command_read(void);
HEAPSTER_API void heapster__command_free(struct heapster__command *command);

#endif
