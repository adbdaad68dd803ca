/* One loaded ELF object: the functions it defines, its import slots, and how a slot is written to. */
#include "hooks/attach/elf.h"

#include "base/atomics.h"
#include "base/platform.h"

#include <string.h>
#include <unistd.h>

/* The loader adds the base to the entry, unless the object is read-only (the kernel's vDSO). */
static uintptr_t address_in(const struct heapster__object *object, const ElfW(Dyn) * entry) {
  const uintptr_t value = entry->d_un.d_ptr;
  return value < object->base ? value + object->base : value;
}

static void read_entry(struct heapster__object *object, const ElfW(Dyn) * entry) {
  const uintptr_t address = address_in(object, entry);
  const size_t count = entry->d_un.d_val / sizeof(ElfW(Rela));
  if (entry->d_tag == DT_SYMTAB) object->symbols = (const ElfW(Sym) *)address;
  if (entry->d_tag == DT_STRTAB) object->names = (const char *)address;
  if (entry->d_tag == DT_GNU_HASH) object->gnu_hash = (const uint32_t *)address;
  if (entry->d_tag == DT_HASH) object->hash = (const heapster__hash_word *)address;
  if (entry->d_tag == DT_VERSYM) object->versions = (const uint16_t *)address;
  if (entry->d_tag == DT_SONAME) object->soname = entry->d_un.d_val;
  if (entry->d_tag == DT_JMPREL) object->calls.begin = (const ElfW(Rela) *)address;
  if (entry->d_tag == DT_PLTRELSZ) object->calls.count = count;
  if (entry->d_tag == DT_RELA) object->data.begin = (const ElfW(Rela) *)address;
  if (entry->d_tag == DT_RELASZ) object->data.count = count;
}

/* The loader protects whole pages: the range is rounded down at both ends. */
static void read_relro(struct heapster__object *object, const ElfW(Phdr) * segment) {
  const uintptr_t page = (uintptr_t)getpagesize();
  const uintptr_t begin = object->base + segment->p_vaddr;
  object->relro_begin = begin & -page;
  object->relro_end = (begin + segment->p_memsz) & -page;
}

bool heapster__object_read(struct heapster__object *object, const struct dl_phdr_info *info) {
  memset(object, 0, sizeof *object);
  object->info = info;
  object->path = info->dlpi_name ? info->dlpi_name : "";
  object->base = info->dlpi_addr;
  for (ElfW(Half) i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
    if (segment->p_type == PT_DYNAMIC) object->dynamic = (const ElfW(Dyn) *)(object->base + segment->p_vaddr);
    if (segment->p_type == PT_GNU_RELRO) read_relro(object, segment);
  }
  const ElfW(Dyn) *entry = object->dynamic;
  for (; entry && entry->d_tag != DT_NULL; entry++) read_entry(object, entry);
  return object->symbols && object->names;
}

/* What is looked for. Old versions of a symbol are hidden: only references that name the version bind to them. */
struct search {
  const char *name;
  bool is_hidden;
};

static bool is_definition(const struct heapster__object *object, uint32_t index, struct search wanted) {
  enum { HIDDEN = 0x8000 };
  const ElfW(Sym) *symbol = &object->symbols[index];
  if (symbol->st_shndx == SHN_UNDEF || !symbol->st_value) return false;
  if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || ELF64_ST_BIND(symbol->st_info) == STB_LOCAL) return false;
  if ((object->versions && object->versions[index] & HIDDEN) != wanted.is_hidden) return false;
  return !strcmp(object->names + symbol->st_name, wanted.name);
}

static uint32_t gnu_hash_of(const char *name) {
  uint32_t hash = 5381;
  for (; *name; name++) hash = hash * 33 + (unsigned char)*name;
  return hash;
}

/* Laid out as: number of buckets, first symbol, words of the filter, its shift; the filter; the buckets; a chain of
   hashes from the first symbol on, whose lowest bit ends it. */
static uint32_t find_by_gnu_hash(const struct heapster__object *object, struct search wanted) {
  const uint32_t *table = object->gnu_hash;
  const uint32_t first = table[1];
  const uint32_t *buckets = table + 4 + table[2] * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
  const uint32_t *chain = buckets + table[0];
  const uint32_t hash = gnu_hash_of(wanted.name);
  uint32_t index = table[0] ? buckets[hash % table[0]] : 0;
  if (index < first || !index) return 0;
  for (;; index++) {
    const uint32_t found = chain[index - first];
    if ((found | 1) == (hash | 1) && is_definition(object, index, wanted)) return index;
    if (found & 1) return 0;
  }
}

static uint32_t hash_of(const char *name) {
  uint32_t hash = 0;
  for (; *name; name++) {
    hash = (hash << 4) + (unsigned char)*name;
    hash = (hash ^ (hash >> 24 & 0xF0)) & 0x0FFFFFFF;
  }
  return hash;
}

/* Laid out as: number of buckets, number of symbols; the buckets; the next symbol of each. */
static uint32_t find_by_hash(const struct heapster__object *object, struct search wanted) {
  const heapster__hash_word *table = object->hash;
  const heapster__hash_word *chain = table + 2 + table[0];
  heapster__hash_word index = table[0] ? table[2 + hash_of(wanted.name) % table[0]] : 0;
  while (index && !is_definition(object, (uint32_t)index, wanted)) index = chain[index];
  return (uint32_t)index;
}

static uintptr_t find(const struct heapster__object *object, struct search wanted) {
  uint32_t index = 0;
  if (object->gnu_hash)
    index = find_by_gnu_hash(object, wanted);
  else if (object->hash)
    index = find_by_hash(object, wanted);
  return index ? object->base + object->symbols[index].st_value : 0;
}

uintptr_t heapster__object_find(const struct heapster__object *object, const char *name) {
  return find(object, (struct search){name, false});
}

uintptr_t heapster__object_find_any(const struct heapster__object *object, const char *name) {
  const uintptr_t found = heapster__object_find(object, name);
  return found ? found : find(object, (struct search){name, true});
}

bool heapster__object_contains(const struct heapster__object *object, uintptr_t address, ElfW(Word) flags) {
  for (ElfW(Half) i = 0; i < object->info->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &object->info->dlpi_phdr[i];
    if (segment->p_type != PT_LOAD || (segment->p_flags & flags) != flags) continue;
    if (address - (object->base + segment->p_vaddr) < segment->p_memsz) return true; /* an address below wraps round */
  }
  return false;
}

bool heapster__object_is_protected(const struct heapster__object *object) {
  return object->relro_begin >= object->relro_end || !heapster__word_is_writable((void *)object->relro_begin);
}

bool heapster__object_needs(const struct heapster__object *object, const char *library) {
  for (const ElfW(Dyn) *entry = object->dynamic; entry->d_tag != DT_NULL; entry++) {
    if (entry->d_tag == DT_NEEDED && !strcmp(object->names + entry->d_un.d_val, library)) return true;
  }
  return false;
}

static void visit_table(const struct heapster__object *object, struct heapster__relocations table,
                        heapster__visit *visit, void *context) {
  for (size_t i = 0; table.begin && i < table.count; i++) {
    const ElfW(Rela) *relocation = &table.begin[i];
    const unsigned long type = ELF64_R_TYPE(relocation->r_info);
    const ElfW(Sym) *symbol = &object->symbols[ELF64_R_SYM(relocation->r_info)];
    if (type != HEAPSTER__JUMP_SLOT && type != HEAPSTER__GLOB_DAT) continue;
    visit(context, object->names + symbol->st_name, (uintptr_t *)(object->base + relocation->r_offset));
  }
}

void heapster__object_visit_slots(const struct heapster__object *object, heapster__visit *visit, void *context) {
  visit_table(object, object->calls, visit, context);
  visit_table(object, object->data, visit, context);
}

void heapster__page_close(struct heapster__object *object) {
  if (object->opened_page) heapster__page_protect((void *)object->opened_page, false);
  object->opened_page = 0;
}

static bool open_page(struct heapster__object *object, uintptr_t page) {
  heapster__page_close(object);
  if (!heapster__page_protect((void *)page, true)) return false;
  object->opened_page = page;
  return true;
}

enum heapster__slot_answer heapster__slot_write(struct heapster__object *object, uintptr_t *slot, uintptr_t value) {
  const uintptr_t page = (uintptr_t)slot & -(uintptr_t)getpagesize();
  if (page != object->opened_page) {
    const bool is_writable = heapster__word_is_writable(slot);
    const bool is_relro = page >= object->relro_begin && page < object->relro_end;
    if (is_relro && is_writable && !object->is_relocated) return HEAPSTER__SLOT_RELOCATING;
    if (!is_writable && !(is_relro && open_page(object, page))) return HEAPSTER__SLOT_REFUSED;
  }
  heapster__store_relaxed((_Atomic uintptr_t *)slot, value);
  return HEAPSTER__SLOT_WRITTEN;
}
