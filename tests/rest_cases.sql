-- A harbour: what rest_cases.py asks for. Its shapes are those that PostgREST's own cases
-- need: keys of several columns, to itself, twice to one table, in a ring; one to one by
-- primary key and by unique key; junctions; names that a URL has trouble with.
CREATE SCHEMA harbour;
SET search_path = harbour;
CREATE TYPE weather AS ENUM ('calm', 'rough', 'storm');

CREATE TABLE numbers (id bigserial PRIMARY KEY);
INSERT INTO numbers SELECT generate_series(1, 15);
CREATE TABLE loose (a text, b text);
INSERT INTO loose VALUES (NULL, NULL), ('1', '0'), ('2', '0');
CREATE TABLE lamps (id integer PRIMARY KEY, name text NOT NULL, lit boolean);
INSERT INTO lamps VALUES (1, 'north', true), (2, 'south', false), (3, 'wreck', NULL);
CREATE TABLE marks (code varchar PRIMARY KEY, extra varchar NOT NULL);
INSERT INTO marks VALUES ('abba', 'u'), ('aBBa', 'v');
CREATE TABLE blanks (id integer PRIMARY KEY, word text);
INSERT INTO blanks VALUES (1, '');
CREATE TABLE empties (id integer PRIMARY KEY, word text, day date, ratio real, lit boolean);

-- One to many, many to one, many to many.
CREATE TABLE owners (id integer PRIMARY KEY, name text NOT NULL);
INSERT INTO owners VALUES (1, 'Hansa'), (2, 'Pacific');
CREATE TABLE ships (
  id integer PRIMARY KEY,
  name text NOT NULL,
  owner_id integer CONSTRAINT owner REFERENCES owners (id)
);
INSERT INTO ships VALUES (1, 'Aurora', 1), (2, 'Borealis', 1), (3, 'Coral', 2),
  (4, 'Delfin', 2), (5, 'Derelict', NULL);
CREATE TABLE voyages (
  id integer PRIMARY KEY,
  name text NOT NULL,
  ship_id integer CONSTRAINT ship REFERENCES ships (id)
);
INSERT INTO voyages VALUES (1, 'North spring', 1), (2, 'North autumn', 1), (3, 'South spring', 2),
  (4, 'East spring', 3), (5, 'East autumn', 3), (6, 'West spring', 4), (7, 'Planned', NULL);
CREATE TABLE sailors (id integer PRIMARY KEY, name text NOT NULL);
INSERT INTO sailors VALUES (1, 'Ines'), (2, 'Jonas'), (3, 'Kiri'), (4, 'Lou');
CREATE TABLE crews (
  sailor_id integer REFERENCES sailors (id),
  voyage_id integer REFERENCES voyages (id),
  PRIMARY KEY (sailor_id, voyage_id)
);
INSERT INTO crews VALUES (1, 1), (1, 2), (1, 3), (2, 1), (2, 4), (2, 5), (3, 5), (3, 6);
CREATE TABLE remarks (
  id integer PRIMARY KEY,
  author_id integer NOT NULL CONSTRAINT author REFERENCES sailors (id),
  sailor_id integer NOT NULL,
  voyage_id integer NOT NULL,
  text text NOT NULL,
  FOREIGN KEY (sailor_id, voyage_id) REFERENCES crews (sailor_id, voyage_id)
);
INSERT INTO remarks VALUES (1, 2, 1, 1, 'Steady hand'), (2, 1, 2, 4, 'Late twice');

-- One to one, by primary key and by unique key.
CREATE TABLE passports (sailor_id integer PRIMARY KEY REFERENCES sailors (id), number text);
INSERT INTO passports VALUES (1, 'P-1'), (2, 'P-2');
CREATE TABLE flags (
  id integer PRIMARY KEY,
  colour text,
  ship_id integer UNIQUE REFERENCES ships (id)
);
INSERT INTO flags VALUES (10, 'red', 1), (20, 'blue', 3);

-- Twice to one table, to itself, many to many with itself, in a ring, two ways.
CREATE TABLE ports (id integer PRIMARY KEY, name text, country text);
INSERT INTO ports VALUES (1, 'Bergen', 'NO'), (2, 'Genoa', 'IT'), (3, 'Kobe', 'JP'), (4, 'Nowhere', NULL);
CREATE TABLE legs (
  id integer PRIMARY KEY,
  voyage_id integer REFERENCES voyages (id),
  from_port integer CONSTRAINT departure REFERENCES ports (id),
  to_port integer CONSTRAINT arrival REFERENCES ports (id),
  miles numeric(8, 1)
);
INSERT INTO legs VALUES (1, 1, 1, 2, 800.5), (2, 1, 2, 1, 810.0), (3, 4, 3, 2, NULL), (4, 6, 1, 3, 9000.0);
CREATE TABLE regions (
  id text PRIMARY KEY,
  name text NOT NULL,
  parent text CONSTRAINT within REFERENCES regions (id)
);
INSERT INTO regions VALUES ('w', 'World', NULL), ('e', 'Europe', 'w'), ('a', 'Asia', 'w'),
  ('n', 'Nordics', 'e'), ('i', 'Iberia', 'e');
CREATE TABLE friendships (
  sailor_id integer REFERENCES sailors (id),
  friend_id integer REFERENCES sailors (id),
  PRIMARY KEY (sailor_id, friend_id)
);
INSERT INTO friendships VALUES (1, 2), (1, 3), (2, 3);
CREATE TABLE docks (id integer PRIMARY KEY, name text, foreman_id integer);
CREATE TABLE foremen (id integer PRIMARY KEY, name text, dock_id integer REFERENCES docks (id));
ALTER TABLE docks ADD FOREIGN KEY (foreman_id) REFERENCES foremen (id);
CREATE TABLE yards (id integer PRIMARY KEY, name text);
INSERT INTO yards VALUES (1, 'Old yard'), (2, 'New yard');
CREATE TABLE hulls (
  id integer PRIMARY KEY,
  name text,
  yard_id integer CONSTRAINT built_at REFERENCES yards (id)
);
INSERT INTO hulls VALUES (1, 'hull 1', 1), (2, 'hull 2', NULL), (3, 'hull 3', 2);
CREATE TABLE repairs (
  hull_id integer REFERENCES hulls (id),
  yard_id integer REFERENCES yards (id),
  PRIMARY KEY (hull_id, yard_id)
);
INSERT INTO repairs VALUES (1, 1), (2, 1), (2, 2);

-- Sums.
CREATE TABLE fees (
  id integer PRIMARY KEY,
  ship_id integer REFERENCES ships (id),
  amount numeric(10, 2),
  paid boolean
);
INSERT INTO fees VALUES (1, 1, 100.10, true), (2, 1, 200.20, true), (3, 2, 50.00, false),
  (4, 3, 1000.00, NULL), (5, NULL, 5.55, true);

-- JSON, arrays, ranges.
CREATE TABLE papers (id integer PRIMARY KEY, data json);
INSERT INTO papers VALUES (1, '[1, 2, 3]'), (2, '[[9, 8], [11, 12, 13]]'), (3, '[{"a": "A"}, {"b": [4, 5]}]'),
  (4, '{"c": [1, 2], "d": {"e": "deep", "n": 7}}'), (5, '{"!@#$%^&*_d": {"!@#$%^&*_e": 3}}'), (6, '{"c": [{"d": [4]}]}');
CREATE TABLE bills (id integer PRIMARY KEY, doc jsonb);
INSERT INTO bills VALUES (1, '{"a": {"b": 2}, "k": 10}'), (2, '{"c": [1, 2, 3], "k": 6}'), (3, '[{"d": "test"}]'), (4, '{"e": 1, "k": 8}');
CREATE TABLE lists (id integer PRIMARY KEY, numbers integer[], words text[]);
INSERT INTO lists VALUES (1, '{1}', '{a}'), (2, '{1,2}', '{a,"b c"}'), (3, '{1,2,3}', '{}'), (4, NULL, NULL);
CREATE TABLE grids (id integer PRIMARY KEY, cells integer[][], words text[][]);
INSERT INTO grids VALUES (1, '{{1,2,3},{4,5,6}}', '{{a,"b, c"},{d,NULL}}'), (2, '{{11,NULL},{14,15}}', NULL), (3, '[0:1]={7,8}', '{}');
CREATE TABLE bands (id integer PRIMARY KEY, span numrange);
INSERT INTO bands VALUES (1, '[1,3]'), (2, '[3,6]'), (3, '[6,9]'), (4, '[9,12]'), (5, NULL);

-- Names and values that a URL has trouble with.
CREATE TABLE "Log Book;" ("entryId" integer PRIMARY KEY, "Fair Weather" text);
INSERT INTO "Log Book;" VALUES (1, 'wind, 9-113 (P5)'), (2, 'wind, 9-114 (P5)'), (3, NULL);
CREATE TABLE "sealedNotes" ("noteId" integer NOT NULL REFERENCES "Log Book;" ("entryId"));
INSERT INTO "sealedNotes" VALUES (1), (3);
CREATE TABLE reserved ("*id*" integer, ":a->b::c" text, "(x,y)" text, "p.q.r" text, "  wide  gap  " text);
INSERT INTO reserved VALUES (1, ' arrow 1 ', ' parens 1 ', ' dots 1 ', ' gap 1'), (2, ' arrow 2 ', ' parens 2 ', ' dots 2 ', ' gap 2');
CREATE TABLE "pay$roll" ("net$" numeric, "field-with_sep" integer);
INSERT INTO "pay$roll" VALUES (100, 1), (200, 2);
CREATE TABLE names (name text);
INSERT INTO names VALUES ('Doe, Jane'), ('Roe, Max'), ('Poe (007)'), ('Ann Lee'), ('"'), ('A "B" C'), ('\'), ('/\Slash/\');

-- Texts.
CREATE TABLE notes (id integer PRIMARY KEY, body text, words tsvector);
INSERT INTO notes VALUES (1, 'It is a thing, like a plan', '''kind'':3 ''fun'':5'),
  (2, 'Stop. Brain at work', '''also'':2 ''fun'':3'), (3, 'I wear a HAT now', NULL);
COMMENT ON TABLE notes IS E'Notes of the crew\n\nOne a row,\nin any order';
CREATE TABLE sayings (id integer PRIMARY KEY, body text, doc jsonb, words tsvector);
INSERT INTO sayings (id, body) VALUES
  (1, 'Still waters run deep; the well-known rivers aren''t still.'),
  (2, 'A watched pot never boils, said 12 cooks (or -12.5) in 2024-05-01'),
  (3, 'Qui vole un œuf vole un bœuf: l''occasion fait les larrons'),
  (4, 'Übung macht den Meister, und Straßen führen nach Rom'),
  (5, 'Тише едешь, дальше будешь, the drivers say'),
  (6, 'En boca cerrada no entran moscas'),
  (7, ''), (8, NULL);
UPDATE sayings SET words = to_tsvector('english', body),
  doc = jsonb_build_object('b', body, 'a', ARRAY[id::text, 'running'], 'n', 2024);

-- A column of each kind.
CREATE TABLE kinds (
  id integer PRIMARY KEY, b boolean, s smallint, big bigint, r real, d double precision,
  n numeric(10, 2), m money, c char(5), u uuid, j json, jb jsonb, by bytea, dt date, ts timestamp,
  tz timestamptz, t time, i interval, ip inet, arr text[], e weather, o oid
);
INSERT INTO kinds (id) VALUES (2);
INSERT INTO kinds VALUES (1, true, 1, 9007199254740993, 1.5, 'NaN', 1.50, '1234.5', 'ab',
  'a02fb934-3a4d-469b-a6b6-4fcd88b973cf', '{"a" : 1}', '{"b":1,"aa":[1, 2]}', '\x6162', '2020-01-01',
  '2020-01-01 10:11:12.5', '2020-01-01 10:11:12+00', '10:11:12', '1 day', '10.0.0.1',
  '{a,"b c",NULL}', 'rough', 12345);

-- What filters are easily wrong about: where in JSON, NULLs in arrays, the end of a day, bytes.
CREATE TABLE parcels (id integer PRIMARY KEY, doc jsonb, numbers integer[], words text[], bytes bytea, clock time,
  ratios double precision[]);
INSERT INTO parcels (id, doc)
  SELECT row_number() OVER (), doc
  FROM unnest(ARRAY['{"owner":"me"}', '{"x":{"owner":"me"}}', '{"x":[{"owner":"me"}]}', '[{"owner":"me"}]',
    '{"owner":["me"]}', '{"owner":"me","z":1}', '{}', '[]', '[1]', '[[1]]', '[1,2,3]', '{"a":[1,2,3]}', '{"a":1}', '{"a":1.0}',
    '{"a":100e-2,"b":2}', '{"a":null}', '{"a":{}}', '{"a":[{"b":1,"c":2}]}', '1', '1.00', '"me"', '["me"]', '"\u006de"',
    'null', 'true', '[null,1.0]', '12345678901234567890123', '12345678901234567890124.0', NULL]::jsonb[]) AS doc;
INSERT INTO parcels (id, numbers, words) VALUES
  (101, '{1}', '{a}'), (102, '{1,NULL}', '{a,NULL}'), (103, '{NULL}', '{NULL}'), (104, '{}', '{}'),
  (105, '{1,2}', '{a,b}'), (106, '{2,2,1}', '{"NULL"}'), (107, '{3}', '{A}'), (108, NULL, NULL);
INSERT INTO parcels (id, bytes, clock) VALUES
  (201, '\x01', '00:00'), (202, '\x5c', '12:01'), (203, '\x5c5c', '23:59:59.999999'), (204, '', '24:00'), (205, '\xff61', '07:05');
INSERT INTO parcels (id, ratios) VALUES (301, '{1,2}'), (302, '{NaN,0.5}'), (303, '{-Infinity}'), (304, '{NULL}'), (305, '{}');

-- Around the turns of clocks, before there were time zones, and after the rules that are known.
CREATE TABLE moments (id integer PRIMARY KEY, at timestamptz, several timestamptz[]);
INSERT INTO moments
  SELECT row_number() OVER (), at, ARRAY[at, NULL, at + interval '6 months']
  FROM unnest('{1883-11-18 12:00+00, 1969-12-31 23:59:59.999999+00, 2023-03-12 09:59:59+00,
    2023-03-12 10:00+00, 2023-10-18 12:37:59.611+00, 2023-11-05 08:30+00, 2023-11-05 09:30+00,
    2039-07-01 00:00+00, 2350-01-01 00:00+00}'::timestamptz[]) AS at;

-- Views: with names of their own, of a view, of tables out of sight, with a count.
CREATE SCHEMA hold;
CREATE TABLE hold.cargoes (
  id integer PRIMARY KEY,
  name text,
  ship_id integer CONSTRAINT carrier REFERENCES ships (id)
);
INSERT INTO hold.cargoes VALUES (1, 'tea', 1), (2, 'salt', 3), (3, 'ice', NULL);
CREATE TABLE hold.calls (
  cargo_id integer REFERENCES hold.cargoes (id),
  port_id integer REFERENCES ports (id),
  PRIMARY KEY (cargo_id, port_id)
);
INSERT INTO hold.calls VALUES (1, 1), (1, 2), (2, 3);
CREATE VIEW cargoes AS SELECT id, name, ship_id FROM hold.cargoes;
CREATE VIEW calls AS TABLE hold.calls;
CREATE VIEW fleet AS SELECT id AS ship, name AS title, owner_id AS company FROM ships;
CREATE VIEW fleet_names AS SELECT title, ship FROM fleet;
CREATE VIEW fee_counts AS SELECT ship_id, count(*) AS fees FROM fees GROUP BY ship_id;
CREATE VIEW old_passports AS
  WITH old AS (SELECT * FROM passports) SELECT number, sailor_id AS holder FROM old;
CREATE MATERIALIZED VIEW asian_ports AS SELECT id, name FROM ports WHERE country = 'JP';
CREATE VIEW neighbours AS
  SELECT a.id AS one, b.id AS other, a.parent FROM regions a JOIN regions b USING (parent)
  WHERE a.id < b.id;
