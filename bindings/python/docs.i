/* What help(heapster) says of SWIG's part of it. */
%define DOC(name, text)
%feature("docstring") name text;
%enddef

DOC(heapster__script_stats, "stats(heap=None)\n--\n
Return the counters as they are now, of all heaps or of one by its name or Heap. after - before is a diff.")
DOC(heapster__script_live_histogram, "live_histogram(heap=None)\n--\n
Return a Histogram of the sizes of all live blocks, of all heaps or of one by its name or Heap. It reads the shadow map:
its time grows with the memory that the heap has touched.")
DOC(heapster_frame_mark, "frame()\n--\n
End a frame and begin the next. Call it once per turn of a loop; the first call begins frame 1. The process has one frame
clock, for all threads and languages. The call itself requests no memory of any counted heap.")
DOC(heapster__script_frames, "frames(heap=None)\n--\n
Return the last 256 Frames, of all heaps or of one by its name or Heap. str() is a table with a strip of bars.")
DOC(heapster__script_heap, "heap(name, /)\n--\n
Return the Heap of that name. Raise UnknownHeap, or NotCounting for a hook that is off.")
DOC(heapster__script_status, "status()\n--\n
Return a Status: what is hooked and how, and what could not be counted.")
DOC(heapster__script_report, "report()\n--\n
Return a text for people: what is not counted, a table of the heaps, the report of all heaps.")
DOC(heapster__script_json, "json()\n--\n
Return every heap and the total, read at once, as a JSON document.")
DOC(heapster__script_prometheus, "prometheus()\n--\n
Return every heap in the text format of Prometheus, version 0.0.4.")
DOC(heapster_reset, "reset()\n--\n
Let snapshots count from here on. Live blocks stay counted; open windows are not disturbed.")
DOC(heapster_hook, "hook(name, /)\n--\n
Start counting: 'python', or 'malloc' for what C extensions and libraries request. Raise RuntimeError with the reason if
that is not possible. Libraries loaded later are found when figures are read, when a window begins and at frame(). Blocks
from before are unseen_alloc_count.")
DOC(heapster_unhook, "unhook(name, /)\n--\n
Stop the counting that hook() or the import started; do nothing if it is off. Raise RuntimeError, and change nothing, if
another hook is above this one, or if malloc is counted by preloading or linking.")

DOC(heapster_stats, "What a heap, or all heaps, did. A value, equal to another with the same figures.

kind is 'snapshot' (since the start or reset()), 'diff' (after - before) or 'window' (from measure, measuring, limit).
Counts are requests or blocks; sums and use_ figures are bytes as the program requested them. A figure without a meaning
in this kind is None, and so is the average of nothing. str() is the report.")
DOC(heapster_stats::kind, "'snapshot', 'diff' or 'window'.")
DOC(heapster_stats::scope, "'process', or 'thread' for the requests of one thread.")
DOC(heapster_stats::alloc_count, "Served requests for a new block.")
DOC(heapster_stats::alloc_sum, "Bytes they requested.")
DOC(heapster_stats::alloc_avg, "alloc_sum / alloc_count, rounded down; None if the count is 0.")
DOC(heapster_stats::alloc_fail_count, "Refused requests for a new block.")
DOC(heapster_stats::alloc_histogram, "Requests for a new block, by size.")
DOC(heapster_stats::dealloc_count, "Freed blocks.")
DOC(heapster_stats::dealloc_sum, "Their bytes at that moment.")
DOC(heapster_stats::dealloc_avg, "dealloc_sum / dealloc_count, rounded down; None if the count is 0.")
DOC(heapster_stats::realloc_growth_count, "Resizes to a larger size.")
DOC(heapster_stats::realloc_growth_sum, "Bytes by which they grew.")
DOC(heapster_stats::realloc_growth_avg, "realloc_growth_sum / realloc_growth_count, rounded down; None if the count is 0.")
DOC(heapster_stats::realloc_growth_in_place_count, "Those that kept their address.")
DOC(heapster_stats::realloc_growth_histogram, "Resizes to a larger size, by the difference.")
DOC(heapster_stats::realloc_shrink_count, "Resizes to a smaller size.")
DOC(heapster_stats::realloc_shrink_sum, "Bytes by which they shrank.")
DOC(heapster_stats::realloc_shrink_avg, "realloc_shrink_sum / realloc_shrink_count, rounded down; None if the count is 0.")
DOC(heapster_stats::realloc_shrink_in_place_count, "Those that kept their address.")
DOC(heapster_stats::realloc_shrink_histogram, "Resizes to a smaller size, by the difference.")
DOC(heapster_stats::realloc_same_count, "Resizes to the same size.")
DOC(heapster_stats::realloc_move_count, "Resizes that changed the address.")
DOC(heapster_stats::realloc_move_sum, "Bytes they copied: the smaller of the old and the new size.")
DOC(heapster_stats::realloc_move_avg, "realloc_move_sum / realloc_move_count, rounded down; None if the count is 0.")
DOC(heapster_stats::realloc_fail_count, "Refused resizes. The old block stays, and stays counted.")
DOC(heapster_stats::total_alloc_sum, "alloc_sum + realloc_growth_sum.")
DOC(heapster_stats::total_dealloc_sum, "dealloc_sum + realloc_shrink_sum.")
DOC(heapster_stats::live_count, "Live blocks at that moment, in every kind.")
DOC(heapster_stats::live_change, "Diffs and windows: by how much live_count changed. 0 if nothing leaked.")
DOC(heapster_stats::use_curr, "Live bytes at that moment, in every kind.")
DOC(heapster_stats::use_change, "Diffs and windows: by how much use_curr changed.")
DOC(heapster_stats::use_max, "Highest use_curr since the start or reset(). Diffs and windows: by how much that record rose.")
DOC(heapster_stats::use_peak, "Windows: the highest use inside, above the use at the begin.")
DOC(heapster_stats::unseen_alloc_count, "Blocks from before the hook, first met at their free or resize.")
DOC(heapster_stats::unseen_free_count, "Missed frees: the address of a live block was handed out again, or its Lua state was unhooked.")
DOC(heapster_stats::lua_kinds, "What Lua states created, by kind, as a LuaKinds; None if no state is counted.")
DOC(heapster_stats::thread, "The calling thread's part, as a diff. Windows of scope 'process' have it if they end on the thread that began
them; else None.")
DOC(heapster_stats::use_peak_error, "Windows: use_peak may be too low or too high by so many bytes; 0 if no other thread took part.")
DOC(heapster_stats::foreign_count, "Windows: requests, resizes and frees by other threads meanwhile. 0 is a clean measurement.")
DOC(heapster_stats::as_dict, "as_dict($self, /)\n--\n
Return a dict of kind, scope, every figure, and the histograms as lists of 64: the same as to_json().")
DOC(heapster_stats::to_json, "to_json($self, /)\n--\n
Return a JSON object of the same as as_dict().")

DOC(heapster_histogram, "Counts by power-of-two size, a sequence of 64. Bucket k counts sizes from 2**k up to 2**(k+1) - 1; bucket 0 also
counts the size 0. A loop, tuple() and list() read all buckets at once, much faster than 64 indexes. str() is a line with
a bar for each bucket from the first to the last that is not 0.")
DOC(heapster_histogram::total, "total($self, /)\n--\n
Return the sum of all buckets.")
DOC(heapster_histogram::is_empty, "is_empty($self, /)\n--\n
Return whether every bucket is 0.")
DOC(heapster_histogram::as_quantile, "quantile($self, q, /)\n--\n
Return the size in bytes below which a share q, 0 .. 1, of all counted sizes lies, or None for an empty histogram. Sizes
are taken as evenly spread inside their bucket.")

DOC(heapster_heap, "A named set of counters, from heapster.heap(name) or heapster.heaps().")
DOC(heapster_heap::name, "Its name.")
DOC(heapster_heap::stats, "stats($self, /)\n--\n
Return its counters as they are now: the same as heapster.stats(heap).")

DOC(heapster_frame, "What happened between two calls of frame(). A value, equal to another with the same figures; they mean the same as in
a window's Stats.")
DOC(heapster_frame::alloc_count, "Served requests for a new block.")
DOC(heapster_frame::realloc_growth_count, "Resizes to a larger size.")
DOC(heapster_frame::total_alloc_sum, "Bytes requested by both.")
DOC(heapster_frame::use_peak_error, "Bytes by which use_peak may be too low or too high; 0 if only the marking thread acted.")
DOC(heapster_frame::use_peak, "Bytes: the highest use inside, above the use at the begin.")
DOC(heapster_frames, "The last frames of a heap or of all heaps: a sequence of Frame, the oldest first, at most 256.")
DOC(heapster_frames::frame_count, "Frames that have ended since the first call of frame(): the number of the last one.")
DOC(heapster_frames::kept_count, "Frames that are here: len().")
DOC(heapster_frames::quiet_count, "Allocation-free frames among them: no alloc, no growth.")
DOC(heapster_frames::worst_index, "The number of the worst frame, counted from 1 as frame_count is; None if no frame has ended.")
DOC(heapster_frames::last, "The last Frame; None if no frame has ended.")
DOC(heapster_frames::mean, "The mean of the frames here, each figure rounded down; None if no frame has ended.")
DOC(heapster_frames::worst, "The Frame with the most allocs and growths; of equals the one with the most bytes, then the latest. None if no
frame has ended.")

DOC(heapster_status, "What is hooked and how, and what could not be counted. str() is a few lines for people.")
DOC(heapster_status::version, "Version of the core.")
DOC(heapster_status::counters, "'sharded', or 'shared' for the build with one set of counters for all threads.")
DOC(heapster_status::malloc_way, "How malloc is counted: 'preload', 'link', 'attach' (by hook) or 'none'.")
DOC(heapster_status::malloc_problem, "Why malloc is not counted, or not all of it; else None.")
DOC(heapster_status::malloc_is_proved, "Whether a probe through the C library reached the hook.")
DOC(heapster_status::python_way, "How Python's objects are counted: 'import', 'host' or 'none'.")
DOC(heapster_status::python_problem, "Why Python's objects are not counted, or cannot be unhooked; else None.")
DOC(heapster_status::lua_way, "How Lua's objects are counted: 'require', 'host' or 'none'.")
DOC(heapster_status::lua_problem, "Why Lua's objects are not counted; else None.")
DOC(heapster_status::uncounted_count, "Requests that were served but not counted, since heapster's own memory ran out.")
DOC(heapster_status::lost_size_count, "Missed frees of unknown size, counted as 253 bytes each.")
DOC(heapster_status::crossed_count, "Blocks freed or resized through another heap than the one that counted them.")
DOC(heapster_status::threads_seen, "The most threads alive at one time.")
DOC(heapster_status::threads_alive, "Threads that have counters now.")
DOC(heapster_status::windows_open, "Open windows, of 256.")
DOC(heapster_status::lua_preexisting, "Bytes of hooked Lua states from before their hook, which no heap counts.")
DOC(heapster_status::doubtful_count, "Blocks counted as live that may have been freed while a hook was off.")
DOC(heapster_status::doubtful_bytes, "The bytes of those blocks.")
DOC(heapster_status::own_bytes, "Memory that heapster mapped for itself, as address space.")
