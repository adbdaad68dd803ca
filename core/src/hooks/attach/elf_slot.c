/* Writing to the slots of one loaded object, whatever the protection of their pages. */
#include "hooks/attach/elf_slot.h"

#include "base/atomics.h"
#include "base/platform.h"

#include <unistd.h>

void heapster__slot_close(struct heapster__open_page *page) {
  if (page->address) heapster__page_protect((void *)page->address, false);
  page->address = 0;
}

static bool is_opened(struct heapster__open_page *page, uintptr_t address) {
  heapster__slot_close(page);
  if (!heapster__page_protect((void *)address, true)) return false;
  page->address = address;
  return true;
}

enum heapster__slot_answer heapster__slot_write(const struct heapster__object *object, struct heapster__open_page *page,
                                                uintptr_t *slot, uintptr_t value) {
  const uintptr_t address = (uintptr_t)slot & -(uintptr_t)getpagesize();
  if (address != page->address) {
    const bool is_writable = heapster__word_is_writable(slot);
    const bool is_protected = heapster__object_protects(object, address);
    if (is_protected && is_writable) return HEAPSTER__SLOT_BUSY;
    if (!is_writable && !(is_protected && is_opened(page, address))) return HEAPSTER__SLOT_REFUSED;
  }
  heapster__store_relaxed((_Atomic uintptr_t *)slot, value);
  return HEAPSTER__SLOT_WRITTEN;
}
