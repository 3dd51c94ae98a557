-- Fills a table like fund_holdings with :rows rows that have the data's own skew. Run by
-- generate.sh, which sets the variables table, rows and seed.
--
-- Every row starts from a real row drawn at random, which says which fund and quarter,
-- so that large funds and later years have more rows, as in the data. The 98 real funds
-- become 500: the real one and four or five copies named II to VI. Filing dates are
-- spread over the three months of their quarter: 156 months. One row in five of a real
-- fund holds the real row's security; all other rows hold another one, drawn by its
-- popularity and the same in every quarter, so that positions last as they do in life.
-- Shares and value are that position's, times 0.5 to 1.5.
--
-- Rows are drawn by a hash of their id: the heap is in random date order, and the same
-- rows and seed give the same table.

SET synchronous_commit = off;
SET work_mem = '256MB';
SET maintenance_work_mem = '512MB';
SET jit = off;

BEGIN;
CREATE TABLE :"table" (LIKE fund_holdings INCLUDING COMMENTS);

CREATE TEMPORARY TABLE pool AS
SELECT row_number() OVER (ORDER BY id) - 1 AS draw,
       dense_rank() OVER (ORDER BY cusip COLLATE "C") AS security,
       date_trunc('quarter', filing_date)::date AS quarter,
       least(extract(day FROM filing_date)::int, 28) - 1 AS day, h.*
  FROM fund_holdings h
 WHERE filing_date >= DATE '2013-07-01' AND filing_date < DATE '2026-07-01';
CREATE TEMPORARY TABLE months AS
SELECT m AS quarter, s AS shift, (m + s * interval '1 month')::date AS first_day
  FROM (SELECT DISTINCT quarter AS m FROM pool) q CROSS JOIN generate_series(0, 2) s;
ANALYZE pool, months;
SELECT count(*) AS pool_size FROM pool \gset

INSERT INTO :"table"
SELECT g.id, w.fund_id + 98 * c.copy,
       w.fund_name || (ARRAY['', ' II', ' III', ' IV', ' V', ' VI'])[c.copy + 1],
       w.filing_id + (c.copy * 3 + g.shift) * 1000000,
       p.company_id, p.ticker, p.cusip, p.company_name, p.put_call,
       greatest(1, round(p.shares * g.factor)),
       greatest(1, round(p.market_value * g.factor)),
       least(1, p.weight * g.factor),
       m.first_day + w.day, w.period_end,
       (m.first_day + w.day + interval '1 day 6 hours') AT TIME ZONE 'UTC'
           + (w.filing_id + c.copy * 3 + g.shift) * interval '137 microseconds'
  FROM (SELECT id, hash % :pool_size AS draw, hash / :pool_size % 30 AS copy,
               hash / (:pool_size * 30) % 5 AS variant,
               (hash / (:pool_size * 150) % 3)::int AS shift,
               0.5 + hash / (:pool_size * 450) % 10000 / 10000.0 AS factor
          FROM (SELECT id, hashint8extended(id, :seed) & 9223372036854775807 AS hash
                  FROM generate_series(1, :rows::bigint) id) hashed) g
  JOIN pool w ON w.draw = g.draw
 CROSS JOIN LATERAL (
       SELECT (g.copy % CASE WHEN w.fund_id <= 10 THEN 6 ELSE 5 END)::int AS copy) c
  JOIN months m ON m.quarter = w.quarter AND m.shift = g.shift
  JOIN pool p ON p.draw = CASE
           WHEN c.copy = 0 AND g.variant = 0 THEN w.draw
           ELSE (hashint8extended(w.security * 64 + c.copy * 8 + g.variant, :seed)
                 & 9223372036854775807) % :pool_size END;

ALTER TABLE :"table" ADD PRIMARY KEY (id);
CREATE INDEX ON :"table" (fund_id, filing_date);
COMMIT;
VACUUM (ANALYZE) :"table";
