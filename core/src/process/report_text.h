/* A report as text: for people, as JSON, for Prometheus. From values only, so that another process can write it. */
#ifndef HEAPSTER__PROCESS_REPORT_TEXT_H
#define HEAPSTER__PROCESS_REPORT_TEXT_H

#include "process/figures.h"
#include "value/writer.h"

/* What the symbols and lines of a file say about a site; "": nothing. */
struct heapster__site_name {
  char function[160];
  char source[256];
  unsigned line; /* 0: not known */
};

/* Of the sites of figures, and of their frames. */
struct heapster__site_names {
  struct heapster__site_name sites[HEAPSTER__REPORTED_SITES];
  struct heapster__site_name frames[HEAPSTER__REPORTED_SITES][HEAPSTER__STACK_FRAMES];
};

/* What the figures are of. */
struct heapster__report {
  const struct heapster__figures *figures;
  const char *version; /* of heapster */
  int64_t pid;
  const char *command;                           /* the arguments, each ended by a NUL, perhaps not the last */
  size_t command_length;                         /* 0: not known */
  bool is_command_cut;                           /* not all of it is there */
  const struct heapster__site_names *site_names; /* of the figures' sites; NULL: nobody asked for them */
  const char *killed_by;                         /* the name of the signal by which the process ended; NULL: by none */
  uint64_t snapshot_time; /* nanoseconds since 1970, for figures that are not of the process's end; else 0 */
};

/* The path of a frame's file; "" where it is not known. */
HEAPSTER_API const char *heapster__frame_file(const struct heapster__figures *figures,
                                              const struct heapster__frame *frame);

typedef void heapster__write_report(struct heapster__writer *writer, const struct heapster__report *report);

heapster__write_report heapster__write_report_text, heapster__write_report_verbose, heapster__write_report_json,
    heapster__write_report_prometheus;

/* That of a format: "text", "verbose", "json" or "prometheus"; of text for any other. */
heapster__write_report *heapster__report_writer(const char *format);

/* Whether a report of that format is for people: text, and verbose text. */
HEAPSTER_API bool heapster__report_is_for_people(const char *format);

/* The first line of a report for people: the program's name, printable, and its process id. Cut where it is longer. */
HEAPSTER_API void heapster__heading_text(char *text, size_t capacity, const char *program, int64_t pid);

/* A name that may hold anything, printable, as heapster__write_printable writes it. Cut where it is longer. */
HEAPSTER_API void heapster__printable_text(char *text, size_t capacity, const char *name);

#endif
