/* A library's import table whose pages were left writable, as memray leaves them: they are not being relocated by the
   loader, so malloc is counted there too. */
#include <heapster/heapster.h>
#include <link.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "verdict.h"

enum { REQUESTS = 100 };

/* What the loader protects after relocation, of the program itself, which comes first. */
static int unprotect(struct dl_phdr_info *info, size_t size, void *found) {
  (void)size;
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  for (size_t i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *const part = &info->dlpi_phdr[i];
    if (part->p_type != PT_GNU_RELRO) continue;
    const size_t start = (info->dlpi_addr + part->p_vaddr) & ~(page - 1);
    const size_t end = (info->dlpi_addr + part->p_vaddr + part->p_memsz) & ~(page - 1);
    must(!mprotect((void *)start, end - start, PROT_READ | PROT_WRITE));
    *(bool *)found = true;
  }
  return 1;
}

int main(void) {
  static struct heapster_stats before, after;
  struct heapster_status status;
  bool is_found = false;
  dl_iterate_phdr(unprotect, &is_found);
  must(is_found);
  heapster_hook("malloc");
  heapster_stats_read(heapster_heap_find("malloc"), &before);
  for (int i = 0; i < REQUESTS; i++) free(malloc(100));
  heapster_stats_read(heapster_heap_find("malloc"), &after);
  heapster_status_read(&status);
  const long counted = (long)(after.alloc_count - before.alloc_count);
  return verdict(counted == REQUESTS, "%ld of %d counted, problem: %s", counted, REQUESTS,
                 status.malloc_problem ? status.malloc_problem : "none");
}
