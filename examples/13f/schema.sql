-- The 13F example: companies, their filings, what investment funds hold, and how
-- holdings changed from quarter to quarter.

CREATE TYPE change_type AS ENUM ('new', 'increased', 'decreased', 'sold');

CREATE TABLE companies (
    id         bigint PRIMARY KEY,
    cik        text,
    name       text,
    ticker     text,
    exchange   text,
    sic        text,
    sector     text,
    state      text,
    created_at timestamptz
);

CREATE TABLE company_filings (
    id               bigint PRIMARY KEY,
    company_id       bigint REFERENCES companies (id),
    accession_number text UNIQUE,
    form             text,
    filing_date      date NOT NULL,
    period_end       date,
    size_bytes       bigint,
    accepted_at      timestamptz
);

CREATE TABLE fund_holdings (
    id           bigint PRIMARY KEY,
    fund_id      int,
    fund_name    text,
    filing_id    bigint,
    company_id   bigint REFERENCES companies (id),
    ticker       text,
    cusip        text,
    company_name text,
    put_call     text,
    shares       numeric(20, 4),
    market_value numeric(18, 2),
    weight       double precision,
    filing_date  date NOT NULL,
    period_end   date,
    created_at   timestamptz
);

CREATE TABLE fund_holdings_diff (
    id                  bigint PRIMARY KEY,
    fund_id             int,
    fund_name           text,
    cusip               text,
    ticker              text,
    period_end          date NOT NULL,
    previous_period_end date,
    change              change_type,
    shares_before       numeric(20, 4),
    shares_after        numeric(20, 4),
    value_before        numeric(18, 2),
    value_after         numeric(18, 2)
);

COMMENT ON COLUMN fund_holdings.filing_id IS 'company_filings.id of the 13F filing';
COMMENT ON COLUMN fund_holdings.market_value IS 'US dollars';
COMMENT ON COLUMN fund_holdings.weight IS 'share of the filing''s whole value, 0 to 1';
COMMENT ON COLUMN fund_holdings.put_call IS 'Put or Call; null for the security itself';
COMMENT ON COLUMN fund_holdings_diff.previous_period_end IS
    'the quarter this fund filed before; null for its first one';

-- What the application on top of these tables asks by.

CREATE UNIQUE INDEX companies_cik ON companies (cik);
CREATE INDEX companies_ticker ON companies (ticker);

CREATE INDEX company_filings_company ON company_filings (company_id, filing_date);
CREATE INDEX company_filings_form ON company_filings (form, filing_date);
CREATE INDEX company_filings_date ON company_filings (filing_date);

CREATE INDEX fund_holdings_fund ON fund_holdings (fund_id, filing_date);
CREATE INDEX fund_holdings_ticker ON fund_holdings (ticker, filing_date);
CREATE INDEX fund_holdings_company ON fund_holdings (company_id);
CREATE INDEX fund_holdings_period ON fund_holdings (period_end);

CREATE INDEX fund_holdings_diff_fund ON fund_holdings_diff (fund_id, period_end);
CREATE INDEX fund_holdings_diff_ticker ON fund_holdings_diff (ticker, period_end);
