/* What a copy of the core is known by. */
#ifndef HEAPSTER__BASE_INSTANCE_H
#define HEAPSTER__BASE_INSTANCE_H

#include "base/platform.h"

/* Whoever refers to it brings the copy's note along, also where only parts of the static library are linked. */
extern HEAPSTER__HIDDEN const char heapster__anchor[];

#endif
