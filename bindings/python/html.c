/* What a notebook shows of a Stats: the figures of its text as a table, its requests by size as a row of bars. */
#include "python/module.h"

struct page {
  struct heapster_text text;
  bool is_short; /* of memory: what was written is to be dropped */
};

/* A part of a text, on its way to be escaped. */
struct part {
  const char *begin;
  const char *end;
};

static void put_bytes(struct page *page, const char *bytes, size_t length) {
  const struct heapster_sink sink = heapster__text_sink(&page->text);
  if (length && !sink.write(sink.context, bytes, length)) page->is_short = true;
}

static void put(struct page *page, const char *html) { put_bytes(page, html, strlen(html)); }

static const char *entity(char c) {
  switch (c) {
  case '&':
    return "&amp;";
  case '<':
    return "&lt;";
  case '>':
    return "&gt;";
  case '"':
    return "&quot;";
  default:
    return NULL;
  }
}

/* As HTML text, runs of blanks as one. */
static void put_part(struct page *page, struct part part) {
  while (part.end > part.begin && part.end[-1] == ' ') part.end--;
  while (part.begin < part.end && *part.begin == ' ') part.begin++;
  for (const char *at = part.begin; at < part.end; at++) {
    if (at[0] == ' ' && at[1] == ' ') continue;
    if (entity(*at))
      put(page, entity(*at));
    else
      put_bytes(page, at, 1);
  }
}

/* Takes the next line off `rest`, without its end. */
static bool next_line(struct part *rest, struct part *line) {
  if (rest->begin >= rest->end) return false;
  const char *const newline = memchr(rest->begin, '\n', (size_t)(rest->end - rest->begin));
  *line = (struct part){rest->begin, newline ? newline : rest->end};
  rest->begin = newline ? newline + 1 : rest->end;
  return true;
}

/* Where `word` begins in the line, or its end. */
static const char *find(struct part line, const char *word) {
  const char *const found = memmem(line.begin, (size_t)(line.end - line.begin), word, strlen(word));
  return found ? found : line.end;
}

static struct part whole(const struct heapster_text *text) {
  return (struct part){text->bytes, text->bytes + text->length};
}

/* The lines "name: value", but for the histograms. */
static void put_figures(struct page *page, const struct heapster_text *text) {
  struct part rest = whole(text), line;
  put(page, "<table>");
  while (next_line(&rest, &line)) {
    const char *const colon = find(line, ": ");
    if (colon == line.end || *line.begin == '[' || find(line, "_histogram") != line.end) continue;
    put(page, "<tr><td style=\"text-align:left\">");
    put_part(page, (struct part){line.begin, colon});
    put(page, "</td><td style=\"text-align:right\">");
    put_part(page, (struct part){colon + 1, line.end});
    put(page, "</td></tr>");
  }
  put(page, "</table>");
}

enum { BAR_PIXELS = 64 };

/* Rounded up, so that what is there is seen. */
static int bar_height(uint64_t count, uint64_t highest) {
  return count ? 1 + (int)((double)count / (double)highest * (BAR_PIXELS - 1)) : 0;
}

/* Of the line "[64 B .. 128 B):   1,926,643  ████": all before the bar when pointed at, the lower bound below. */
static void put_bar(struct page *page, struct part line, int height) {
  char style[128];
  put(page, "<div style=\"width:4em\" title=\"");
  put_part(page, (struct part){line.begin, find(line, "\u2588")});
  snprintf(style, sizeof style, "\"><div style=\"height:%dpx;background:currentColor;opacity:.5\"></div>", height);
  put(page, style);
  put_part(page, (struct part){line.begin + 1, find(line, " ..")});
  put(page, "</div>");
}

static void put_bars(struct page *page, const struct heapster_text *text, const struct heapster_histogram *histogram) {
  struct part rest = whole(text), line;
  const uint64_t *bucket = histogram->buckets;
  uint64_t highest = 0;
  for (unsigned i = 0; i < HEAPSTER_BUCKETS; i++) highest = bucket[i] > highest ? bucket[i] : highest;
  if (!highest) return;
  while (!*bucket) bucket++;
  put(page, "<div style=\"margin-top:.5em\">alloc_histogram</div><div "
            "style=\"display:flex;flex-wrap:wrap;align-items:flex-end;gap:2px;"
            "font-size:75%;text-align:center\">");
  while (next_line(&rest, &line)) put_bar(page, line, bar_height(*bucket++, highest));
  put(page, "</div>");
}

struct heapster_text heapster__python_stats_html(const struct heapster_stats *stats) {
  struct page page = {0};
  struct heapster_text figures = heapster__stats_text(stats);
  struct heapster_text bars = heapster__histogram_text(&stats->alloc_histogram);
  if (!figures.error) put_figures(&page, &figures);
  if (!bars.error) put_bars(&page, &bars, &stats->alloc_histogram);
  const bool is_whole = !page.is_short && !figures.error && !bars.error;
  heapster__text_close(&page.text, is_whole ? HEAPSTER_OK : HEAPSTER_NO_MEMORY);
  heapster__text_free(&figures);
  heapster__text_free(&bars);
  return page.text;
}
