---@meta heapster

--- Exact heap telemetry, always on. For the Lua language server; the module itself is C.
---@class heapster
---@field version string version of the core
---@field UnknownHeap table metatable of errors of that kind: no heap has that name
---@field NotCounting table metatable of errors of that kind: the heap is not counted
---@field LimitExceeded table metatable of errors of that kind: a limit was broken
local heapster = {}

---@alias heapster.Scope
---| "process" # every thread; the default
---| "thread" # the calling thread only

--- A limit of a figure: the most, or a pair of the least and the most. One of the pair may be nil. Bytes may be a size such
--- as "64 KiB".
---@alias heapster.Bound integer|string|{[1]: integer|string|nil, [2]: integer|string|nil}

--- What was counted: a snapshot, a diff or a window. Counts are requests or blocks, sums are bytes as the program requested
--- them. `after - before` is a diff, `==` compares all figures, tostring gives the report. pairs gives the fields in this
--- order, without those that have no meaning. Any other field is an error.
---@class heapster.Stats
---@field kind "snapshot"|"diff"|"window"
---@field scope heapster.Scope
---@field alloc_count integer served requests for a new block
---@field alloc_sum integer bytes they requested
---@field alloc_avg integer? bytes, rounded down; nil if the count is 0
---@field alloc_fail_count integer refused requests for a new block
---@field dealloc_count integer freed blocks
---@field dealloc_sum integer their sizes at that moment
---@field dealloc_avg integer?
---@field realloc_growth_count integer resizes to a larger size
---@field realloc_growth_sum integer bytes by which they grew
---@field realloc_growth_avg integer?
---@field realloc_growth_in_place_count integer those that kept their address
---@field realloc_shrink_count integer resizes to a smaller size
---@field realloc_shrink_sum integer bytes by which they shrank
---@field realloc_shrink_avg integer?
---@field realloc_shrink_in_place_count integer those that kept their address
---@field realloc_same_count integer resizes to the same size
---@field realloc_move_count integer resizes that changed the address
---@field realloc_move_sum integer bytes they copied
---@field realloc_move_avg integer?
---@field realloc_fail_count integer refused resizes
---@field total_alloc_sum integer alloc_sum + realloc_growth_sum
---@field total_dealloc_sum integer dealloc_sum + realloc_shrink_sum
---@field live_count integer live blocks at that moment, in every kind
---@field live_change integer? diffs and windows: by how much live_count changed
---@field use_curr integer live bytes at that moment, in every kind
---@field use_change integer? diffs and windows: by how much use_curr changed
---@field use_max integer highest use_curr since start or reset; in diffs and windows: by how much that rose
---@field use_peak integer? windows: highest use inside, above the use at the begin
---@field unseen_alloc_count integer blocks from before the hook, first met at their free or resize
---@field unseen_free_count integer missed frees: the address of a live block was handed out again, or its state was unhooked
---@field foreign_count integer? windows: requests, resizes and frees by other threads meanwhile
---@field use_peak_error integer? windows: bytes by which use_peak may be too low or too high; 0 if no other thread took part
---@field alloc_histogram heapster.Histogram by size
---@field realloc_growth_histogram heapster.Histogram by the difference
---@field realloc_shrink_histogram heapster.Histogram by the difference
---@field lua_kinds heapster.LuaKinds? what Lua states created; nil if none is counted
---@field thread heapster.Stats? the calling thread's part, as a diff, of a window of scope "process"; not among pairs()
---@field sites heapster.Sites? where it comes from, of a window that was explained; not among pairs()
---@operator sub(heapster.Stats): heapster.Stats
local Stats = {}

--- The figures as a plain table; histograms are arrays of 64, lua_kinds a table of tables.
---@return table<string, any>
function Stats:as_table() end

--- One JSON object. A figure without a meaning is null.
---@return string
function Stats:to_json() end

--- What one place requested while a window was open: a line, or a call in C.
---@class heapster.Site
---@field kind "lua"|"python"|"c"|"elsewhere"
---@field file string? of a line as Lua names the chunk, "?" without debug information; of C the library; nil elsewhere
---@field line integer? nil where it is not known
---@field func string? the function in C that requested most of it, as the line calls it
---@field alloc_count integer served requests for a new block
---@field alloc_sum integer bytes they requested
---@field alloc_histogram heapster.Histogram by size
---@field realloc_growth_count integer resizes to a larger size
---@field realloc_growth_sum integer bytes by which they grew
---@field realloc_move_count integer resizes that changed the address
---@field realloc_move_sum integer bytes they copied
---@field live_count integer new blocks from here that are alive at the end
---@field live_bytes integer their bytes

--- The sites of a window: an array that cannot be changed. The widest share of allocs and growths is first; after a broken
--- limit the site with most of what is limited. tostring gives a table of the first 20, which ends in "18 of 18 explained".
---@class heapster.Sites
---@field counted integer allocs and growths that the window counted
---@field explained integer those of them that have a site
---@field elsewhere integer those of other states, or beyond 4,096 sites: of one last site of kind "elsewhere"
---@field under_way integer those of other threads that had begun before
---@field [integer] heapster.Site
---@operator len: integer
local Sites = {}

--- The first `most` sites as a table for people; all of them by default.
---@param most? integer
---@return string
function Sites:text(most) end

--- The sites as plain tables, without histograms.
---@return table<string, any>[]
function Sites:as_table() end

--- Created objects of one kind.
---@class heapster.LuaKind
---@field count integer
---@field sum integer bytes requested for them

--- New blocks of Lua states, by the type tag that Lua gives its allocator: objects created, not live objects. They add up to
--- alloc_count and alloc_sum. pairs gives the kinds in this order.
---@class heapster.LuaKinds
---@field strings heapster.LuaKind
---@field tables heapster.LuaKind headers only: array and hash parts are `other`
---@field functions heapster.LuaKind closures, of Lua and of C
---@field userdata heapster.LuaKind
---@field threads heapster.LuaKind coroutines; their stacks are `other`
---@field other heapster.LuaKind everything without a tag of its own: parts of objects, prototypes, upvalues, buffers

--- Counts by power-of-two size: an array of 64 that cannot be changed. h[k + 1] counts sizes in [2^k, 2^(k+1)), h[1]
--- also size 0. `after - before` is cut at 0, tostring gives the bars.
---@class heapster.Histogram
---@field [integer] integer
---@operator sub(heapster.Histogram): heapster.Histogram
---@operator len: integer
local Histogram = {}

--- The sum of all buckets.
---@return integer
function Histogram:total() end

---@return boolean
function Histogram:is_empty() end

--- The size in bytes below which a share `q`, 0 .. 1, of all counted sizes lies; nil for an empty histogram.
---@param q number
---@return number?
function Histogram:quantile(q) end

--- A named set of counters. Its host may end it: it then keeps its name, and raises UnknownHeap wherever it is used.
---@class heapster.Heap
---@field name string
local Heap = {}

--- A snapshot of this heap. Errors: UnknownHeap.
---@return heapster.Stats
function Heap:stats() end

--- What is hooked and how, and what could not be counted. tostring gives lines for people.
---@class heapster.Status
---@field version string version of the core
---@field counters "sharded"|"shared"
---@field malloc_way string "preload", "link", "attach" (by hook), or "none" if malloc is not counted
---@field malloc_problem string? why malloc is not counted, or not all of it
---@field malloc_is_proved boolean a probe reached the hook
---@field python_way string "none" if Python's objects are not counted
---@field python_problem string? why Python's objects are not counted
---@field lua_way string "require", "host", or "none" if the calling state is not counted
---@field lua_problem string? why the calling state is not counted
---@field uncounted_count integer requests that were served but not counted
---@field lost_size_count integer missed frees of unknown size
---@field crossed_count integer blocks freed through another heap than the one that counted them
---@field threads_seen integer
---@field threads_alive integer
---@field windows_open integer
---@field lua_preexisting integer bytes of the calling state that no heap counts: they are from before the hook
---@field own_bytes integer memory that heapster mapped for itself
---@field doubtful_count integer blocks counted as live that may have been freed while a hook was off
---@field doubtful_bytes integer their bytes

--- What happened between two calls of heapster.frame(). Two frames with the same figures are equal; the figures mean the
--- same as in a window's Stats.
---@class heapster.Frame
---@field alloc_count integer requests for a new block that were served
---@field realloc_growth_count integer resizes to a larger size
---@field total_alloc_sum integer bytes requested by both
---@field use_peak_error integer bytes by which use_peak may be too low or too high; 0 if only the marking thread acted
---@field use_peak integer bytes: the highest use inside, above the use at the begin

--- The last frames of a heap or of all heaps: an array that cannot be changed, the oldest first, at most 256. tostring
--- gives a table with a strip of bars.
---@class heapster.Frames
---@field frame_count integer frames that have ended since the first call of heapster.frame(): the number of the last one
---@field kept_count integer frames that are here: #frames
---@field quiet_count integer allocation-free frames among them: no alloc, no growth
---@field worst_index integer? the number of the worst frame, counted from 1 as frame_count is; nil if no frame has ended
---@field last heapster.Frame? nil if no frame has ended
---@field mean heapster.Frame? of the frames here, each figure rounded down
---@field worst heapster.Frame? the one with the most allocs and growths; of equals the one with the most bytes, then the latest
---@field [integer] heapster.Frame
---@operator len: integer

--- A request above the size that was watched for, from heapster.large_requests(). tostring is a line of the
--- watch, without the process, and with the function of the place where the library exports it.
---@class heapster.LargeRequest
---@field size integer bytes that it added: those of a new block, or by which a block grew
---@field heap string the name of the heap that counted it
---@field place string? the call in C, "path+0x5f3a (function)", where addr2line -e wants what is before the blank; nil if not known
---@field unsaid_count integer large requests since the last one that was kept, for which there was no room
---@field unsaid_max integer bytes of the largest of these; 0 if there are none

--- A window over a block: `local m <close> = heapster.measuring()`.
---@class heapster.Measuring
---@field diff heapster.Stats an error until the window has ended
---@field is_open boolean
local Measuring = {}

--- Ends the window before its block does. It is an error to call this twice, or, for scope "thread", from another thread of
--- the system.
---@return heapster.Stats diff
function Measuring:stop() end

--- An error whose reason a script may want to know. tostring gives place and message. Errors for wrong arguments are plain
--- strings, as everywhere in Lua.
---@class heapster.Error
---@field kind "UnknownHeap"|"NotCounting"|"LimitExceeded"
---@field message string
---@field place string of the error, such as "main.lua:3: "
---@field diff heapster.Stats? LimitExceeded: what the function did
---@field broken string[]? LimitExceeded: the fields with a broken limit
---@field sites heapster.Sites? LimitExceeded: which lines it comes from, if the limits asked for that

---@class heapster.WindowOptions
---@field heap? string|heapster.Heap the total of all heaps if nil; "lua": the calling state's
---@field scope? heapster.Scope

---@class heapster.WatchOptions
---@field keep? boolean keep each request for heapster.large_requests() instead of writing a line; false

---@class heapster.MeasureOptions: heapster.WindowOptions
---@field warmup? integer calls before the first that is measured; 0
---@field repeat? integer measured calls; the one with the fewest requests counts; 1
---@field gc? "leave"|"stop" "stop" collects garbage first and stops the collector until all such measures have ended; "leave"
---@field explain? boolean also say which lines requested what: `diff.sites`; false

--- Limits by field, with heap and scope.
---@class heapster.Limits: heapster.WindowOptions
---@field explain? boolean show which lines broke it, in the error's message and as `err.sites`; false
---@field [string] heapster.Bound

--- A snapshot of all heaps, or of one. Errors: UnknownHeap, NotCounting.
---@param heap? string|heapster.Heap
---@return heapster.Stats
function heapster.stats(heap) end

--- The sizes of all live blocks, of all heaps or of one. It reads the shadow map: its time grows with the memory that the
--- heap has touched. Errors: UnknownHeap, NotCounting.
---@param heap? string|heapster.Heap
---@return heapster.Histogram
function heapster.live_histogram(heap) end

--- Calls `fn` in a window of its own and adds nothing to it: `local result, diff, more = heapster.measure(fn, ...)`.
--- fn's further results follow the diff; its errors pass through. `fn` may yield. Errors: UnknownHeap, NotCounting.
---@generic T
---@param options heapster.MeasureOptions
---@param fn fun(...): T, ...
---@param ... any
---@return T result, heapster.Stats diff, any ...
---@overload fun(fn: function, ...): any, heapster.Stats, ...
function heapster.measure(options, fn, ...) end

--- Calls `fn` in a window of its own, as measure does, and says which line requested what:
--- `local result, sites, more = heapster.explain(fn, ...)`. A debug hook follows the lines meanwhile. One at a time in a
--- process. Errors: UnknownHeap, NotCounting.
---@generic T
---@param options heapster.MeasureOptions
---@param fn fun(...): T, ...
---@param ... any
---@return T result, heapster.Sites sites, any ...
---@overload fun(fn: function, ...): any, heapster.Sites, ...
function heapster.explain(options, fn, ...) end

--- Opens a window that ends with its block. Errors: UnknownHeap, NotCounting.
---@param options? heapster.WindowOptions
---@return heapster.Measuring
function heapster.measuring(options) end

--- Calls `fn` and returns its results, or raises LimitExceeded if it did more than `limits` allow. A function that raised
--- is not judged. A use_peak that is off its limit by no more than use_peak_error breaks none: that is a warning (see
--- `warn`). Errors: UnknownHeap, NotCounting, LimitExceeded.
---@param limits heapster.Limits
---@param fn function
---@param ... any
---@return any ...
function heapster.limit(limits, fn, ...) end

--- Ends a frame and begins the next. Call it once per turn of a loop; the first call begins frame 1. The process has one
--- frame clock, for all threads and languages. The call itself requests no memory of any counted heap.
function heapster.frame() end

--- The last 256 frames, of all heaps or of one. Errors: UnknownHeap, NotCounting.
---@param heap? string|heapster.Heap
---@return heapster.Frames
function heapster.frames(heap) end

--- Every heap by its own name: the hooks' first, then the host's, `ended` last. That one has what heaps counted that have
--- ended.
---@return heapster.Heap[]
function heapster.heaps() end

--- The heap of that name. "lua", or nothing, means the heap of the calling state, whose own name may be another, such as
--- "lua:2". This holds wherever a heap is named. Errors: UnknownHeap, NotCounting.
---@param heap? string|heapster.Heap
---@return heapster.Heap
function heapster.heap(heap) end

--- The whole process, for people: what is not counted, the heaps, the report of all heaps.
---@return string
function heapster.report() end

--- The whole process as one JSON document.
---@return string
function heapster.json() end

--- The whole process in Prometheus' text format.
---@return string
function heapster.prometheus() end

---@return heapster.Status
function heapster.status() end

--- Writes a line on standard error for a request that adds more than `size` bytes (0: off; at least 32 KiB), with its size, heap
--- and place in C, from now on, in all heaps and threads of the process. After each line the threshold rises to 1.6 times and
--- falls back within a minute, so repeats are summed up, not listed: with the next line, or when the watch or the process ends.
--- `keep = true` writes nothing and keeps the first 64, each one, for large_requests(). To get the line of Lua,
--- heapster.explain(fn) of the suspected function. There is one watch in a process: the last call counts. Errors: a size of
--- 1 .. 32767; NotCounting, if nothing is counted.
---@param size integer|string bytes, or a size such as "1 MiB"
---@param options? heapster.WatchOptions
function heapster.watch_large(size, options) end

--- What a watch with `keep` kept, the oldest first, and forgets it. There is room for 64; unsaid_count of the next one that is
--- kept says for how many there was none. The child of a fork has none of its parent's.
---@return heapster.LargeRequest[]
function heapster.large_requests() end

--- Snapshots count from here on. Live blocks stay counted; open windows are not disturbed.
function heapster.reset() end

--- Starts counting: this state, which `require` does as well, or what C code requests of malloc. An error with the reason if
--- that is not possible. Libraries loaded later are found when figures are read, when a window begins and at
--- heapster.frame().
---@param name "lua"|"malloc"
function heapster.hook(name) end

--- Stops what heapster.hook started; does nothing if it is off. The blocks of an unhooked state leave its heap. An error if
--- malloc is counted by preloading or linking.
---@param name "lua"|"malloc"
function heapster.unhook(name) end

return heapster
