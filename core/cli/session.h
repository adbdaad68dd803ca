/* The memory of the report pages, from the command's side. */
#ifndef HEAPSTER__CLI_SESSION_H
#define HEAPSTER__CLI_SESSION_H

#include "process/page.h"

#include <limits.h>

struct heapster__session {
  int spare; /* a file with a name, of one page, for a program that cannot open the other; or -1 */
  char spare_path[PATH_MAX];
  int file;                         /* -1: it could not be made */
  struct heapster__page_head *head; /* mapped; NULL if the file could be cut, so that it is only read */
  unsigned page_count;
  char where[PATH_MAX + 64];    /* the value of HEAPSTER_PAGE */
  char problem[PATH_MAX + 128]; /* why it could not be made, in errno's words */
};

/* Makes memory that cannot shrink, with a page for each of many processes (`is_shared`) or for one; where the system
   has no such memory, a file that is filled beforehand, with one page. False: `problem` says why not. */
bool heapster__session_open(struct heapster__session *session, bool is_shared);

/* Removes what has a name. */
void heapster__session_remove(struct heapster__session *session);

/* The file to read the page of that index from. */
int heapster__session_file_of(const struct heapster__session *session, unsigned index);

/* The calling process is the one that the program will run in. */
void heapster__session_note_main(const struct heapster__session *session);

/* The page of that index is new again, and free. */
void heapster__session_release(struct heapster__session *session, unsigned index);

/* After heapster__session_close: leaves the report to the process of that page. False: the process has ended, and its
   last figures are there. */
bool heapster__session_leave(struct heapster__session *session, unsigned index);

/* Nobody waits for reports any more. The system does the same if the command is killed. */
void heapster__session_close(struct heapster__session *session);

#endif
