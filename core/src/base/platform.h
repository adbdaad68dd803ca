/* The one door to the operating system and the C library: pages, the end of a thread, fork. */
#ifndef HEAPSTER__BASE_PLATFORM_H
#define HEAPSTER__BASE_PLATFORM_H

#include <heapster/base.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Two lines: processors fetch them in pairs. */
enum { HEAPSTER__CACHE_LINE = 128 };

/* The next definition of a symbol after the calling library, as RTLD_NEXT, of the version that programs are linked to,
   and of no other. It may be hidden from references without a version, as all symbols of glibc's libc_malloc_debug are.
   NULL if there is none, or the version is not known. */
#if defined(__GLIBC__) && defined(__x86_64__)
#define HEAPSTER__NEXT_VERSIONED(symbol) dlvsym(RTLD_NEXT, symbol, "GLIBC_2.2.5")
#elif defined(__GLIBC__) && (defined(__aarch64__) || defined(__powerpc64__))
#define HEAPSTER__NEXT_VERSIONED(symbol) dlvsym(RTLD_NEXT, symbol, "GLIBC_2.17")
#elif defined(__GLIBC__) && defined(__riscv)
#define HEAPSTER__NEXT_VERSIONED(symbol) dlvsym(RTLD_NEXT, symbol, "GLIBC_2.27")
#elif defined(__GLIBC__) && defined(__s390x__)
#define HEAPSTER__NEXT_VERSIONED(symbol) dlvsym(RTLD_NEXT, symbol, "GLIBC_2.2")
#else
#define HEAPSTER__NEXT_VERSIONED(symbol) NULL
#endif

/* TLS_MODEL: glibc reserves space so that libraries opened late can use the fastest thread-local model; musl refuses to
   open such a library.
   AT_FORK_ASKS_MALLOC: whether the C library takes the memory of a fork handler from malloc.
   AT_UNLOAD, ON_EXIT: a call at exit after the destructors of all other libraries. Give both: a function(void) after
   HEAPSTER__AT_UNLOAD, and a function(int, void *) to HEAPSTER__ON_EXIT in a constructor; one of the two is called.
   glibc calls handlers last that were registered with on_exit before main. musl has no on_exit; it calls destructors in
   the reverse order of constructors, and a preloaded library's constructors are among the first. */
#if defined(__GLIBC__)
#define HEAPSTER__TLS_MODEL __attribute__((tls_model("initial-exec")))
#define HEAPSTER__AT_FORK_ASKS_MALLOC false
#define HEAPSTER__AT_UNLOAD
#define HEAPSTER__ON_EXIT(function) ((void)on_exit(function, NULL))
#else
#define HEAPSTER__TLS_MODEL
#define HEAPSTER__AT_FORK_ASKS_MALLOC true
#define HEAPSTER__AT_UNLOAD __attribute__((destructor))
#define HEAPSTER__ON_EXIT(function) ((void)(function))
#endif

/* HIDDEN: crosses files but not the library's boundary. AT_LOAD: runs when the library is loaded. INLINE: must be part
   of its caller's frame. HOT: placed with other hot functions, in few pages. */
#define HEAPSTER__HIDDEN __attribute__((visibility("hidden")))
#define HEAPSTER__AT_LOAD __attribute__((constructor))
#define HEAPSTER__INLINE static inline __attribute__((always_inline))
#define HEAPSTER__HOT __attribute__((hot))

/* NOTES_SHARED_CHILDREN: whether this defines public vfork and clone that set the flag, a hidden variable of one byte,
   and go on to the C library's. What is called there runs in the child on the memory of its parent, before exec. The C
   library's own calls, those of posix_spawn too, do not come here, and run none of our code in the child. */
#if defined(__GLIBC__) && defined(__x86_64__)
#define HEAPSTER__NOTE_AND_JUMP(symbol, flag) "endbr64\nmovb $1, " flag "(%rip)\njmp *__" symbol "@GOTPCREL(%rip)\n"
#elif defined(__GLIBC__) && defined(__aarch64__)
#define HEAPSTER__NOTE_AND_JUMP(symbol, flag)                                     \
  "hint #34\nadrp x16, " flag "\nmov w17, #1\nstrb w17, [x16, #:lo12:" flag "]\n" \
  "adrp x16, :got:__" symbol "\nldr x16, [x16, #:got_lo12:__" symbol "]\nbr x16\n"
#elif defined(__GLIBC__) && defined(__riscv)
#define HEAPSTER__NOTE_AND_JUMP(symbol, flag) "lla t0, " flag "\nli t1, 1\nsb t1, 0(t0)\nla t0, __" symbol "\njr t0\n"
#elif defined(__GLIBC__) && defined(__s390x__)
#define HEAPSTER__NOTE_AND_JUMP(symbol, flag) \
  "larl %r1, " flag "\nmvi 0(%r1), 1\nlgrl %r1, __" symbol "@GOTENT\nbr %r1\n"
#endif
#if defined(HEAPSTER__NOTE_AND_JUMP)
#define HEAPSTER__NOTES_SHARED_CHILDREN true
#define HEAPSTER__NOTING_JUMP(symbol, flag)                                           \
  __asm__(".text\n.balign 4\n.globl " symbol "\n.type " symbol ", @function\n" symbol \
          ":\n" HEAPSTER__NOTE_AND_JUMP(symbol, flag) ".size " symbol ", .-" symbol "\n")
#define HEAPSTER__NOTE_SHARED_CHILDREN(flag) \
  HEAPSTER__NOTING_JUMP("vfork", flag);      \
  HEAPSTER__NOTING_JUMP("clone", flag)
#else
#define HEAPSTER__NOTES_SHARED_CHILDREN false
#define HEAPSTER__NOTE_SHARED_CHILDREN(flag) _Static_assert(true, "")
#endif

/* RETURN_ADDRESS_IN: what stands where a function keeps its return address; `frame` is its __builtin_frame_address(0).
   OWN_RETURN_ADDRESS: the same in that function itself. x86-64's compilers read it from there; elsewhere it may stand
   there in another form (aarch64 signs it). */
#if defined(__riscv)
enum { HEAPSTER__RETURN_WORD = -1 };
#elif defined(__s390x__)
enum { HEAPSTER__RETURN_WORD = 14 };
#else
enum { HEAPSTER__RETURN_WORD = 1 };
#endif
#define HEAPSTER__RETURN_ADDRESS_IN(frame) (((void *const volatile *)(frame))[HEAPSTER__RETURN_WORD])
#if defined(__x86_64__)
#define HEAPSTER__OWN_RETURN_ADDRESS(frame) __builtin_return_address(0)
#else
#define HEAPSTER__OWN_RETURN_ADDRESS(frame) HEAPSTER__RETURN_ADDRESS_IN(frame)
#endif

/* The address without a tag in its top byte, on processors that ignore the tag. */
#if defined(__aarch64__)
#define HEAPSTER__ADDRESS(pointer) ((uint64_t)(uintptr_t)(pointer) << 8 >> 8)
#else
#define HEAPSTER__ADDRESS(pointer) ((uint64_t)(uintptr_t)(pointer))
#endif

/* The relocation types that fill an import slot with the address of a function or datum. Elsewhere, where attaching is
   untested, numbers that no relocation has. RISC-V has no type of its own for a datum's slot: the loader fills it as it
   fills a variable. */
#if defined(__x86_64__) && defined(__LP64__) && defined(__GLIBC__)
enum { HEAPSTER__JUMP_SLOT = 7, HEAPSTER__GLOB_DAT = 6, HEAPSTER__KNOWS_SLOTS = 1 };
#elif defined(__aarch64__) && defined(__LP64__) && defined(__GLIBC__)
enum { HEAPSTER__JUMP_SLOT = 1026, HEAPSTER__GLOB_DAT = 1025, HEAPSTER__KNOWS_SLOTS = 1 };
#elif defined(__s390x__) && defined(__GLIBC__)
enum { HEAPSTER__JUMP_SLOT = 11, HEAPSTER__GLOB_DAT = 10, HEAPSTER__KNOWS_SLOTS = 1 };
#else
enum { HEAPSTER__JUMP_SLOT = 0x7FFFFFFF, HEAPSTER__GLOB_DAT = 0x7FFFFFFE, HEAPSTER__KNOWS_SLOTS = 0 };
#endif

/* The words of an ELF object's older table of symbols (DT_HASH). */
#if defined(__s390x__)
typedef uint64_t heapster__hash_word;
#else
typedef uint32_t heapster__hash_word;
#endif

/* Zeroed pages, or NULL. errno is unchanged, here and below. */
void *heapster__pages_map(size_t bytes);
void heapster__pages_unmap(void *pages, size_t bytes);

/* A zeroed piece that is never freed, on cache lines of its own, or NULL. At most HEAPSTER__PIECE bytes. */
enum { HEAPSTER__PIECE = 16384 };
void *heapster__piece_take(size_t bytes);

/* How many bytes the functions above hold now. */
uint64_t heapster__own_bytes(void);

/* Calls `on_end(thread)` at the end of the calling thread, as late as the system allows. May allocate. False: there
   will be no call. */
bool heapster__at_thread_end(void *thread, void (*on_end)(void *thread));

/* Whether the word is writable. Changes neither the word nor the protection of its page. */
bool heapster__word_is_writable(void *word);

/* Whether all pages from `begin` on, `bytes` long, are mapped. */
bool heapster__is_mapped(void *begin, size_t bytes);

/* Makes the page at that address read-only, or readable and writable. False: the system refused. */
bool heapster__page_protect(void *page, bool is_writable);

/* Whether `function` may be called through a pointer: a process with control-flow enforcement ends at a target without
   an endbr64. */
bool heapster__may_be_called(uintptr_t function);

/* Every other thread sees what this one wrote before, if it sees what this one writes next. For pointers to functions
   that threads call without a barrier of their own: a processor that reorders may run such a function with older data.
   False: other threads run, and the system cannot do that. */
bool heapster__publish(void);

/* Whether, in the child of a fork made now, the loader's lock may be held by a thread that no longer exists: glibc does
   not reset it. */
bool heapster__may_lose_loader(void);

/* Whether the object of `function` was loaded before that of `other`. Asks no function that a sanitizer replaces: it
   may not have started. False where that is not known. */
HEAPSTER_API bool heapster__is_loaded_before(const void *function, const void *other);

/* Whether the next function takes no lock. */
#if defined(__GLIBC__) && __GLIBC__ * 1000 + __GLIBC_MINOR__ >= 2035
enum { HEAPSTER__FINDS_WITHOUT_LOCK = 1 };
#else
enum { HEAPSTER__FINDS_WITHOUT_LOCK = 0 };
#endif

/* The loaded object that has an address: its path as the loader has it, "" for the program itself, and what the loader
   added to the addresses in its file. False: none. */
bool heapster__find_object(const void *address, const char **path, uintptr_t *bias);

/* A random number that the system gave this program when it started; the child of a fork has the same. Makes no system
   call: at the end of a program a filter may kill it for one. */
uint64_t heapster__program_number(void);

/* Calls these at every fork from now on: before it, after it in the parent, after it in the child. */
void heapster__at_fork(void (*before)(void), void (*in_parent)(void), void (*in_child)(void));

#endif
