/* The report page: memory that `heapster run` makes and a process of the program maps when it starts. The process keeps
   its last figures there by plain stores; the command formats them.

   The memory is one file that cannot shrink: a head, then a page for each process. Without %p there is one page. With
   %p each process claims one, and the command frees it once it has formatted the report.

   Everything in it may be written to by the program, by mistake or on purpose: the command copies before it looks. */
#ifndef HEAPSTER__PROCESS_PAGE_H
#define HEAPSTER__PROCESS_PAGE_H

#include "base/atomics.h"
#include "process/figures.h"

#include <stddef.h>
#include <sys/types.h>

enum {
  HEAPSTER__PAGE_LAYOUT = 4, /* raised with every change below */
  HEAPSTER__PAGES = 4096,
  HEAPSTER__COMMAND_ROOM = 6 << 20, /* Linux starts no program with longer arguments */
  HEAPSTER__PROGRAM_TEXT = 64,
  HEAPSTER__PATH_TEXT = 512
};

/* What a process has done with its page. */
enum heapster__page_state {
  HEAPSTER__PAGE_NEW,     /* no library started in it */
  HEAPSTER__PAGE_RUNNING, /* one did; the process lives, or ended without passing the library */
  HEAPSTER__PAGE_ENDED,   /* the last figures are those of the end */
  HEAPSTER__PAGE_LEFT,    /* the command ends before: the process writes its report itself */
  HEAPSTER__PAGE_TAKEN    /* the process ended before: the command writes its report */
};

/* Figures, and a number that is uneven while they are written to, and 0 before the first time. */
struct heapster__kept_figures {
  _Atomic uint64_t sequence;
  struct heapster__figures figures;
};

/* Of a page: everything but figures and arguments. */
struct heapster__page_info {
  uint32_t layout;
  _Atomic uint32_t state;        /* enum heapster__page_state */
  _Atomic uint32_t newest;       /* which of `kept` was written last */
  int32_t pid;                   /* as the process sees it */
  int32_t outer_pid;             /* as the command's /proc has it: they differ in a namespace of process ids */
  int32_t exit_status;           /* if it is HEAPSTER__PAGE_ENDED; -1: not known */
  uint64_t start_time;           /* of the program that the process runs: nanoseconds since 1970 */
  uint32_t program_count;        /* programs in which the library started: one, and one more for each exec */
  _Atomic uint32_t is_executing; /* exec was called, and has not failed */
  uint32_t is_preload_passed;    /* the environment of that exec had the library in LD_PRELOAD */
  int32_t library_error;         /* why the process could not read the library just before it: an errno, or 0 */
  int32_t page_error;            /* why it could not open this memory */
  uint32_t user;                 /* its effective user then */
  uint32_t command_length;       /* bytes of the arguments */
  uint32_t is_command_cut;       /* not all of them are there */
  char version[HEAPSTER__WAY_TEXT];
  char program[HEAPSTER__PROGRAM_TEXT];    /* its short name */
  char executed_path[HEAPSTER__PATH_TEXT]; /* of that exec, as it was given */
};

struct heapster__page {
  struct heapster__page_info info;
  struct heapster__kept_figures kept[2]; /* one stays whole while the other is written to */
};

/* Pages of the system have 64 KiB at most: each process can map its own alone. */
#define HEAPSTER__ROUND_UP(bytes) (((bytes) + 65535) / 65536 * 65536)

/* What a process maps as long as it lives; the arguments of its program follow in the file, each ended by a NUL. */
enum {
  HEAPSTER__PAGE_FIXED = HEAPSTER__ROUND_UP(sizeof(struct heapster__page)),
  HEAPSTER__PAGE_SIZE = HEAPSTER__PAGE_FIXED + HEAPSTER__COMMAND_ROOM
};

struct heapster__page_head {
  char magic[8];
  uint32_t layout;
  uint32_t page_count;
  uint64_t page_size;
  uint64_t key;                             /* chosen by the command; no other file has it */
  _Atomic uint32_t owner;                   /* the command's thread; the system sets a bit if that dies */
  _Atomic uint32_t main_pid;                /* the program itself, as in `claims` */
  _Atomic uint32_t crowded_count;           /* processes that found no free page */
  _Atomic uint32_t claims[HEAPSTER__PAGES]; /* the process of each page, as the command's /proc has it; 0: it is free */
};

enum { HEAPSTER__PAGE_HEAD_SIZE = HEAPSTER__ROUND_UP(sizeof(struct heapster__page_head)) };

static inline off_t heapster__page_offset(unsigned index) {
  return (off_t)HEAPSTER__PAGE_HEAD_SIZE + (off_t)index * HEAPSTER__PAGE_SIZE;
}

void heapster__page_head_fill(struct heapster__page_head *head, unsigned page_count, uint64_t key);
bool heapster__page_head_is_valid(const struct heapster__page_head *head, uint64_t key);

/* The calling process as /proc has it: that belongs to a namespace of process ids, perhaps another than the process. */
int32_t heapster__page_find_outer_pid(void);

/* Whether the command that made it has ended, by a signal too. */
bool heapster__page_owner_is_gone(const struct heapster__page_head *head);

/* The number of a page for the process: the one that it has already, or a free one; -1: none. `is_running` says whether
   a page with its id is its own from before an exec, and not that of an earlier process which ended. */
int heapster__page_claim(struct heapster__page_head *head, int32_t outer_pid,
                         bool (*is_running)(void *context, unsigned index), void *context);
void heapster__page_release(struct heapster__page_head *head, unsigned index);

/* Where the next figures go. Between the two calls one thread writes to them; the others stay as they are. */
struct heapster__figures *heapster__page_begin_figures(struct heapster__page *page);
void heapster__page_end_figures(struct heapster__page *page, struct heapster__figures *figures);

/* No figures count any more: another program runs in the process. */
void heapster__page_drop_figures(struct heapster__page *page);

/* The command reads the file and maps no page of it: a page that is only looked at would become memory, too. */

/* Copies what a page says of its process, made valid. False: it cannot be read. */
bool heapster__page_read(int file, unsigned index, struct heapster__page_info *info);

/* Copies the newest whole figures, made valid. Returns their sequence; 0: there are none. */
uint64_t heapster__page_read_figures(int file, unsigned index, struct heapster__figures *figures);

#endif
