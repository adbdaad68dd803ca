-- 120,000 notes of varied text, built, changed and queried. No input but this file; the same rows each time.
.bail on
.mode column

-- 400 words of two or three syllables each.
CREATE TABLE onset(s); INSERT INTO onset VALUES ('b'),('br'),('d'),('f'),('g'),('gl'),('k'),('l'),('m'),('n'),
  ('p'),('pr'),('r'),('s'),('st'),('t'),('tr'),('v'),('w'),('z');
CREATE TABLE rhyme(s); INSERT INTO rhyme VALUES ('a'),('an'),('ar'),('e'),('el'),('en'),('i'),('in'),('is'),('o'),
  ('ol'),('on'),('or'),('u'),('um'),('un'),('us'),('ai'),('ea'),('ou');
CREATE TABLE word(id INTEGER PRIMARY KEY, text TEXT);
INSERT INTO word
  SELECT row_number() OVER () - 1,
         onset.s || rhyme.s || substr('lotanemirasu', 1 + 2 * ((onset.rowid * 7 + rhyme.rowid * 3) % 6), 2)
         || CASE (onset.rowid + rhyme.rowid) % 3 WHEN 0 THEN 'ling' ELSE '' END
  FROM onset, rhyme;

-- Note n has 2 to 19 words; which ones, a multiplicative hash of n and the position says.
CREATE TABLE note(id INTEGER PRIMARY KEY, author TEXT, body TEXT);
WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 120000),
  position(n, i) AS (SELECT n, p.value FROM number, generate_series(1, 2 + (n * 2654435761 >> 9) % 18) AS p)
INSERT INTO note
  SELECT n, 'author ' || ((n * 40503 >> 4) % 997), group_concat(word.text, ' ')
  FROM position JOIN word ON word.id = ((n * 2654435761 + i * 2246822519) >> 11) % 400
  GROUP BY n;
CREATE INDEX note_author ON note(author);
CREATE INDEX note_body ON note(body);

SELECT count(*) AS notes, sum(length(body)) AS characters, max(length(body)) AS longest FROM note;

-- Half of the authors write on, some notes go.
UPDATE note SET body = body || ', and ' || upper(author) WHERE id % 2 = 0;
DELETE FROM note WHERE id % 7 = 0;

SELECT author, count(*) AS notes, sum(length(body)) AS characters
  FROM note GROUP BY author ORDER BY characters DESC, author LIMIT 3;
SELECT substr(body, 1, instr(body, ' ') - 1) AS first_word, count(*) AS notes
  FROM note GROUP BY first_word ORDER BY notes DESC, first_word LIMIT 3;
SELECT count(*) AS notes_with_ling FROM note WHERE body LIKE '%ling%ling%';
SELECT count(DISTINCT replace(body, 'a', 'o')) AS different_after_replacing FROM note;
