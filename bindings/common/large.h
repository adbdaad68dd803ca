/* Large requests as scripts see them. SWIG reads this file. */
#ifndef HEAPSTER__SCRIPT_LARGE_H
#define HEAPSTER__SCRIPT_LARGE_H

#include "common/text.h"

/* One that a watch kept. Its bytes beyond the texts are 0. */
struct heapster__named_request {
  uint64_t size;
  char heap[HEAPSTER_HEAP_NAME];
  char place[512]; /* "path+0x5f3a (function)", cut where it is longer; "": not known */
  uint64_t unsaid_count;
  uint64_t unsaid_max;
};

/* Watches, and keeps each request instead of saying it. HEAPSTER_LARGE_TOO_SMALL, HEAPSTER_UNSUPPORTED;
   HEAPSTER_NOT_COUNTED if no heap is counted now. */
enum heapster_error heapster__script_watch_large(uint64_t size, bool keep);

/* Takes the oldest one that was kept; false: there is none, and `request` may be changed. A script takes no more at a
   time than fit, while other threads make further ones. */
enum { HEAPSTER__MOST_LARGE = 64 };
bool heapster__take_named_request(struct heapster__named_request *request);

/* As a line on standard error says it, without the process, and with the function of the place where one is known. */
struct heapster_text heapster__named_request_text(const struct heapster__named_request *request);

#endif
