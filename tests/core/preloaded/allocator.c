/* An allocator to preload, built in several ways: with a strdup of its own, as debug allocators have; with a malloc
   that calls its public memalign, as Electric Fence; over glibc's functions by their own names, as small wrappers. It
   writes to stderr at its end how often it was called. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);
void free(void *block);
void *memalign(size_t alignment, size_t size);
int posix_memalign(void **block, size_t alignment, size_t size);

static unsigned served;

#ifdef OVER_LIBC

void *__libc_malloc(size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

static void *take(size_t alignment, size_t size) {
  served++;
  return alignment > 16 ? __libc_memalign(alignment, size) : __libc_malloc(size);
}

void free(void *block) { __libc_free(block); }

void *realloc(void *block, size_t size) { return __libc_realloc(block, size); }

#else

/* A block has its size in front of it. Nothing is used twice. */
static _Alignas(4096) unsigned char pool[1 << 24];
static size_t used;

static void *take(size_t alignment, size_t size) {
  const size_t begin = (used + 16 + alignment - 1) & -alignment;
  if (alignment > 4096 || size > sizeof pool - begin) return NULL;
  used = (begin + size + 15) & ~(size_t)15;
  memcpy(pool + begin - 16, &size, sizeof size);
  served++;
  return pool + begin;
}

void free(void *block) { (void)block; }

void *realloc(void *block, size_t size) {
  size_t old = 0;
  void *fresh = malloc(size);
  if (block) memcpy(&old, (unsigned char *)block - 16, sizeof old);
  if (fresh && block) memcpy(fresh, block, old < size ? old : size);
  if (fresh) free(block);
  return fresh;
}

#endif

void *memalign(size_t alignment, size_t size) { return take(alignment < 16 ? 16 : alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
  void *made = take(alignment < 16 ? 16 : alignment, size);
  if (made) *block = made;
  return made ? 0 : ENOMEM;
}

#ifdef CALLS_MEMALIGN
void *malloc(size_t size) { return memalign(16, size); }
#else
void *malloc(size_t size) { return take(16, size); }
#endif

void *calloc(size_t count, size_t size) {
  void *block = take(16, count * size);
  return block ? memset(block, 0, count * size) : NULL;
}

#ifdef OWN_STRINGS
char *strdup(const char *text) {
  const size_t size = strlen(text) + 1;
  void *block = take(16, size);
  return block ? memcpy(block, text, size) : NULL;
}
#endif

__attribute__((destructor)) static void tell(void) {
  char text[64];
  const int length = snprintf(text, sizeof text, "allocator: served %u\n", served);
  if (write(STDERR_FILENO, text, (size_t)length) != length) _exit(1);
}
