---@meta heapster

--- Exact heap telemetry: what a program asks of its heap, counted always. For LuaLS; the module itself is C.
---@class heapster
---@field version string of the core
---@field UnknownHeap table metatable of errors of that kind: no heap has that name
---@field NotCounting table metatable of errors of that kind: nothing of what was asked about is counted
---@field LimitExceeded table metatable of errors of that kind: a limit was broken
local heapster = {}

---@alias heapster.Scope
---| "process" # every thread; the default
---| "thread" # the calling thread only

--- A figure's limit: the most, or a pair of the least and the most of which one may be nil. Bytes may be a size such as
--- "64 KiB".
---@alias heapster.Bound integer|string|{[1]: integer|string|nil, [2]: integer|string|nil}

--- What was counted: a snapshot, a diff or a window. Counts are requests or blocks, sums are bytes as the program asked
--- for them. `after - before` is a diff, `==` compares all figures, tostring gives the report, pairs the fields in this
--- order, those without a meaning left out. Any other field is an error.
---@class heapster.Stats
---@field kind "snapshot"|"diff"|"window"
---@field scope heapster.Scope
---@field alloc_count integer requests for a new block that were served
---@field alloc_sum integer bytes they asked for
---@field alloc_avg integer? bytes, rounded down; nil where the count is 0
---@field alloc_fail_count integer requests for a new block that were refused
---@field dealloc_count integer blocks freed
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
---@field realloc_move_sum integer bytes those copied
---@field realloc_move_avg integer?
---@field realloc_fail_count integer resizes refused
---@field total_alloc_sum integer alloc_sum + realloc_growth_sum
---@field total_dealloc_sum integer dealloc_sum + realloc_shrink_sum
---@field live_count integer blocks alive now; absolute in every kind
---@field live_change integer? diffs and windows: by how much live_count changed
---@field use_curr integer bytes alive now; absolute in every kind
---@field use_change integer? diffs and windows: by how much use_curr changed
---@field use_max integer highest use_curr since start or reset; in diffs and windows: by how much that rose
---@field use_peak integer? windows: highest use inside, above the use at the begin
---@field unseen_alloc_count integer blocks first met at their free or resize
---@field unseen_free_count integer blocks whose address was handed out again before their free was seen
---@field foreign_count integer? windows: requests, resizes and frees by other threads meanwhile
---@field alloc_histogram heapster.Histogram by size asked for
---@field realloc_growth_histogram heapster.Histogram by the difference
---@field realloc_shrink_histogram heapster.Histogram by the difference
---@field lua_kinds heapster.LuaKinds? what Lua states created; nil where none is counted
---@operator sub(heapster.Stats): heapster.Stats
local Stats = {}

--- The figures as a plain table; histograms are arrays of 64, lua_kinds a table of tables.
---@return table<string, any>
function Stats:as_table() end

--- One JSON object; what has no meaning is null.
---@return string
function Stats:to_json() end

--- Objects of one kind that were created.
---@class heapster.LuaKind
---@field count integer
---@field sum integer bytes that were asked for them

--- What the new blocks of Lua states were for, by the type tag that Lua gives its allocator: objects created, not objects
--- alive. All together are alloc_count and alloc_sum. pairs gives the kinds in this order.
---@class heapster.LuaKinds
---@field strings heapster.LuaKind
---@field tables heapster.LuaKind their headers: array and hash parts are `other`
---@field functions heapster.LuaKind closures, of Lua and of C
---@field userdata heapster.LuaKind
---@field threads heapster.LuaKind coroutines; their stacks are `other`
---@field other heapster.LuaKind parts of objects, prototypes, upvalues, buffers: all that has no tag of its own

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

--- The size in bytes below which a share `q`, 0 .. 1, of the counted sizes lies; nil where nothing was counted.
---@param q number
---@return number?
function Histogram:quantile(q) end

--- A named set of counters.
---@class heapster.Heap
---@field name string
local Heap = {}

--- A snapshot of this heap.
---@return heapster.Stats
function Heap:stats() end

--- What is counted, how it came to be, and what could not be; tostring gives lines for people.
---@class heapster.Status
---@field version string of the core
---@field counters "sharded"|"shared"
---@field malloc_way string "preload", "link", "attach" (by hook), or "none" where malloc is not counted
---@field malloc_problem string? why malloc is not counted, or not all of it
---@field malloc_is_proved boolean a probe reached the hook
---@field python_way string "none" where Python's objects are not counted
---@field python_problem string? why Python's objects are not counted
---@field lua_way string "require", "host", or "none" where no state is counted
---@field lua_problem string? why no state is counted, or not all of them
---@field uncounted_count integer requests served but not counted
---@field lost_size_count integer frees whose size was lost
---@field crossed_count integer blocks freed through another heap than the one that counted them
---@field threads_seen integer
---@field threads_alive integer
---@field windows_open integer
---@field lua_preexisting integer bytes of hooked states from before their hook, which no heap counts
---@field own_bytes integer memory that heapster took for itself

--- What happened between two calls of heapster.frame(): equal to another by its figures, which mean what those of a
--- window's Stats do.
---@class heapster.Frame
---@field alloc_count integer requests for a new block that were served
---@field realloc_growth_count integer resizes to a larger size
---@field total_alloc_sum integer bytes asked for by both
---@field use_peak integer bytes: the highest use inside, above the use at the begin

--- The last frames of a heap, or of all: an array that cannot be changed, the oldest first, at most 256. tostring gives
--- a table with a strip of bars.
---@class heapster.Frames
---@field frame_count integer frames that have ended since the first call of heapster.frame(): the number of the last one
---@field kept_count integer those that are here: #frames
---@field quiet_count integer those of them that asked for nothing: no alloc, no growth
---@field worst_index integer? the number of the worst frame, counted from 1 as frame_count is; nil where none has ended
---@field last heapster.Frame? nil where none has ended
---@field mean heapster.Frame? of those kept, each figure rounded down
---@field worst heapster.Frame? the one with the most allocs and growths; of equals the one with the most bytes, then the latest
---@field [integer] heapster.Frame
---@operator len: integer

--- A window over a block: `local m <close> = heapster.measuring()`.
---@class heapster.Measuring
---@field diff heapster.Stats once the window has ended; before that an error
---@field is_open boolean
local Measuring = {}

--- Ends the window before its block does. A second time is an error, and so is another thread of the system where the
--- scope is "thread".
---@return heapster.Stats diff
function Measuring:stop() end

--- What heapster raises where a script may want to tell the reason. tostring gives place and message. Wrong arguments
--- are plain strings, as everywhere in Lua.
---@class heapster.Error
---@field kind "UnknownHeap"|"NotCounting"|"LimitExceeded"
---@field message string
---@field place string where it was raised, such as "main.lua:3: "
---@field diff heapster.Stats? LimitExceeded: what the function did
---@field broken string[]? LimitExceeded: the fields whose limits were broken

---@class heapster.WindowOptions
---@field heap? string|heapster.Heap the total of all heaps if nil
---@field scope? heapster.Scope

---@class heapster.MeasureOptions: heapster.WindowOptions
---@field warmup? integer calls before the first that is measured; 0
---@field repeat? integer measured calls, of which the one with the fewest requests counts; 1
---@field gc? "leave"|"stop" "stop" collects garbage first and keeps the collector stopped meanwhile; "leave"

--- Limits by field, and heap and scope.
---@class heapster.Limits: heapster.WindowOptions
---@field [string] heapster.Bound

--- A snapshot of all heaps, or of one. Errors: UnknownHeap, NotCounting.
---@param heap? string|heapster.Heap
---@return heapster.Stats
function heapster.stats(heap) end

--- The sizes of the blocks that are alive now, of all heaps or of one. It reads the block map: the time grows with the
--- memory that the heap has touched. Errors: UnknownHeap, NotCounting.
---@param heap? string|heapster.Heap
---@return heapster.Histogram
function heapster.live_histogram(heap) end

--- Calls `fn` in a window of its own and adds nothing to it: `local result, diff, more = heapster.measure(fn, ...)`.
--- fn's further results follow the diff; its errors pass. `fn` may yield. Errors: UnknownHeap, NotCounting.
---@generic T
---@param options heapster.MeasureOptions
---@param fn fun(...): T, ...
---@param ... any
---@return T result, heapster.Stats diff, any ...
---@overload fun(fn: function, ...): any, heapster.Stats, ...
function heapster.measure(options, fn, ...) end

--- Opens a window that ends with its block. Errors: UnknownHeap, NotCounting.
---@param options? heapster.WindowOptions
---@return heapster.Measuring
function heapster.measuring(options) end

--- Calls `fn` and gives its results, or raises LimitExceeded where it did more than `limits` allow. A function that
--- raised is not judged. Errors: UnknownHeap, NotCounting, LimitExceeded.
---@param limits heapster.Limits
---@param fn function
---@param ... any
---@return any ...
function heapster.limit(limits, fn, ...) end

--- Ends a frame and begins the next: for a loop to call once a turn. The first call begins frame 1. There is one frame
--- clock in the process, for all threads and languages. The call itself asks for no memory of any counted heap.
function heapster.frame() end

--- The last 256 frames, of all heaps or of one. Errors: UnknownHeap, NotCounting.
---@param heap? string|heapster.Heap
---@return heapster.Frames
function heapster.frames(heap) end

--- Every heap, in the order of creation.
---@return heapster.Heap[]
function heapster.heaps() end

--- The heap of that name. Errors: UnknownHeap, NotCounting.
---@param heap string|heapster.Heap
---@return heapster.Heap
function heapster.heap(heap) end

--- The whole process for people: what is not counted, the heaps, the report of their total.
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

--- Snapshots count from here on; what is alive stays counted, and open windows are not disturbed.
function heapster.reset() end

--- Counts from now on: what this state asks, which `require` has begun, or what C code asks of malloc; an error that says why
--- where that cannot be. Libraries that are loaded later are found when figures are read, when a window begins and at
--- heapster.frame().
---@param name "lua"|"malloc"
function heapster.hook(name) end

--- Ends what heapster.hook began; nothing where it is off. An error where malloc is counted by preloading or linking.
---@param name "lua"|"malloc"
function heapster.unhook(name) end

return heapster
