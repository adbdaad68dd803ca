/* One instance per process: finds other copies of the core by the ELF note that each carries, even in a program without
   a symbol table. The copy that was loaded first counts. */
#include <heapster/base.h>

#include "base/instance.h"
#include "base/lock.h"
#include "base/platform.h"

#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Changes with the public structs and with the meaning of a call. */
#define ABI 0
#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

/* The note leads to this object, one per copy. */
const char heapster__anchor[] = "heapster";

/* Name "heapster", type 1; the distance from the description to the anchor, and the ABI. */
__asm__(".pushsection .note.heapster,\"a\",%note\n"
        ".balign 4\n"
        ".long 9, 16, 1\n"
        ".asciz \"heapster\"\n"
        ".balign 4\n"
        "1: .quad heapster__anchor - 1b\n"
        ".quad " TEXT(ABI) "\n"
                           ".popsection\n");

enum { NAME_SIZE = 9, NOTE_TYPE = 1 };

struct description {
  int64_t distance;
  uint64_t abi;
};

/* A copy and its file. Zeroed first, so that a path which was cut short ends with a NUL. */
struct copy {
  const char *anchor;
  uint64_t abi;
  char path[PATH_MAX];
};

/* What a search found. Written under the lock. */
static struct {
  struct copy first;
  struct copy own;
} found;

static void fill_copy(struct copy *copy, const char *anchor, uint64_t abi, const char *path) {
  copy->anchor = anchor;
  copy->abi = abi;
  if (path && *path) {
    strncpy(copy->path, path, sizeof copy->path - 1);
    return;
  }
  ssize_t length = readlink("/proc/self/exe", copy->path, sizeof copy->path - 1);
  if (length <= 0) strncpy(copy->path, "the program", sizeof copy->path - 1);
}

static void note_copy(const char *note, const char *path) {
  struct description description;
  const char *start = note + sizeof(ElfW(Nhdr)) + 12; /* after the name, which is padded to words */
  memcpy(&description, start, sizeof description);
  const char *anchor = start + description.distance;
  if (!found.first.anchor) fill_copy(&found.first, anchor, description.abi, path);
  if (anchor == heapster__anchor) fill_copy(&found.own, anchor, description.abi, path);
}

static void read_notes(const char *notes, size_t size, const char *path) {
  size_t offset = 0;
  while (offset + sizeof(ElfW(Nhdr)) <= size) {
    ElfW(Nhdr) head;
    memcpy(&head, notes + offset, sizeof head);
    const char *name = notes + offset + sizeof head;
    bool is_ours = head.n_namesz == NAME_SIZE && head.n_type == NOTE_TYPE &&
                   head.n_descsz == sizeof(struct description) && !memcmp(name, "heapster", NAME_SIZE);
    if (is_ours) note_copy(notes + offset, path);
    offset += sizeof head + ((head.n_namesz + 3U) & ~3U) + ((head.n_descsz + 3U) & ~3U);
  }
}

/* Called under the loader's lock: no dl function may be called here. */
static int visit_object(struct dl_phdr_info *object, size_t size, void *context) {
  (void)size;
  (void)context;
  for (ElfW(Half) i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
    if (segment->p_type != PT_NOTE) continue;
    const char *notes = (const char *)(object->dlpi_addr + segment->p_vaddr);
    read_notes(notes, segment->p_memsz, object->dlpi_name);
  }
  return 0;
}

const char *heapster_conflict(void) {
  static char text[2 * PATH_MAX + 128];
  heapster__lock();
  memset(&found, 0, sizeof found);
  dl_iterate_phdr(visit_object, NULL);
  bool is_second = found.first.anchor && found.first.anchor != heapster__anchor;
  if (is_second)
    snprintf(text, sizeof text,
             "two copies of heapster in one process: %s (ABI %u) counts, %s (ABI %u) came later and would show other "
             "figures",
             found.first.path, (unsigned)found.first.abi, found.own.path, (unsigned)found.own.abi);
  heapster__unlock();
  return is_second ? text : NULL;
}
