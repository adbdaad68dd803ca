/* The one door to the operating system and the C library: pages, the end of a thread, fork. */
#ifndef HEAPSTER__BASE_PLATFORM_H
#define HEAPSTER__BASE_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Two lines: processors fetch them in pairs. */
enum { HEAPSTER__CACHE_LINE = 128 };

/* glibc keeps room for libraries that are opened late to use the fastest thread-local; musl refuses to open
   such a library. */
#if defined(__GLIBC__)
#define HEAPSTER__TLS_MODEL __attribute__((tls_model("initial-exec")))
#else
#define HEAPSTER__TLS_MODEL
#endif

/* Whether the C library asks malloc for the place of a fork handler. */
#if defined(__GLIBC__)
#define HEAPSTER__AT_FORK_ASKS_MALLOC false
#else
#define HEAPSTER__AT_FORK_ASKS_MALLOC true
#endif

/* What exit is to call after the destructors of all other libraries: a function(void) after HEAPSTER__AT_UNLOAD, and a
   function(int, void *) given to HEAPSTER__ON_EXIT in a constructor; one of both is called. glibc calls last what
   on_exit knew before main; musl has no on_exit, and calls destructors in the reverse order of constructors, of which a
   preloaded library's are among the first. */
#if defined(__GLIBC__)
#define HEAPSTER__AT_UNLOAD
#define HEAPSTER__ON_EXIT(function) ((void)on_exit(function, NULL))
#else
#define HEAPSTER__AT_UNLOAD __attribute__((destructor))
#define HEAPSTER__ON_EXIT(function) ((void)(function))
#endif

/* For what crosses files but not the library's border; for what runs when the library is loaded; and for what must
   be part of its caller's frame. What is hot lies side by side, in few pages. */
#define HEAPSTER__HIDDEN __attribute__((visibility("hidden")))
#define HEAPSTER__AT_LOAD __attribute__((constructor))
#define HEAPSTER__INLINE static inline __attribute__((always_inline))
#define HEAPSTER__HOT __attribute__((hot))

/* The address without a tag in its top byte, where the processor ignores one. */
#if defined(__aarch64__)
#define HEAPSTER__ADDRESS(pointer) ((uint64_t)(uintptr_t)(pointer) << 8 >> 8)
#else
#define HEAPSTER__ADDRESS(pointer) ((uint64_t)(uintptr_t)(pointer))
#endif

/* The relocations that fill a slot with the address of a function or datum. Numbers that no relocation has where it was
   not tried to exchange what is in them. */
#if defined(__x86_64__) && defined(__LP64__) && defined(__GLIBC__)
enum { HEAPSTER__JUMP_SLOT = 7, HEAPSTER__GLOB_DAT = 6, HEAPSTER__KNOWS_SLOTS = 1 };
#else
enum { HEAPSTER__JUMP_SLOT = 0x7FFFFFFF, HEAPSTER__GLOB_DAT = 0x7FFFFFFE, HEAPSTER__KNOWS_SLOTS = 0 };
#endif

/* Zeroed pages, or NULL. errno is kept, here and below. */
void *heapster__pages_map(size_t bytes);
void heapster__pages_unmap(void *pages, size_t bytes);

/* A zeroed piece for ever, on cache lines of its own, or NULL. At most HEAPSTER__PIECE bytes. */
enum { HEAPSTER__PIECE = 16384 };
void *heapster__piece_take(size_t bytes);

/* What the functions above hold of the system's memory now. */
uint64_t heapster__own_bytes(void);

/* Calls `ended(thread)` at the end of the calling thread, as late as the system allows. May allocate. False:
   it cannot be had. */
bool heapster__at_thread_end(void *thread, void (*ended)(void *thread));

/* Whether the word may be written to. It is not changed, nor is the protection of its page. */
bool heapster__word_is_writable(void *word);

/* Makes the page at that address readable, or writable too. False: the system refuses. */
bool heapster__page_protect(void *page, bool is_writable);

/* Whether an indirect call may go to `function`: a process can be made to end by those that go to one without a mark.
 */
bool heapster__may_be_called(uintptr_t function);

/* Whether the loader's lock may be held in the child of a fork made now, by a thread that is not there: glibc leaves it
   as it was. */
bool heapster__may_lose_loader(void);

/* Calls these around every fork from now on: before, in the parent after, in the child after. */
void heapster__at_fork(void (*before)(void), void (*in_parent)(void), void (*in_child)(void));

#endif
