/* Every function of the malloc family once, with sizes that tell them apart; and what each must refuse. */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if !defined(__GLIBC__)
#define pvalloc valloc /* musl has none */
#endif

static void *volatile kept; /* what the compiler cannot follow, it cannot leave out */

static void *seen(void *block) {
  kept = block;
  return kept;
}

static int is_zero(const unsigned char *block, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (block[i]) return 0;
  return 1;
}

static int served(void) {
  free(seen(malloc(1)));
  unsigned char *cleared = seen(calloc(3, 7));
  if (!is_zero(cleared, 21)) return 10;
  free(cleared);
  free(seen(realloc(NULL, 40)));
  free(seen(reallocarray(NULL, 5, 16)));
  void *aligned = NULL;
  if (posix_memalign(&aligned, 256, 160) != 0 || (uintptr_t)aligned % 256 != 0) return 11;
  free(seen(aligned));
  free(seen(aligned_alloc(64, 320)));
  free(seen(memalign(32, 640)));
  free(seen(valloc(1280)));
  free(seen(pvalloc(2560)));
  void *block = seen(malloc(5120));
  if (malloc_usable_size(block) < 5120 || malloc_usable_size(NULL) != 0) return 12;
  free(block);
  free(NULL);
  return 0;
}

static int refused(void) {
  const volatile size_t huge = PTRDIFF_MAX; /* the compiler would refuse to compile it */
  errno = 0;
  if (seen(malloc(huge)) || errno != ENOMEM) return 20;
  if (seen(calloc(huge, 4))) return 21; /* errno is the allocator's: mimalloc leaves it alone */
  void *volatile block = seen(malloc(7));
  errno = 0;
  if (seen(reallocarray(block, huge, 4)) || errno != ENOMEM) return 22;
  if (seen(realloc(block, huge)) || errno != ENOMEM) return 23;
  void *aligned = NULL;
  if (posix_memalign(&aligned, 3, 8) != EINVAL || aligned) return 24;
  errno = 4711;
  free(block);
  return errno == 4711 ? 0 : 25;
}

int main(void) {
  int status = served();
  return status ? status : refused();
}
