-- The tables of the corpus, beside those of the 13F example: every type that the lake has
-- a type for, NULLs in all columns, negative numbers, empty texts, partitions by month.

CREATE TABLE numbers (
    id int PRIMARY KEY, small smallint, whole int, big bigint, price numeric(10, 2),
    fine numeric(38, 10), free numeric, ratio double precision, single real);
INSERT INTO numbers VALUES
    (1, 1, 10, 10000000000, 1.50, 0.0000000001, 1.5, 0.1, 0.5),
    (2, -2, -7, -10000000000, -2.25, -12345678901234567890.0000000001, -2.25, -2.5, -1.25),
    (3, 3, 7, 9223372036854775807, 99999999.99, 1, 1000, 1e20, 3),
    (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (5, 0, 0, 0, 0.00, 0, 0, 0, 0),
    (6, 32767, 2147483647, -9223372036854775807, 0.01, 2.5, 0.125, 1e-7, 0.1),
    (7, -32768, -2147483648, 1, 1.50, 2.5, 3, 0.3333333333333333, 100),
    (8, 7, 3, 2, 10.00, 3.5, 7.75, 2.5, 2.5);

CREATE TABLE texts (
    id int PRIMARY KEY, word text, short varchar(20), padded char(5), flag boolean,
    tag uuid, data bytea, document jsonb);
INSERT INTO texts VALUES
    (1, 'apple', 'a', 'ab', true, '11111111-2222-3333-4444-555555555555', '\xdeadbeef',
     '{"k": 1}'),
    (2, '', '', '', false, '00000000-0000-0000-0000-000000000000', '\x', '[]'),
    (3, 'Ünïcödé ☃ 𝄞', 'ß', 'é', NULL, NULL, '\x00ff', 'null'),
    (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (5, 'it''s "quoted"', 'x,y', 'x y', true, 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee', '\x27',
     '"s"'),
    (6, 'banana', 'b', 'abcde', false, '99999999-2222-3333-4444-555555555555', '\x61', '1.5'),
    (7, E'line\nfeed\ttab', '%_', '\', true, '11111111-2222-3333-4444-555555555556',
     '\x5c', '{"a": {"b": [1, null]}}'),
    (8, 'apple', 'A', 'ab', false, NULL, '\xdeadbeef', '{"k": 1}');

CREATE TABLE times (
    id int PRIMARY KEY, day date, moment timestamp, instant timestamptz, clock time);
INSERT INTO times VALUES
    (1, '2024-02-29', '2024-02-29 12:34:56.789012', '2024-02-29 12:34:56.789012+02', '12:34:56'),
    (2, '1970-01-01', '1970-01-01 00:00:00', '1970-01-01 00:00:00+00', '00:00:00'),
    (3, '1969-12-31', '1969-12-31 23:59:59.999999', '1969-12-31 23:59:59.999999+00', '23:59:59.999999'),
    (4, NULL, NULL, NULL, NULL),
    (5, '0001-01-01', '0001-01-01 00:00:00', '0001-01-02 00:00:00+00', '01:02:03.5'),
    (6, '9999-12-31', '9999-12-31 23:59:59', '9999-12-31 00:00:00+00', '06:00:00'),
    (7, '2023-12-31', '2023-12-31 23:00:00', '2024-01-01 00:30:00+01', '12:00:00'),
    (8, '2024-03-31', '2024-03-31 02:30:00.5', '2024-03-31 01:00:00+00', '12:34:56');

CREATE TABLE lists (id int PRIMARY KEY, whole int[], words text[], prices numeric(10, 2)[]);
INSERT INTO lists VALUES
    (1, '{1,2,3}', '{a,b}', '{1.50,2.00}'),
    (2, '{}', '{}', '{}'),
    (3, NULL, NULL, NULL),
    (4, '{NULL,4}', '{NULL,"","x y"}', '{NULL,0.01}'),
    (5, '{-1}', '{"it''s","{}"}', '{-99.99}');

CREATE TABLE people (id int PRIMARY KEY, name text, country text, boss int);
INSERT INTO people VALUES
    (1, 'Ada', 'GB', NULL), (2, 'Grace', 'US', 1), (3, 'Linus', 'FI', 1),
    (4, 'Edsger', 'NL', 2), (5, 'Barbara', 'US', 2), (6, 'Nobody', NULL, NULL);

CREATE TABLE events (
    id bigint PRIMARY KEY, day date, person int, kind text, amount numeric(12, 2));
INSERT INTO events
    SELECT i, date '2023-11-15' + (i * 7 % 200), CASE WHEN i % 11 <> 0 THEN 1 + i % 7 END,
           (ARRAY['buy', 'sell', 'hold', NULL])[1 + i % 4], (i * 37 % 1000) / 100.0 - 3
    FROM generate_series(1, 500) AS i;
INSERT INTO events VALUES (501, NULL, 1, 'buy', 1.00), (502, NULL, NULL, NULL, NULL);
