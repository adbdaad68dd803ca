/* What a notebook shows of a Stats: the figures of its text as a table, its requests by size as a row of bars. */
#include "python/values.h"

#include "common/stats.h"
#include "common/values.h"

/* A part of a text. */
struct part {
  const char *begin;
  const char *end;
};

/* Escaped, with one blank for several. */
static void put_part(struct heapster_text *page, struct part part) {
  static const char *const entities[256] = {['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;"};
  while (part.end > part.begin && part.end[-1] == ' ') part.end--;
  while (part.begin < part.end && *part.begin == ' ') part.begin++;
  for (const char *at = part.begin; at < part.end; at++) {
    if (at[0] == ' ' && at[1] == ' ') continue;
    const char *const entity = entities[(unsigned char)*at];
    if (entity)
      heapster__text_append(page, entity);
    else
      heapster__text_append_bytes(page, at, 1);
  }
}

/* Takes the next line off `rest`, without its newline. */
static bool take_line(struct part *rest, struct part *line) {
  if (rest->begin >= rest->end) return false;
  const char *const newline = memchr(rest->begin, '\n', (size_t)(rest->end - rest->begin));
  *line = (struct part){rest->begin, newline ? newline : rest->end};
  rest->begin = newline ? newline + 1 : rest->end;
  return true;
}

/* Where `word` begins in the line, or the line's end. */
static const char *find(struct part line, const char *word) {
  const char *const found = memmem(line.begin, (size_t)(line.end - line.begin), word, strlen(word));
  return found ? found : line.end;
}

/* The lines "name: value" except those of histograms. */
static void put_figures(struct heapster_text *page, struct part text) {
  struct part line;
  heapster__text_append(page, "<table>");
  while (take_line(&text, &line)) {
    const char *const colon = find(line, ": ");
    if (colon == line.end || *line.begin == '[' || find(line, "_histogram") != line.end) continue;
    heapster__text_append(page, "<tr><td style=\"text-align:left\">");
    put_part(page, (struct part){line.begin, colon});
    heapster__text_append(page, "</td><td style=\"text-align:right\">");
    put_part(page, (struct part){colon + 1, line.end});
    heapster__text_append(page, "</td></tr>");
  }
  heapster__text_append(page, "</table>");
}

enum { BAR_PIXELS = 64 };

/* Rounded up, so that every request is seen. */
static int bar_height(uint64_t count, uint64_t highest) {
  return count ? 1 + (int)((double)count / (double)highest * (BAR_PIXELS - 1)) : 0;
}

/* From the line "[64 B .. 128 B):   1,926,643  ████". The lower bound stands below the bar, the range and the count
   appear when it is pointed at. */
static void put_bar(struct heapster_text *page, struct part line, int height) {
  char style[128];
  heapster__text_append(page, "<div style=\"width:4em\" title=\"");
  put_part(page, (struct part){line.begin, find(line, "\u2588")});
  snprintf(style, sizeof style, "\"><div style=\"height:%dpx;background:currentColor;opacity:.5\"></div>", height);
  heapster__text_append(page, style);
  put_part(page, (struct part){line.begin + 1, find(line, " ..")});
  heapster__text_append(page, "</div>");
}

static void put_bars(struct heapster_text *page, struct part text, const struct heapster_histogram *histogram) {
  struct part line;
  const uint64_t *bucket = histogram->buckets;
  uint64_t highest = 0;
  for (unsigned i = 0; i < HEAPSTER_BUCKETS; i++) highest = bucket[i] > highest ? bucket[i] : highest;
  if (!highest) return;
  while (!*bucket) bucket++;
  heapster__text_append(page, "<div style=\"margin-top:.5em\">alloc_histogram</div><div "
                              "style=\"display:flex;flex-wrap:wrap;align-items:flex-end;gap:2px;"
                              "font-size:75%;text-align:center\">");
  while (take_line(&text, &line)) put_bar(page, line, bar_height(*bucket++, highest));
  heapster__text_append(page, "</div>");
}

struct heapster_text heapster__python_stats_html(const struct heapster_stats *stats) {
  struct heapster_text page = {0};
  struct heapster_text figures = heapster__stats_text(stats);
  struct heapster_text bars = heapster__histogram_text(&stats->alloc_histogram);
  const bool has_texts = !figures.error && !bars.error;
  if (has_texts) put_figures(&page, (struct part){figures.bytes, figures.bytes + figures.length});
  if (has_texts) put_bars(&page, (struct part){bars.bytes, bars.bytes + bars.length}, &stats->alloc_histogram);
  heapster__text_free(&figures);
  heapster__text_free(&bars);
  return heapster__text_finish(&page, has_texts ? HEAPSTER_OK : HEAPSTER_NO_MEMORY);
}
