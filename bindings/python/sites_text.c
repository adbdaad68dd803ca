/* Sites as a table for people. */
#include "python/sites.h"

#include <inttypes.h>

/* Figures in a table are right-aligned. */
enum { COLUMNS = 5, CELL = 32 };

struct column {
  const char *title;
  bool is_size;
  bool is_shown;
  size_t width;
};

static struct column columns_of_sites[COLUMNS] = {
    {"alloc_count", false, true, 0},         {"realloc_growth_count", false, false, 0},
    {"realloc_move_count", false, false, 0}, {"total_alloc_sum", true, true, 0},
    {"live_count", false, true, 0},
};

static uint64_t figure_of(const struct heapster_site *site, size_t column) {
  const uint64_t figures[COLUMNS] = {site->requests.alloc_count, site->requests.realloc_growth_count,
                                     site->requests.realloc_move_count,
                                     site->requests.alloc_sum + site->requests.realloc_growth_sum, site->live_count};
  return figures[column];
}

/* 1,234,567 */
static size_t count_text(uint64_t count, char text[CELL]) {
  char digits[CELL];
  const int length = snprintf(digits, sizeof digits, "%" PRIu64, count);
  size_t written = 0;
  for (int i = 0; i < length; i++) {
    if (i && (length - i) % 3 == 0) text[written++] = ',';
    text[written++] = digits[i];
  }
  text[written] = '\0';
  return written;
}

static size_t write_cell(const struct column *column, uint64_t figure, char text[CELL]) {
  _Static_assert((int)CELL >= (int)HEAPSTER_SIZE_TEXT, "a size fits a cell");
  return column->is_size ? heapster_size_text(figure, text) : count_text(figure, text);
}

static void append_right(struct heapster_text *text, const char *words, size_t width) {
  for (size_t length = strlen(words); length < width; length++) heapster__text_append(text, " ");
  heapster__text_append(text, words);
}

/* Half of a surrogate pair, such as a file name has for a byte that is none of a character, is escaped. */
static void append_chars(struct heapster_text *text, const char *chars) {
  char escaped[CELL];
  for (const char *rest = chars; *rest; rest++) {
    const unsigned char lead = (unsigned char)rest[0], second = (unsigned char)rest[1];
    if (lead != 0xED || (second & 0xE0) != 0xA0 || ((unsigned char)rest[2] & 0xC0) != 0x80) {
      heapster__text_append_bytes(text, rest, 1);
    } else {
      snprintf(escaped, sizeof escaped, "\\ud%03x", (second & 0x3Fu) << 6 | ((unsigned char)rest[2] & 0x3Fu));
      heapster__text_append(text, escaped);
      rest += 2;
    }
  }
}

/* page.py:12 in parse; libfoo.so in make_table */
static void append_name(struct heapster_text *text, const struct heapster__site_name *name) {
  char line[CELL];
  if (name->file) append_chars(text, name->file);
  if (name->line) {
    snprintf(line, sizeof line, ":%d", name->line);
    heapster__text_append(text, line);
  }
  heapster__text_append(text, " in ");
  if (name->function) append_chars(text, name->function);
}

static void append_site(struct heapster_text *text, const struct heapster__named_site *site,
                        const struct column *columns) {
  char cell[CELL];
  for (size_t i = 0; i < COLUMNS; i++) {
    if (!columns[i].is_shown) continue;
    write_cell(&columns[i], figure_of(&site->figures, i), cell);
    append_right(text, cell, columns[i].width);
    heapster__text_append(text, "  ");
  }
  if (site->figures.kind == HEAPSTER_SITE_ELSEWHERE)
    heapster__text_append(text, "elsewhere");
  else
    append_name(text, &site->name);
  if (!heapster__site_name_is_empty(&site->via)) {
    heapster__text_append(text, " (");
    append_name(text, &site->via);
    heapster__text_append(text, ")");
  }
  heapster__text_append(text, "\n");
}

static void append_head(struct heapster_text *text, const struct column *columns) {
  for (size_t i = 0; i < COLUMNS; i++) {
    if (!columns[i].is_shown) continue;
    append_right(text, columns[i].title, columns[i].width);
    heapster__text_append(text, "  ");
  }
  heapster__text_append(text, "site\n");
}

static void measure_columns(struct column *columns, const struct heapster__sites *sites, size_t shown) {
  char cell[CELL];
  for (size_t i = 0; i < COLUMNS; i++) {
    columns[i] = columns_of_sites[i];
    columns[i].width = strlen(columns[i].title);
    for (size_t k = 0; k < shown; k++) {
      const uint64_t figure = figure_of(&sites->sites[k].figures, i);
      const size_t width = write_cell(&columns[i], figure, cell);
      if (figure) columns[i].is_shown = true;
      if (width > columns[i].width) columns[i].width = width;
    }
  }
}

static uint64_t requests_in(const struct heapster_requests *requests) {
  return requests->alloc_count + requests->realloc_growth_count;
}

static void append_count(struct heapster_text *text, const char *before, uint64_t count, const char *after) {
  char number[CELL];
  count_text(count, number);
  heapster__text_append(text, before);
  heapster__text_append(text, number);
  heapster__text_append(text, after);
}

/* 18 of 18 explained; 17 of 18 explained, 1 elsewhere */
static void append_sum(struct heapster_text *text, const struct heapster__sites *sites) {
  const uint64_t whole = requests_in(&sites->whole.counted), under_way = requests_in(&sites->whole.under_way);
  uint64_t elsewhere = 0, explained = 0;
  for (size_t i = 0; i < sites->count; i++) {
    const struct heapster_site *const site = &sites->sites[i].figures;
    *(site->kind == HEAPSTER_SITE_ELSEWHERE ? &elsewhere : &explained) += requests_in(&site->requests);
  }
  append_count(text, "", explained, " of ");
  append_count(text, "", whole, " explained");
  if (elsewhere) append_count(text, ", ", elsewhere, " elsewhere");
  if (under_way) append_count(text, ", ", under_way, " under way");
}

/* and 31 more lines with 40 allocs */
static void append_rest(struct heapster_text *text, const struct heapster__sites *sites, size_t shown) {
  uint64_t allocs = 0, growths = 0;
  for (size_t i = shown; i < sites->count; i++) {
    allocs += sites->sites[i].figures.requests.alloc_count;
    growths += sites->sites[i].figures.requests.realloc_growth_count;
  }
  append_count(text, "and ", sites->count - shown, sites->count - shown == 1 ? " more line" : " more lines");
  append_count(text, " with ", allocs, allocs == 1 ? " alloc" : " allocs");
  if (growths) append_count(text, " and ", growths, growths == 1 ? " growth" : " growths");
  heapster__text_append(text, "\n");
}

struct heapster_text heapster__python_sites_text(const struct heapster__sites *sites, size_t most) {
  struct heapster_text text = {0};
  struct column columns[COLUMNS];
  const size_t shown = sites->count < most ? sites->count : most;
  measure_columns(columns, sites, shown);
  if (shown) append_head(&text, columns);
  for (size_t i = 0; i < shown; i++) append_site(&text, &sites->sites[i], columns);
  if (shown < sites->count) append_rest(&text, sites, shown);
  append_sum(&text, sites);
  return heapster__text_finish_for_people(&text, HEAPSTER_OK);
}

struct heapster_text heapster__sites_sum_text(const struct heapster__sites *sites) {
  struct heapster_text text = {0};
  append_sum(&text, sites);
  return heapster__text_finish_for_people(&text, HEAPSTER_OK);
}

struct heapster_text heapster__site_name_text(const struct heapster__site_name *name) {
  struct heapster_text text = {0};
  append_name(&text, name);
  return heapster__text_finish_for_people(&text, HEAPSTER_OK);
}
