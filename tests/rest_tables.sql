-- A small library: what test_rest.py asks for. Keys of one and of several columns, to
-- itself, one to one, many to many; a column of each type that an API has to write.
CREATE TYPE genre AS ENUM ('fiction', 'history', 'science');

CREATE TABLE authors (
  id integer PRIMARY KEY,
  name text NOT NULL,
  born date,
  mentor_id integer CONSTRAINT mentor REFERENCES authors (id)
);
INSERT INTO authors VALUES
  (1, 'Ada', '1815-12-10', NULL), (2, 'Grace', '1906-12-09', 1), (3, 'Alan', '1912-06-23', 1),
  (4, 'Barbara', '1939-11-07', 2), (5, 'Nobody', NULL, NULL);

CREATE TABLE portraits (
  author_id integer PRIMARY KEY REFERENCES authors (id),
  file text NOT NULL
);
INSERT INTO portraits VALUES (1, 'ada.png'), (2, 'grace.png');

CREATE TABLE books (
  id bigint PRIMARY KEY,
  title text NOT NULL,
  author_id integer REFERENCES authors (id),
  editor_id integer CONSTRAINT editor REFERENCES authors (id),
  price numeric(8, 2),
  pages integer,
  published date,
  kind genre,
  tags text[],
  scores integer[],
  facts jsonb,
  raw json
);
INSERT INTO books VALUES
  (1, 'Notes, annotated', 1, 2, 10.50, 100, '2020-01-15', 'science', '{old,"two words"}', '{1,2,3}', '{"lang": "en", "size": {"w": 10, "h": 2}, "n": [1, 2, 3]}', '{"a" : 1}'),
  (2, 'Compilers', 2, NULL, 25.00, 320, '2020-02-20', 'science', '{new}', '{2}', '{"lang": "fr", "n": [4]}', '[1,2]'),
  (3, 'Machines', 3, 1, NULL, 77, NULL, 'history', '{}', '{}', NULL, NULL),
  (4, 'A "quoted" title', 3, 2, 7.25, NULL, '2021-07-01', 'fiction', NULL, NULL, '{"lang": "en", "size": {"w": 9}}', '"x"'),
  (5, '100% done_well', NULL, NULL, 100.00, 50, '2021-07-02', NULL, '{old,new}', '{3,1}', '{"lang": null}', 'null'),
  (6, 'Éclair', 4, 4, 0.01, 900, '2022-12-31', 'fiction', '{"a,b",NULL}', '{7}', '[]', '{}');

CREATE TABLE shops (
  id integer PRIMARY KEY,
  city text
);
INSERT INTO shops VALUES (1, 'Berlin'), (2, 'Paris'), (3, NULL);

CREATE TABLE stock (
  book_id bigint REFERENCES books (id),
  shop_id integer REFERENCES shops (id),
  copies integer NOT NULL,
  PRIMARY KEY (book_id, shop_id)
);
INSERT INTO stock VALUES (1, 1, 3), (1, 2, 1), (2, 1, 5), (3, 3, 2), (4, 2, 7), (6, 1, 1), (6, 2, 2);

CREATE TABLE counts (
  book_id bigint NOT NULL,
  shop_id integer NOT NULL,
  counted_on date NOT NULL,
  found integer,
  PRIMARY KEY (book_id, shop_id, counted_on),
  FOREIGN KEY (book_id, shop_id) REFERENCES stock (book_id, shop_id)
);
INSERT INTO counts VALUES (1, 1, '2024-01-01', 3), (1, 1, '2024-02-01', 2), (2, 1, '2024-01-01', 5), (6, 2, '2024-03-01', NULL);

CREATE TABLE kinds (
  id integer PRIMARY KEY,
  flag boolean,
  small smallint,
  big bigint,
  ratio real,
  weight double precision,
  amount numeric(20, 4),
  cash money,
  code char(5),
  label varchar(10),
  key uuid,
  bytes bytea,
  day date,
  moment timestamp,
  instant timestamptz,
  clock time,
  span interval,
  address inet,
  numbers int4range
);
INSERT INTO kinds VALUES
  (1, true, -1, 9007199254740993, 1.5, 'NaN', 1.5000, '1234.5', 'ab', 'x', 'a02fb934-3a4d-469b-a6b6-4fcd88b973cf', '\x00ff', '2024-02-29', '2024-02-29 10:11:12.5', '2024-02-29 10:11:12+00', '10:11:12', '1 day', '10.0.0.1', '[1,5)'),
  (2, false, 7, -5, -0.25, 'Infinity', -12.3456, '-0.5', 'abcde', '', 'b02fb934-3a4d-469b-a6b6-4fcd88b973cf', '', '1999-12-31', '1999-12-31 23:59:59.999999', '1999-12-31 23:59:59.123456+00', '00:00:00', '2 hours', '::1', '[5,9)'),
  (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
