/* A report, from a page to a file. */
#include "report.h"

#include "message.h"
#include "symbols.h"

#include "process/file_sink.h"
#include "process/report_text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool heapster__found_read(struct heapster__found *found, const struct heapster__session *session, unsigned index) {
  memset(&found->info, 0, sizeof found->info);
  found->sequence = 0;
  found->file = heapster__session_file_of(session, index);
  if (found->file < 0 || !heapster__page_read(found->file, index, &found->info)) return false;
  found->sequence = heapster__page_read_figures(found->file, index, &found->figures);
  return true;
}

bool heapster__found_is_final(const struct heapster__found *found) {
  const uint32_t state = heapster__load_relaxed(&found->info.state);
  if (!found->sequence) return false;
  /* it may be killed in between */
  return !found->figures.time || state == HEAPSTER__PAGE_ENDED || state == HEAPSTER__PAGE_TAKEN;
}

void heapster__found_say_unsaid(const struct heapster__found *found) {
  const struct heapster__unsaid *const unsaid = &found->figures.unsaid;
  char text[HEAPSTER__UNSAID_TEXT];
  if (!unsaid->count) return;
  heapster__large_unsaid_text(unsaid, (long)found->info.pid, text);
  heapster__say("%s", text);
}

/* The arguments, or NULL. */
static char *read_command(int file, unsigned index, size_t length) {
  const off_t at = heapster__page_offset(index) + HEAPSTER__PAGE_FIXED;
  char *const command = length ? malloc(length) : NULL;
  if (!command || pread(file, command, length, at) == (ssize_t)length) return command;
  free(command);
  return NULL;
}

static void write_heading(struct heapster__writer *writer, const struct heapster__page_info *info) {
  char heading[256];
  heapster__heading_text(heading, sizeof heading, info->program, info->pid);
  heapster__write_text(writer, heading);
}

bool heapster__found_write(const struct heapster__found *found, unsigned index, const char *format,
                           const char *killed_by, int target) {
  struct heapster__file_sink sink = {.file = target};
  struct heapster__writer writer = heapster__writer_make(heapster__sink_of(&sink));
  const bool is_for_people = heapster__report_is_for_people(format);
  char *const command = is_for_people ? NULL : read_command(found->file, index, found->info.command_length);
  struct heapster__site_names *const names = found->figures.site_count ? malloc(sizeof *names) : NULL;
  if (names) heapster__symbols_find(&found->figures, names);
  const struct heapster__report report = {
      .figures = &found->figures,
      .version = found->info.version,
      .pid = found->info.pid,
      .command = command,
      .command_length = command ? found->info.command_length : 0,
      .is_command_cut = found->info.is_command_cut != 0,
      .site_names = names,
      .killed_by = killed_by,
      .snapshot_time = heapster__found_is_final(found) ? 0 : found->figures.time,
  };
  if (is_for_people) write_heading(&writer, &found->info);
  heapster__report_writer(format)(&writer, &report);
  free(command);
  free(names);
  return heapster__writer_result(&writer) == HEAPSTER_OK && heapster__file_sink_flush(&sink);
}
