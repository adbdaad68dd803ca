/* Sites as text for people: a table, and how much of what was counted it explains. */
#include <heapster/explain.h>

#include <string.h>

#include "value/sized.h"
#include "value/writer.h"

enum { SHARE_WIDTH = 5 };

struct table {
  struct heapster__writer writer;
  const struct heapster_explanation *explanation;
  const char *sites;
  size_t site_size;
  size_t count; /* of sites */
  size_t shown;
};

static uint64_t alloc_count_of(const struct heapster_site *site) { return site->requests.alloc_count; }
static uint64_t growth_count_of(const struct heapster_site *site) { return site->requests.realloc_growth_count; }
static uint64_t move_count_of(const struct heapster_site *site) { return site->requests.realloc_move_count; }
static uint64_t live_count_of(const struct heapster_site *site) { return site->live_count; }
static uint64_t live_bytes_of(const struct heapster_site *site) { return site->live_sum; }
static uint64_t total_alloc_sum_of(const struct heapster_site *site) {
  return site->requests.alloc_sum + site->requests.realloc_growth_sum;
}

/* A column of the table. An optional one is left out where no site has anything to show there. */
static const struct column {
  const char *name;
  size_t width;
  uint64_t (*figure_of)(const struct heapster_site *site);
  enum heapster_unit unit;
  bool is_optional;
} columns[] = {
    {"alloc_count", 13, alloc_count_of, HEAPSTER_COUNT, false},
    {"realloc_growth_count", 22, growth_count_of, HEAPSTER_COUNT, true},
    {"realloc_move_count", 20, move_count_of, HEAPSTER_COUNT, true},
    {"total_alloc_sum", 17, total_alloc_sum_of, HEAPSTER_BYTES, false},
    {"live_count", 12, live_count_of, HEAPSTER_COUNT, false},
    {"live_bytes", 12, live_bytes_of, HEAPSTER_BYTES, false},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

/* The caller's site in full length. */
static struct heapster_site site_at(const struct table *table, size_t index) {
  struct heapster_site site;
  heapster__copy_sized(&site, sizeof site, table->sites + index * table->site_size, table->site_size);
  return site;
}

static bool is_shown(const struct table *table, const struct column *column) {
  if (!column->is_optional) return true;
  for (size_t i = 0; i < table->count; i++) {
    const struct heapster_site site = site_at(table, i);
    if (column->figure_of(&site)) return true;
  }
  return false;
}

static uint64_t requests_of(const struct heapster_requests *requests) {
  return requests->alloc_count + requests->realloc_growth_count;
}

static void write_head(struct table *table) {
  heapster__write_right(&table->writer, "share", SHARE_WIDTH);
  for (size_t i = 0; i < COLUMNS; i++) {
    if (is_shown(table, &columns[i])) heapster__write_right(&table->writer, columns[i].name, columns[i].width);
  }
  heapster__write_text(&table->writer, "  site\n");
}

/* A share of less than half a percent is not none. */
static void write_share(struct table *table, uint64_t part) {
  const uint64_t whole = requests_of(&table->explanation->counted);
  const uint64_t percent = whole ? (uint64_t)((double)part / (double)whole * 100 + 0.5) : 0;
  char text[HEAPSTER__FIGURE_TEXT + 1];
  const size_t length = heapster__count_text(percent, text);
  memcpy(text + length, "%", 2);
  heapster__write_right(&table->writer, part && !percent ? "<1%" : text, SHARE_WIDTH);
}

static void write_hex(struct heapster__writer *writer, uint64_t value) {
  char text[2 + 16 + 1];
  char *first = text + sizeof text - 1;
  *first = '\0';
  do {
    *--first = "0123456789abcdef"[value % 16];
    value /= 16;
  } while (value);
  heapster__write_texts(writer, "0x", first);
}

/* "file:line (function)"; of C "file+0x12 (function)", as addr2line wants it. */
static void write_place(struct heapster__writer *writer, const struct heapster_site *site) {
  if (site->kind == HEAPSTER_SITE_ELSEWHERE) {
    heapster__write_text(writer, "elsewhere");
    return;
  }
  heapster__write_printable(writer, site->file ? site->file : "?");
  if (site->kind == HEAPSTER_SITE_C) {
    heapster__write_text(writer, "+");
    write_hex(writer, site->file ? site->offset : site->place);
  } else if (site->line) {
    heapster__write_text(writer, ":");
    heapster__write_digits(writer, site->line);
  }
  if (!site->function || !*site->function) return;
  heapster__write_text(writer, " (");
  heapster__write_printable(writer, site->function);
  heapster__write_text(writer, ")");
}

static void write_row(struct table *table, const struct heapster_site *site) {
  write_share(table, requests_of(&site->requests));
  for (size_t i = 0; i < COLUMNS; i++) {
    char text[HEAPSTER__FIGURE_TEXT];
    if (!is_shown(table, &columns[i])) continue;
    heapster__figure_text(columns[i].unit, (int64_t)columns[i].figure_of(site), text);
    heapster__write_right(&table->writer, text, columns[i].width);
  }
  heapster__write_text(&table->writer, "  ");
  write_place(&table->writer, site);
  heapster__write_text(&table->writer, "\n");
}

static void write_amount(struct heapster__writer *writer, uint64_t count, const char *one, const char *more) {
  heapster__write_count(writer, count);
  heapster__write_text(writer, count == 1 ? one : more);
}

/* How many sites are not in the table, and what they requested. */
static void write_rest(struct table *table) {
  const struct heapster_explanation *const explanation = table->explanation;
  uint64_t requests = requests_of(&explanation->others);
  uint64_t count = table->count - table->shown;
  for (size_t i = table->shown; i < table->count; i++) {
    const struct heapster_site site = site_at(table, i);
    requests += requests_of(&site.requests);
  }
  if (explanation->site_count > table->count) count += explanation->site_count - table->count;
  if (!count) return;
  heapster__write_text(&table->writer, "and ");
  write_amount(&table->writer, count, " more site with ", " more sites with ");
  write_amount(&table->writer, requests, " alloc or growth\n", " allocs and growths\n");
}

static void write_part(struct heapster__writer *writer, uint64_t count, const char *words) {
  if (!count) return;
  heapster__write_text(writer, ", ");
  write_amount(writer, count, words, words);
}

/* "18 of 20 explained, 1 elsewhere, 1 under way". */
static void write_sum(struct table *table, const struct heapster_requests *measured) {
  struct heapster__writer *const writer = &table->writer;
  const uint64_t counted = requests_of(&table->explanation->counted);
  const uint64_t under_way = requests_of(&table->explanation->under_way);
  uint64_t elsewhere = 0;
  for (size_t i = 0; i < table->count; i++) {
    const struct heapster_site site = site_at(table, i);
    if (site.kind == HEAPSTER_SITE_ELSEWHERE) elsewhere += requests_of(&site.requests);
  }
  const uint64_t missing = elsewhere + under_way < counted ? elsewhere + under_way : counted;
  heapster__write_count(writer, counted - missing);
  heapster__write_text(writer, " of ");
  heapster__write_count(writer, counted);
  heapster__write_text(writer, " explained");
  write_part(writer, elsewhere, " elsewhere");
  write_part(writer, under_way, " under way");
  if (measured && requests_of(measured) != counted) {
    heapster__write_text(writer, "; unsteady: the measured run made ");
    heapster__write_count(writer, requests_of(measured));
  }
  heapster__write_text(writer, "\n");
}

enum heapster_error heapster_sites_text_sized(const struct heapster_site *sites, size_t site_size, size_t count,
                                              size_t most, const struct heapster_explanation *explanation,
                                              size_t explanation_size, const struct heapster_requests *measured,
                                              struct heapster_sink sink) {
  struct heapster_explanation own;
  if (!explanation || (!sites && count)) return HEAPSTER_BAD_ARGUMENT;
  heapster__copy_sized(&own, sizeof own, explanation, explanation_size);
  struct table table = {heapster__writer_make(sink), &own, (const char *)sites, site_size, count, count};
  if (most < count) table.shown = most;
  if (table.shown) write_head(&table);
  for (size_t i = 0; i < table.shown; i++) {
    const struct heapster_site site = site_at(&table, i);
    write_row(&table, &site);
  }
  write_rest(&table);
  write_sum(&table, measured);
  return heapster__writer_result(&table.writer);
}
