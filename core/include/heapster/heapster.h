/* heapster: exact heap telemetry, always on. This header includes all the others. */
#ifndef HEAPSTER_H
#define HEAPSTER_H

#include <heapster/allocator.h>
#include <heapster/base.h>
#include <heapster/explain.h>
#include <heapster/frame.h>
#include <heapster/heap.h>
#include <heapster/histogram.h>
#include <heapster/hook.h>
#include <heapster/large.h>
#include <heapster/limit.h>
#include <heapster/lua.h>
#include <heapster/report.h>
#include <heapster/size.h>
#include <heapster/snapshot.h>
#include <heapster/stats.h>
#include <heapster/status.h>
#include <heapster/window.h>

#endif
