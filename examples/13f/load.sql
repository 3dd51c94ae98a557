-- Fills the tables of schema.sql from data/. Run by load.sh, in this folder, in one
-- transaction.

CREATE TEMPORARY TABLE filing_lines (
    line             bigint GENERATED ALWAYS AS IDENTITY,
    accession_number text,
    form             text,
    filing_date      date,
    period_end       date,
    size_bytes       bigint,
    accepted_at      timestamptz
) ON COMMIT DROP;
CREATE TEMPORARY TABLE funds (fund_id int, fund_name text) ON COMMIT DROP;
CREATE TEMPORARY TABLE fund_filings (number int, fund_id int, accession_number text)
    ON COMMIT DROP;
CREATE TEMPORARY TABLE securities (cusip text, ticker text, cik text) ON COMMIT DROP;
CREATE TEMPORARY TABLE holding_lines (
    line         bigint GENERATED ALWAYS AS IDENTITY,
    fund_filing  int,
    cusip        text,
    company_name text,
    put_call     text,
    shares       numeric,
    market_value numeric
) ON COMMIT DROP;

\copy companies FROM PROGRAM 'gzip -dc data/companies.csv.gz' (FORMAT csv, HEADER)
\copy filing_lines (accession_number, form, filing_date, period_end, size_bytes, accepted_at) FROM PROGRAM 'gzip -dc data/company_filings.csv.gz' (FORMAT csv, HEADER)
\copy funds FROM PROGRAM 'gzip -dc data/funds.csv.gz' (FORMAT csv, HEADER)
\copy fund_filings FROM PROGRAM 'gzip -dc data/fund_filings.csv.gz' (FORMAT csv, HEADER)
\copy securities FROM PROGRAM 'gzip -dc data/securities.csv.gz' (FORMAT csv, HEADER)
\copy holding_lines (fund_filing, cusip, company_name, put_call, shares, market_value) FROM PROGRAM 'gzip -dc data/fund_holdings.csv.gz' (FORMAT csv, HEADER)

ANALYZE filing_lines, fund_filings, securities, holding_lines, companies;

-- The first ten digits of an accession number are the filer's id: the company's own, or
-- that of an agent who files for others and then says nothing about the company.
INSERT INTO company_filings
SELECT f.line, c.id, f.accession_number, f.form, f.filing_date, f.period_end,
       f.size_bytes, f.accepted_at
  FROM filing_lines f
  LEFT JOIN companies c ON c.cik = left(f.accession_number, 10)
 ORDER BY f.line;

ANALYZE company_filings;

-- created_at: when a nightly import would have written the filing's rows.
INSERT INTO fund_holdings
SELECT h.line, n.fund_id, n.fund_name, f.id, c.id, s.ticker, h.cusip, h.company_name,
       h.put_call, h.shares, h.market_value,
       h.market_value / sum(h.market_value) OVER (PARTITION BY f.id),
       f.filing_date, f.period_end,
       (f.filing_date + interval '1 day 6 hours') AT TIME ZONE 'UTC'
           + f.id * interval '137 microseconds'
  FROM holding_lines h
  JOIN fund_filings ff ON ff.number = h.fund_filing
  JOIN funds n USING (fund_id)
  JOIN company_filings f USING (accession_number)
  LEFT JOIN securities s USING (cusip)
  LEFT JOIN companies c USING (cik)
 ORDER BY h.line;

ANALYZE fund_holdings;
