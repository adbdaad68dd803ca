/* Frames: what the end of a heap means to them. */
#ifndef HEAPSTER__HEAP_FRAME_H
#define HEAPSTER__HEAP_FRAME_H

/* The heap of the number has ended, and the next one may begin: what it counted in this frame is the total's only, and
   its ring is for the next. Callers hold the lock. */
void heapster__frames_leave(unsigned number);

#endif
