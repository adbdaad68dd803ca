/* The status of the process as lines for people. */
#ifndef HEAPSTER__STATUS_TEXT_H
#define HEAPSTER__STATUS_TEXT_H

#include <heapster/heapster.h>

/* Lines "name: value", each ended by a newline; what is as it should be has no line. */
enum heapster_error heapster__status_text(const struct heapster_status *status, struct heapster_sink sink);

#endif
