/* Registers unwind information by hand, as a just-in-time compiler does, for pages that nobody runs, and unwinds itself
   meanwhile: libgcc then requests memory, under a lock of its own. */
#include <execinfo.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void __register_frame(void *frames);
void __deregister_frame(void *frames);

enum { TABLES = 200 };

/* A CIE and an FDE as in .eh_frame, and the end of the table. What they say is never followed. */
struct table {
  struct {
    uint32_t length;
    uint32_t id;
    uint8_t version, augmentation, code_alignment, data_alignment, return_register, instructions[11];
  } common;
  struct {
    uint32_t length;
    uint32_t distance;
    uintptr_t begin, size;
    uint8_t instructions[8];
  } function;
  uint32_t end;
};

_Static_assert(offsetof(struct table, function) == 24 && offsetof(struct table, end) == 56, "nothing between them");

static struct table tables[TABLES];
static char code[TABLES * 64];
static void *volatile last;

static void fill(struct table *table, const void *begin) {
  *table = (struct table){
      .common = {.length = 20, .version = 1, .code_alignment = 1, .data_alignment = 0x78, .return_register = 16},
      .function = {.length = 28, .begin = (uintptr_t)begin, .size = 64},
  };
  table->function.distance = (uint32_t)((char *)&table->function.distance - (char *)&table->common);
}

static __attribute__((noinline)) void *request(void) {
  void *const block = malloc(50);
  last = block;
  return block;
}

int main(void) {
  void *frames[8];
  for (int i = 0; i < TABLES; i++) {
    fill(&tables[i], code + (size_t)i * 64);
    __register_frame(&tables[i]);
    if (backtrace(frames, 8) < 2) return 2;
    free(request());
  }
  for (int i = 0; i < TABLES; i++) {
    __deregister_frame(&tables[i]);
    free(request());
  }
  return 0;
}
