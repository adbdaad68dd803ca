/* The one door to the operating system and the C library: pages, the end of a thread, fork. */
#include "base/platform.h"

#include "base/atomics.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#if defined(__GLIBC__) && __GLIBC__ * 1000 + __GLIBC_MINOR__ >= 2032
#include <sys/single_threaded.h>
#else
static const char __libc_single_threaded = 0;
#endif

static heapster__counter mapped_bytes;

/* On s390x the system call takes one argument, the address of all. */
static long call_mmap(size_t bytes) {
  const long protection = PROT_READ | PROT_WRITE;
  const long flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
#if defined(__s390x__)
  const long arguments[] = {0, (long)bytes, protection, flags, -1, 0};
  return syscall(SYS_mmap, arguments);
#else
  return syscall(SYS_mmap, NULL, bytes, protection, flags, -1L, 0L);
#endif
}

/* Pages come by system calls: a preloaded library may wrap mmap and its like, and allocate in the wrapper. The request
   that waits for these pages would wait for itself. */
void *heapster__pages_map(size_t bytes) {
  int error = errno;
  const long pages = call_mmap(bytes);
  errno = error;
  if (pages == -1) return NULL;
  heapster__add_relaxed(&mapped_bytes, bytes);
  return (void *)pages;
}

void heapster__pages_unmap(void *pages, size_t bytes) {
  int error = errno;
  if (bytes) syscall(SYS_munmap, pages, bytes);
  errno = error;
  heapster__add_relaxed(&mapped_bytes, -(uint64_t)bytes);
}

#if defined(__GLIBC__) && __GLIBC__ * 1000 + __GLIBC_MINOR__ >= 2035 /* HEAPSTER__FINDS_WITHOUT_LOCK */
bool heapster__find_object(const void *address, const char **path, uintptr_t *bias) {
  struct dl_find_object found;
  if (_dl_find_object((void *)(uintptr_t)address, &found)) return false;
  *path = found.dlfo_link_map->l_name;
  *bias = found.dlfo_link_map->l_addr;
  return true;
}
#else
struct object_search {
  uintptr_t address;
  const char *path;
  uintptr_t bias;
};

static int visit_object(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size;
  struct object_search *search = context;
  for (unsigned i = 0; i < info->dlpi_phnum; i++) {
    const uintptr_t begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
    if (info->dlpi_phdr[i].p_type != PT_LOAD || search->address - begin >= info->dlpi_phdr[i].p_memsz) continue;
    search->path = info->dlpi_name;
    search->bias = info->dlpi_addr;
    return 1;
  }
  return 0;
}

bool heapster__find_object(const void *address, const char **path, uintptr_t *bias) {
  struct object_search search = {(uintptr_t)address, NULL, 0};
  if (!dl_iterate_phdr(visit_object, &search)) return false;
  *path = search.path;
  *bias = search.bias;
  return true;
}
#endif

uint64_t heapster__program_number(void) {
  const void *const random = (const void *)(uintptr_t)getauxval(AT_RANDOM);
  uint64_t number = (uintptr_t)&mapped_bytes;
  if (random) memcpy(&number, random, sizeof number);
  return number;
}

uint64_t heapster__own_bytes(void) { return heapster__load_relaxed(&mapped_bytes); }

/* Pieces are cut from chunks that are aligned to their own size, so that the address of the next piece alone says how
   much of the chunk is left: nothing if it is a multiple of the chunk's size. */
enum { CHUNK = 65536 };
_Static_assert((int)HEAPSTER__PIECE <= (int)CHUNK, "a piece fits into a chunk");

static _Atomic uintptr_t next_piece;

static uintptr_t map_chunk(void) {
  uintptr_t start = (uintptr_t)heapster__pages_map((size_t)2 * CHUNK);
  if (!start) return 0;
  uintptr_t chunk = (start + CHUNK - 1) & ~(uintptr_t)(CHUNK - 1);
  heapster__pages_unmap((void *)start, chunk - start);
  heapster__pages_unmap((void *)(chunk + CHUNK), start + CHUNK - chunk);
  return chunk;
}

void *heapster__piece_take(size_t bytes) {
  size_t size = (bytes + HEAPSTER__CACHE_LINE - 1) & ~(size_t)(HEAPSTER__CACHE_LINE - 1);
  /* acquire and release pair with each other: a thread that takes a piece sees the chunk's zeros */
  uintptr_t next = heapster__load_acquire(&next_piece);
  for (;;) {
    size_t used = next % CHUNK;
    if (used && used + size <= CHUNK) {
      if (heapster__swap_acq_rel(&next_piece, &next, next + size)) return (void *)next;
      continue;
    }
    uintptr_t chunk = map_chunk();
    if (!chunk) return NULL;
    if (heapster__swap_acq_rel(&next_piece, &next, chunk + size)) return (void *)chunk;
    heapster__pages_unmap((void *)chunk, CHUNK);
  }
}

/* The system atomically adds 0 to the word and wakes at most one of no waiters. Where it cannot write, the call fails
   and no signal is raised. */
bool heapster__word_is_writable(void *word) {
  int error = errno;
  uint32_t first = 0;
  enum { WAKE_OP_PRIVATE = 5 | 128, ADD_NOTHING = 1 << 28 }; /* as in linux/futex.h, which musl does not ship */
  const bool is_writable = syscall(SYS_futex, &first, WAKE_OP_PRIVATE, 1, NULL, word, ADD_NOTHING) >= 0;
  errno = error;
  return is_writable;
}

bool heapster__is_mapped(void *begin, size_t bytes) {
  int error = errno;
  const uintptr_t page = (uintptr_t)begin & -(uintptr_t)getpagesize();
  const bool is_mapped = !msync((void *)page, (uintptr_t)begin - page + bytes, MS_ASYNC) || errno != ENOMEM;
  errno = error;
  return is_mapped;
}

bool heapster__page_protect(void *page, bool is_writable) {
  int error = errno;
  const long protection = is_writable ? PROT_READ | PROT_WRITE : PROT_READ;
  const bool is_changed = syscall(SYS_mprotect, page, (size_t)getpagesize(), protection) == 0;
  errno = error;
  return is_changed;
}

/* Whether control-flow enforcement tracks indirect branches in this process: bit 0 of the status. */
static bool is_tracking_branches(void) {
#if defined(__x86_64__)
  enum { CET_STATUS = 0x3001, BRANCHES = 1 };
  unsigned long status[3] = {0};
  int error = errno;
  const bool is_known = syscall(SYS_arch_prctl, CET_STATUS, status) == 0;
  errno = error;
  return is_known && (status[0] & BRANCHES);
#else
  return false;
#endif
}

bool heapster__may_be_called(uintptr_t function) {
  static const unsigned char endbr64[] = {0xF3, 0x0F, 0x1E, 0xFA};
  return !memcmp((const void *)function, endbr64, sizeof endbr64) || !is_tracking_branches();
}

/* Each running thread of the process passes a barrier inside the call; the slower form needs no registration. */
static bool pass_barriers(void) {
  enum { ALL_PROCESSES = 1, THIS_PROCESS = 8, REGISTER = 16 }; /* as in linux/membarrier.h, which musl does not ship */
  const int error = errno;
  const bool is_done = (!syscall(SYS_membarrier, REGISTER, 0, 0) && !syscall(SYS_membarrier, THIS_PROCESS, 0, 0)) ||
                       !syscall(SYS_membarrier, ALL_PROCESSES, 0, 0);
  errno = error;
  return is_done;
}

bool heapster__publish(void) { return HEAPSTER__WRITES_IN_ORDER || __libc_single_threaded || pass_barriers(); }

bool heapster__may_lose_loader(void) { return !__libc_single_threaded; }

#if defined(__GLIBC__)

static const struct link_map *object_of(const void *function) {
  Dl_info info;
  struct link_map *object = NULL;
  return function && dladdr1(function, &info, (void **)&object, RTLD_DL_LINKMAP) ? object : NULL;
}

bool heapster__is_loaded_before(const void *function, const void *other) {
  const struct link_map *const last = object_of(other);
  const struct link_map *object = object_of(function);
  while (object && last && object != last) object = object->l_next;
  return object && last;
}

#else

bool heapster__is_loaded_before(const void *function, const void *other) {
  (void)function;
  (void)other;
  return false;
}

#endif

/* The first thread that needs the key of the thread-end call creates it. No other thread waits for that: it goes
   without the call meanwhile. */
enum { KEY_NONE, KEY_CREATING, KEY_READY };
static _Atomic int key_state;
static pthread_key_t key;

static bool ensure_key(void (*on_end)(void *thread)) {
  int state = heapster__load_acquire(&key_state); /* pairs with the release below: the key is readable */
  if (state != KEY_NONE) return state == KEY_READY;
  int none = KEY_NONE;
  if (!heapster__swap_strong(&key_state, &none, KEY_CREATING)) return false;
  bool is_created = pthread_key_create(&key, on_end) == 0;
  heapster__store_release(&key_state, is_created ? KEY_READY : KEY_NONE);
  return is_created;
}

bool heapster__at_thread_end(void *thread, void (*on_end)(void *thread)) {
  return ensure_key(on_end) && pthread_setspecific(key, thread) == 0;
}

void heapster__at_fork(void (*before)(void), void (*in_parent)(void), void (*in_child)(void)) {
  pthread_atfork(before, in_parent, in_child);
}
