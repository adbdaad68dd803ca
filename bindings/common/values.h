/* What scripts do with a Histogram, a Frame, Frames and a Status. */
#ifndef HEAPSTER__VALUES_H
#define HEAPSTER__VALUES_H

#include "common/text.h"

/* Bucket by bucket, cut at 0, in new memory; NULL without memory. */
struct heapster_histogram *heapster__histogram_subtract(const struct heapster_histogram *after,
                                                        const struct heapster_histogram *before);
struct heapster_text heapster__histogram_text(const struct heapster_histogram *histogram);

struct heapster_text heapster__frame_text(const struct heapster_frame *frame);
struct heapster_text heapster__frames_text(const struct heapster_frames *frames);

/* Lines "name: value"; a count of something wrong has a line only if it is not 0. */
struct heapster_text heapster__status_text(const struct heapster_status *status);

#endif
