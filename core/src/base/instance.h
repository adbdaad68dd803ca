/* How one copy of the core is distinguished from another. */
#ifndef HEAPSTER__BASE_INSTANCE_H
#define HEAPSTER__BASE_INSTANCE_H

#include "base/platform.h"

/* A reference to it links the copy's ELF note, even where only parts of the static library are linked. */
extern HEAPSTER__HIDDEN const char heapster__anchor[];

#endif
