/* What Python sees of the code that SWIG generates: functions, and methods and attributes of the classes in values.c
   and frames.c, with what help(heapster) says of them. Generated code includes this after its functions, which are
   named _wrap_Class_name. */
#include "python/objects.h"
#include "python/values.h"

#define FUNCTION(name, flags, doc) \
  { #name, (PyCFunction)(void (*)(void))_wrap_##name, flags, doc }
#define METHOD(class, name, flags, doc) \
  { #name, _wrap_##class##_##name, flags, doc }
#define ATTRIBUTE(class, name, doc)                                                  \
  {                                                                                  \
#name, get_attribute, NULL, doc, &(PyCFunction) { _wrap_##class##_##name##_get } \
  }

static PyObject *get_attribute(PyObject *self, void *getter) { return (*(PyCFunction *)getter)(self, NULL); }

static PyMethodDef functions[] = {
    FUNCTION(
        stats, METH_VARARGS | METH_KEYWORDS,
        "stats(heap=None)\n--\n\n"
        "Return the counters as they are now, of all heaps or of one by its name or Heap. after - before is a diff."),
    FUNCTION(live_histogram, METH_VARARGS | METH_KEYWORDS,
             "live_histogram(heap=None)\n--\n\n"
             "Return a Histogram of the sizes of all live blocks, of all heaps or of one by its name or Heap. It reads "
             "the shadow map:\n"
             "its time grows with the memory that the heap has touched."),
    FUNCTION(frame, METH_NOARGS,
             "frame()\n--\n\n"
             "End a frame and begin the next. Call it once per turn of a loop; the first call begins frame 1. The "
             "process has one frame\n"
             "clock, for all threads and languages. The call itself requests no memory of any counted heap."),
    FUNCTION(frames, METH_VARARGS | METH_KEYWORDS,
             "frames(heap=None)\n--\n\n"
             "Return the last 256 Frames, of all heaps or of one by its name or Heap. str() is a table with a strip of "
             "bars."),
    FUNCTION(heap, METH_O,
             "heap(name, /)\n--\n\n"
             "Return the Heap of that name. Raise UnknownHeap, or NotCounting for a hook that is off."),
    FUNCTION(status, METH_NOARGS,
             "status()\n--\n\n"
             "Return a Status: what is hooked and how, and what could not be counted."),
    FUNCTION(report, METH_NOARGS,
             "report()\n--\n\n"
             "Return a text for people: what is not counted, a table of the heaps, the report of all heaps."),
    FUNCTION(json, METH_NOARGS,
             "json()\n--\n\n"
             "Return every heap and the total, read at once, as a JSON document."),
    FUNCTION(prometheus, METH_NOARGS,
             "prometheus()\n--\n\n"
             "Return every heap in the text format of Prometheus, version 0.0.4."),
    FUNCTION(reset, METH_NOARGS,
             "reset()\n--\n\n"
             "Let snapshots count from here on. Live blocks stay counted; open windows are not disturbed."),
    FUNCTION(hook, METH_O,
             "hook(name, /)\n--\n\n"
             "Start counting: 'python', or 'malloc' for what C extensions and libraries request. Raise RuntimeError "
             "with the reason if\n"
             "that is not possible. Libraries loaded later are found when figures are read, when a window begins and "
             "at frame(). Blocks\n"
             "from before are unseen_alloc_count."),
    FUNCTION(unhook, METH_O,
             "unhook(name, /)\n--\n\n"
             "Stop the counting that hook() or the import started; do nothing if it is off. Raise RuntimeError, and "
             "change nothing, if\n"
             "another hook is above this one, or if malloc is counted by preloading or linking."),
    FUNCTION(
        watch_large, METH_VARARGS | METH_KEYWORDS,
        "watch_large(size, keep=False)\n--\n\n"
        "Write a line on standard error for a request that adds more than size bytes (0: off; at least 32 KiB), with "
        "its size,\n"
        "heap and place in C, from now on, in all heaps and threads. size is an int, or a str such as '1 MiB'. After "
        "each line\n"
        "the threshold rises to 1.6 times and falls back within a minute, so repeats are summed up, not listed: with "
        "the next\n"
        "line, or when the watch or the process ends. keep=True writes nothing and keeps the first 64, each one, for\n"
        "large_requests(). To get the line of Python, explain(fn) of the suspected function. There is one watch in a "
        "process:\n"
        "the last call counts. Raise ValueError for a size of 1 .. 32767, NotCounting if nothing is counted."),
    {NULL, NULL, 0, NULL},
};
const struct heapster__generated heapster__generated_module = {functions, NULL};

static PyMethodDef stats_methods[] = {
    METHOD(Stats, as_dict, METH_NOARGS,
           "as_dict($self, /)\n--\n\n"
           "Return a dict of kind, scope, every figure, and the histograms as lists of 64: the same as to_json()."),
    METHOD(Stats, to_json, METH_NOARGS,
           "to_json($self, /)\n--\n\n"
           "Return a JSON object of the same as as_dict()."),
    METHOD(Stats, __reduce__, METH_NOARGS, NULL),
    METHOD(Stats, _repr_html_, METH_NOARGS, NULL),
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef stats_attributes[] = {
    ATTRIBUTE(Stats, kind, "'snapshot', 'diff' or 'window'."),
    ATTRIBUTE(Stats, scope, "'process', or 'thread' for the requests of one thread."),
    ATTRIBUTE(Stats, alloc_count, "Served requests for a new block."),
    ATTRIBUTE(Stats, alloc_sum, "Bytes they requested."),
    ATTRIBUTE(Stats, alloc_avg, "alloc_sum / alloc_count, rounded down; None if the count is 0."),
    ATTRIBUTE(Stats, alloc_fail_count, "Refused requests for a new block."),
    ATTRIBUTE(Stats, alloc_histogram, "Requests for a new block, by size."),
    ATTRIBUTE(Stats, dealloc_count, "Freed blocks."),
    ATTRIBUTE(Stats, dealloc_sum, "Their bytes at that moment."),
    ATTRIBUTE(Stats, dealloc_avg, "dealloc_sum / dealloc_count, rounded down; None if the count is 0."),
    ATTRIBUTE(Stats, realloc_growth_count, "Resizes to a larger size."),
    ATTRIBUTE(Stats, realloc_growth_sum, "Bytes by which they grew."),
    ATTRIBUTE(Stats, realloc_growth_avg,
              "realloc_growth_sum / realloc_growth_count, rounded down; None if the count is 0."),
    ATTRIBUTE(Stats, realloc_growth_in_place_count, "Those that kept their address."),
    ATTRIBUTE(Stats, realloc_growth_histogram, "Resizes to a larger size, by the difference."),
    ATTRIBUTE(Stats, realloc_shrink_count, "Resizes to a smaller size."),
    ATTRIBUTE(Stats, realloc_shrink_sum, "Bytes by which they shrank."),
    ATTRIBUTE(Stats, realloc_shrink_avg,
              "realloc_shrink_sum / realloc_shrink_count, rounded down; None if the count is 0."),
    ATTRIBUTE(Stats, realloc_shrink_in_place_count, "Those that kept their address."),
    ATTRIBUTE(Stats, realloc_shrink_histogram, "Resizes to a smaller size, by the difference."),
    ATTRIBUTE(Stats, realloc_same_count, "Resizes to the same size."),
    ATTRIBUTE(Stats, realloc_move_count, "Resizes that changed the address."),
    ATTRIBUTE(Stats, realloc_move_sum, "Bytes they copied: the smaller of the old and the new size."),
    ATTRIBUTE(Stats, realloc_move_avg, "realloc_move_sum / realloc_move_count, rounded down; None if the count is 0."),
    ATTRIBUTE(Stats, realloc_fail_count, "Refused resizes. The old block stays, and stays counted."),
    ATTRIBUTE(Stats, total_alloc_sum, "alloc_sum + realloc_growth_sum."),
    ATTRIBUTE(Stats, total_dealloc_sum, "dealloc_sum + realloc_shrink_sum."),
    ATTRIBUTE(Stats, live_count, "Live blocks at that moment, in every kind."),
    ATTRIBUTE(Stats, live_change, "Diffs and windows: by how much live_count changed. 0 if nothing leaked."),
    ATTRIBUTE(Stats, use_curr, "Live bytes at that moment, in every kind."),
    ATTRIBUTE(Stats, use_change, "Diffs and windows: by how much use_curr changed."),
    ATTRIBUTE(Stats, use_max,
              "Highest use_curr since the start or reset(). Diffs and windows: by how much that record rose."),
    ATTRIBUTE(Stats, use_peak, "Windows: the highest use inside, above the use at the begin."),
    ATTRIBUTE(Stats, unseen_alloc_count, "Blocks from before the hook, first met at their free or resize."),
    ATTRIBUTE(Stats, unseen_free_count,
              "Missed frees: the address of a live block was handed out again, or its Lua state was unhooked."),
    ATTRIBUTE(Stats, lua_kinds, "What Lua states created, by kind, as a LuaKinds; None if no state is counted."),
    ATTRIBUTE(Stats, thread,
              "The calling thread's part, as a diff. Windows of scope 'process' have it if they end on the thread that "
              "began\n"
              "them; else None."),
    ATTRIBUTE(Stats, use_peak_error,
              "Windows: use_peak may be too low or too high by so many bytes; 0 if no other thread took part."),
    ATTRIBUTE(Stats, foreign_count,
              "Windows: requests, resizes and frees by other threads meanwhile. 0 is a clean measurement."),
    {"sites", heapster__python_get_sites, NULL,
     "Windows that were explained: the lines that made these requests, as Sites; else None.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
const struct heapster__generated heapster__generated_stats = {stats_methods, stats_attributes};

static PyMethodDef histogram_methods[] = {
    METHOD(Histogram, total, METH_NOARGS,
           "total($self, /)\n--\n\n"
           "Return the sum of all buckets."),
    METHOD(Histogram, is_empty, METH_NOARGS,
           "is_empty($self, /)\n--\n\n"
           "Return whether every bucket is 0."),
    METHOD(Histogram, quantile, METH_O,
           "quantile($self, q, /)\n--\n\n"
           "Return the size in bytes below which a share q, 0 .. 1, of all counted sizes lies, or None for an empty "
           "histogram. Sizes\n"
           "are taken as evenly spread inside their bucket."),
    METHOD(Histogram, __reduce__, METH_NOARGS, NULL),
    {NULL, NULL, 0, NULL},
};
const struct heapster__generated heapster__generated_histogram = {histogram_methods, NULL};

static PyMethodDef heap_methods[] = {
    METHOD(Heap, stats, METH_NOARGS,
           "stats($self, /)\n--\n\n"
           "Return its counters as they are now: the same as heapster.stats(heap)."),
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef heap_attributes[] = {
    ATTRIBUTE(Heap, name, "Its name."),
    {NULL, NULL, NULL, NULL, NULL},
};
const struct heapster__generated heapster__generated_heap = {heap_methods, heap_attributes};

static PyGetSetDef status_attributes[] = {
    ATTRIBUTE(Status, version, "Version of the core."),
    ATTRIBUTE(Status, counters, "'sharded', or 'shared' for the build with one set of counters for all threads."),
    ATTRIBUTE(Status, malloc_way, "How malloc is counted: 'preload', 'link', 'attach' (by hook) or 'none'."),
    ATTRIBUTE(Status, malloc_problem, "Why malloc is not counted, or not all of it; else None."),
    ATTRIBUTE(Status, malloc_is_proved, "Whether a probe through the C library reached the hook."),
    ATTRIBUTE(Status, python_way, "How Python's objects are counted: 'import', 'host' or 'none'."),
    ATTRIBUTE(Status, python_problem, "Why Python's objects are not counted, or cannot be unhooked; else None."),
    ATTRIBUTE(Status, lua_way, "How Lua's objects are counted: 'require', 'host' or 'none'."),
    ATTRIBUTE(Status, lua_problem, "Why Lua's objects are not counted; else None."),
    ATTRIBUTE(Status, uncounted_count,
              "Requests that were served but not counted, since heapster's own memory ran out."),
    ATTRIBUTE(Status, lost_size_count, "Missed frees of unknown size, counted as 253 bytes each."),
    ATTRIBUTE(Status, crossed_count, "Blocks freed or resized through another heap than the one that counted them."),
    ATTRIBUTE(Status, threads_seen, "The most threads alive at one time."),
    ATTRIBUTE(Status, threads_alive, "Threads that have counters now."),
    ATTRIBUTE(Status, windows_open, "Open windows, of 4,096."),
    ATTRIBUTE(Status, lua_preexisting, "Bytes of hooked Lua states from before their hook, which no heap counts."),
    ATTRIBUTE(Status, doubtful_count, "Blocks counted as live that may have been freed while a hook was off."),
    ATTRIBUTE(Status, doubtful_bytes, "The bytes of those blocks."),
    ATTRIBUTE(Status, own_bytes, "Memory that heapster mapped for itself, as address space."),
    {NULL, NULL, NULL, NULL, NULL},
};
const struct heapster__generated heapster__generated_status = {NULL, status_attributes};

static PyGetSetDef frame_attributes[] = {
    ATTRIBUTE(Frame, alloc_count, "Served requests for a new block."),
    ATTRIBUTE(Frame, realloc_growth_count, "Resizes to a larger size."),
    ATTRIBUTE(Frame, total_alloc_sum, "Bytes requested by both."),
    ATTRIBUTE(Frame, use_peak_error,
              "Bytes by which use_peak may be too low or too high; 0 if only the marking thread acted."),
    ATTRIBUTE(Frame, use_peak, "Bytes: the highest use inside, above the use at the begin."),
    {NULL, NULL, NULL, NULL, NULL},
};
const struct heapster__generated heapster__generated_frame = {NULL, frame_attributes};

static PyGetSetDef frames_attributes[] = {
    ATTRIBUTE(Frames, frame_count,
              "Frames that have ended since the first call of frame(): the number of the last one."),
    ATTRIBUTE(Frames, kept_count, "Frames that are here: len()."),
    ATTRIBUTE(Frames, quiet_count, "Allocation-free frames among them: no alloc, no growth."),
    ATTRIBUTE(Frames, worst_index,
              "The number of the worst frame, counted from 1 as frame_count is; None if no frame has ended."),
    ATTRIBUTE(Frames, last, "The last Frame; None if no frame has ended."),
    ATTRIBUTE(Frames, mean, "The mean of the frames here, each figure rounded down; None if no frame has ended."),
    ATTRIBUTE(Frames, worst,
              "The Frame with the most allocs and growths; of equals the one with the most bytes, then the latest. "
              "None if no\n"
              "frame has ended."),
    {NULL, NULL, NULL, NULL, NULL},
};
const struct heapster__generated heapster__generated_frames = {NULL, frames_attributes};

static PyGetSetDef large_attributes[] = {
    ATTRIBUTE(LargeRequest, size, "Bytes that it added: those of a new block, or by which a block grew."),
    ATTRIBUTE(LargeRequest, heap, "The name of the heap that counted it."),
    ATTRIBUTE(LargeRequest, place,
              "The call in C, as 'path+0x5f3a (function)': what is before the blank is for addr2line -e. None if it is "
              "not known."),
    ATTRIBUTE(LargeRequest, unsaid_count,
              "Large requests since the last one that was kept, for which there was no room."),
    ATTRIBUTE(LargeRequest, unsaid_max, "Bytes of the largest of these; 0 if there are none."),
    {NULL, NULL, NULL, NULL, NULL},
};
const struct heapster__generated heapster__generated_large = {NULL, large_attributes};
