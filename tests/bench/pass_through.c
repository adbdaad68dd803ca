/* An interposer that only forwards: what being in front of malloc costs before anything is counted. Other members of
   the family (aligned_alloc, ...) go past it, to the same allocator. */
#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>

static struct {
  void *(*malloc)(size_t);
  void *(*calloc)(size_t, size_t);
  void *(*realloc)(void *, size_t);
  void (*free)(void *);
} next;

static void find_next(void) {
  *(void **)&next.calloc = dlsym(RTLD_NEXT, "calloc");
  *(void **)&next.realloc = dlsym(RTLD_NEXT, "realloc");
  *(void **)&next.free = dlsym(RTLD_NEXT, "free");
  *(void **)&next.malloc = dlsym(RTLD_NEXT, "malloc");
}

#define FORWARD(call) (__builtin_expect(!next.malloc, 0) ? find_next() : (void)0, (call))

#define EXPORTED __attribute__((visibility("default")))
EXPORTED void *malloc(size_t size) { return FORWARD(next.malloc(size)); }
EXPORTED void *calloc(size_t count, size_t size) { return FORWARD(next.calloc(count, size)); }
EXPORTED void *realloc(void *block, size_t size) { return FORWARD(next.realloc(block, size)); }
EXPORTED void free(void *block) { FORWARD(next.free(block)); }
