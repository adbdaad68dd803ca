/* What help(heapster) says of SWIG's part of it. */
%define DOC(name, text)
%feature("docstring") name text;
%enddef

DOC(heapster__script_stats, "stats(heap=None)
--

Return the counters as they are now: of all heaps, or of one by its name or Heap. after - before is a diff.")
DOC(heapster__script_live_histogram, "live_histogram(heap=None)
--

Return a Histogram of the sizes of the blocks that are alive now: of all heaps, or of one by its name or Heap.
It reads the block map: the time grows with the memory that the heap has touched.")
DOC(heapster_frame_mark, "frame()
--

End a frame and begin the next: for a loop to call once a turn. The first call begins frame 1. There is one frame clock
in the process, for all threads and languages. The call itself asks for no memory of any counted heap.")
DOC(heapster__script_frames, "frames(heap=None)
--

Return the last 256 Frames: of all heaps, or of one by its name or Heap. str() is a table with a strip of bars.")
DOC(heapster__script_heap, "heap(name, /)
--

Return the Heap of that name; raise UnknownHeap, or NotCounting for a hook that is off.")
DOC(heapster__script_status, "status()
--

Return a Status: what is hooked and how, and what could not be counted.")
DOC(heapster__script_report, "report()
--

Return a text for people: what is not counted, a table of the heaps, the report of them all.")
DOC(heapster__script_json, "json()
--

Return every heap and the total, in one reading, as a JSON document.")
DOC(heapster__script_prometheus, "prometheus()
--

Return every heap in the text format of Prometheus, version 0.0.4.")
DOC(heapster_reset, "reset()
--

Let snapshots count from here on. What is alive stays; windows that are open are not disturbed.")
DOC(heapster_hook, "hook(name, /)
--

Count from now on what that hook sees: 'python', or 'malloc', which is what C extensions and libraries ask for. Raise
RuntimeError where this cannot be done; the message says why. Libraries that are loaded later are found when figures
are read, when a window begins and at frame(); blocks from before are unseen_alloc_count.")
DOC(heapster_unhook, "unhook(name, /)
--

End the counting that hook() or the import began; nothing where it is off. Raise RuntimeError, and change nothing, where
another hook stands above, or malloc is counted by preloading or linking.")

DOC(heapster_stats, "What a heap, or all of them, did: a value, equal to another by its figures.

kind is 'snapshot' (since the start or reset()), 'diff' (after - before) or 'window' (of measure, measuring, limit).
Counts are of requests or blocks, sums and use_ figures are bytes as the program asked for them. A figure that has no
meaning in this kind, and an average of nothing, is None. str() is the report.")
DOC(heapster_stats::kind, "'snapshot', 'diff' or 'window'.")
DOC(heapster_stats::scope, "'process', or 'thread' for the requests of one thread.")
DOC(heapster_stats::alloc_count, "Requests for a new block that were served.")
DOC(heapster_stats::alloc_sum, "Bytes they asked for.")
DOC(heapster_stats::alloc_avg, "alloc_sum / alloc_count, rounded down; None where nothing was asked for.")
DOC(heapster_stats::alloc_fail_count, "Requests for a new block that were refused.")
DOC(heapster_stats::alloc_histogram, "Requests for a new block, by the size asked for.")
DOC(heapster_stats::dealloc_count, "Blocks freed.")
DOC(heapster_stats::dealloc_sum, "Their bytes at that moment.")
DOC(heapster_stats::dealloc_avg, "dealloc_sum / dealloc_count, rounded down; None where nothing was freed.")
DOC(heapster_stats::realloc_growth_count, "Resizes to a larger size.")
DOC(heapster_stats::realloc_growth_sum, "Bytes by which they grew.")
DOC(heapster_stats::realloc_growth_avg, "realloc_growth_sum / realloc_growth_count, rounded down; None where nothing grew.")
DOC(heapster_stats::realloc_growth_in_place_count, "Those that kept their address.")
DOC(heapster_stats::realloc_growth_histogram, "Resizes to a larger size, by the difference.")
DOC(heapster_stats::realloc_shrink_count, "Resizes to a smaller size.")
DOC(heapster_stats::realloc_shrink_sum, "Bytes by which they shrank.")
DOC(heapster_stats::realloc_shrink_avg, "realloc_shrink_sum / realloc_shrink_count, rounded down; None where nothing shrank.")
DOC(heapster_stats::realloc_shrink_in_place_count, "Those that kept their address.")
DOC(heapster_stats::realloc_shrink_histogram, "Resizes to a smaller size, by the difference.")
DOC(heapster_stats::realloc_same_count, "Resizes to the same size.")
DOC(heapster_stats::realloc_move_count, "Resizes that changed the address.")
DOC(heapster_stats::realloc_move_sum, "Bytes that those copied: the smaller of old and new size.")
DOC(heapster_stats::realloc_move_avg, "realloc_move_sum / realloc_move_count, rounded down; None where nothing moved.")
DOC(heapster_stats::realloc_fail_count, "Resizes that were refused; the old block stays, and stays counted.")
DOC(heapster_stats::total_alloc_sum, "alloc_sum + realloc_growth_sum.")
DOC(heapster_stats::total_dealloc_sum, "dealloc_sum + realloc_shrink_sum.")
DOC(heapster_stats::live_count, "Blocks alive at that moment, in every kind.")
DOC(heapster_stats::live_change, "Diffs and windows: by how much live_count changed. 0 where nothing leaked.")
DOC(heapster_stats::use_curr, "Bytes alive at that moment, in every kind.")
DOC(heapster_stats::use_change, "Diffs and windows: by how much use_curr changed.")
DOC(heapster_stats::use_max, "Highest use_curr since start or reset(); in diffs and windows, by how much that record rose.")
DOC(heapster_stats::use_peak, "Windows: the highest use inside, above the use at its begin.")
DOC(heapster_stats::unseen_alloc_count, "Blocks first met at their free or resize: they are older than the hook.")
DOC(heapster_stats::unseen_free_count, "Blocks whose address was handed out again before their free was seen.")
DOC(heapster_stats::lua_kinds, "What Lua states created, by kind, as a LuaKinds; None where none is counted.")
DOC(heapster_stats::thread, "Windows of scope 'process', ended by the thread that began them: what of it was that thread's own share, a
diff; else None.")
DOC(heapster_stats::foreign_count, "Windows: requests, resizes and frees by other threads meanwhile; 0 is a clean measurement.")
DOC(heapster_stats::as_dict, "as_dict($self, /)
--

Return a dict of kind, scope, every figure, and the histograms as lists of 64: what to_json() says.")
DOC(heapster_stats::to_json, "to_json($self, /)
--

Return a JSON object of what as_dict() has.")

DOC(heapster_histogram, "Counts by power-of-two size, a sequence of 64: bucket k counts sizes from 2**k up to 2**(k+1) - 1, and
bucket 0 the size 0 as well. To loop over it, or to make a tuple or a list of it, takes all buckets at once: much faster than
to index it 64 times. str() is a line with a bar for each bucket from the first to the last that is not 0.")
DOC(heapster_histogram::total, "total($self, /)
--

Return the sum of all buckets.")
DOC(heapster_histogram::is_empty, "is_empty($self, /)
--

Return whether every bucket is 0.")
DOC(heapster_histogram::as_quantile, "quantile($self, q, /)
--

Return the size in bytes below which a share q, 0 .. 1, of what was counted lies, or None for an empty histogram. Sizes
are taken as evenly spread inside their bucket.")

DOC(heapster_heap, "A named set of counters: heapster.heap(name) and heapster.heaps() give it.")
DOC(heapster_heap::name, "Its name.")
DOC(heapster_heap::stats, "stats($self, /)
--

Return its counters as they are now: the same as heapster.stats(heap).")

DOC(heapster_frame, "What happened between two calls of frame(): a value, equal to another by its figures, which mean what those of a
window's Stats do.")
DOC(heapster_frame::alloc_count, "Requests for a new block that were served.")
DOC(heapster_frame::realloc_growth_count, "Resizes to a larger size.")
DOC(heapster_frame::total_alloc_sum, "Bytes asked for by both.")
DOC(heapster_frame::use_peak, "Bytes: the highest use inside, above the use at the begin.")
DOC(heapster_frames, "The last frames of a heap, or of all: a sequence of Frame, the oldest first, at most 256.")
DOC(heapster_frames::frame_count, "Frames that have ended, since the first call of frame(): the number of the last one.")
DOC(heapster_frames::kept_count, "Those that are here: len().")
DOC(heapster_frames::quiet_count, "Those of them that asked for nothing: no alloc, no growth.")
DOC(heapster_frames::worst_index, "The number of the worst frame, counted from 1 as frame_count is; None where none has ended.")
DOC(heapster_frames::last, "The last Frame; None where none has ended.")
DOC(heapster_frames::mean, "The mean of those kept, each figure rounded down; None where none has ended.")
DOC(heapster_frames::worst, "The Frame with the most allocs and growths; of equals the one with the most bytes, then the latest. None where none
has ended.")

DOC(heapster_status, "What is hooked and how, and what could not be counted. str() is a few lines for people.")
DOC(heapster_status::version, "Of the core.")
DOC(heapster_status::counters, "'sharded', or 'shared' for the build with one set of counters for all threads.")
DOC(heapster_status::malloc_way, "How malloc came to be counted: 'preload', 'link', 'attach' (by hook) or 'none'.")
DOC(heapster_status::malloc_problem, "Why malloc is not counted, or not all of it; None if it is.")
DOC(heapster_status::malloc_is_proved, "Whether a probe through the C library reached the hook.")
DOC(heapster_status::python_way, "How Python's objects came to be counted: 'import', 'host' or 'none'.")
DOC(heapster_status::python_problem, "Why Python's objects are not counted, or cannot be unhooked; None otherwise.")
DOC(heapster_status::lua_way, "How Lua's objects came to be counted: 'require', 'host' or 'none'.")
DOC(heapster_status::lua_problem, "Why Lua's objects are not counted; None if they are.")
DOC(heapster_status::uncounted_count, "Requests that were served but not counted: heapster's own memory ran out.")
DOC(heapster_status::lost_size_count, "Unseen frees whose size was lost, booked as 253 bytes each.")
DOC(heapster_status::crossed_count, "Blocks freed or resized through another heap than the one that counted them.")
DOC(heapster_status::threads_seen, "The most threads that were alive at one time.")
DOC(heapster_status::threads_alive, "Threads that have counters now.")
DOC(heapster_status::windows_open, "Windows that are open now, of 256.")
DOC(heapster_status::lua_preexisting,
    "Bytes of hooked Lua states that are older than their hook, and that no heap counts.")
DOC(heapster_status::own_bytes, "Memory that heapster took from the system for itself: address space mapped.")
