#!/bin/sh
# A million rows: written, indexed, changed, joined; the database ends up in a file that is checked.
exec sqlite3 rows.db <<'SQL'
PRAGMA journal_mode = MEMORY;
CREATE TABLE event(id INTEGER PRIMARY KEY, kind TEXT, body TEXT, size INTEGER);
WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 1000000)
INSERT INTO event
  SELECT n, 'kind ' || (n * 40503 >> 4) % 97, hex(n * 2654435761), (n * 2654435761 >> 9) % 4096 FROM number;
CREATE INDEX event_kind ON event(kind, size);
SELECT count(*), sum(size), max(length(body)) FROM event;
UPDATE event SET body = body || upper(kind) WHERE id % 3 = 0;
DELETE FROM event WHERE size < 256;
SELECT kind, count(*), sum(length(body)) FROM event GROUP BY kind ORDER BY 3 DESC, 1 LIMIT 5;
SELECT count(DISTINCT substr(body, 1, 5)) FROM event;
SELECT a.kind, count(*) FROM event AS a JOIN event AS b ON b.id = a.id + 1 AND b.kind < a.kind GROUP BY 1 ORDER BY 1 LIMIT 3;
PRAGMA integrity_check;
SQL
