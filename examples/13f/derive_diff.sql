-- Fills fund_holdings_diff from fund_holdings: what each fund bought and sold between a
-- quarter it filed for and the one it filed for before.
--
-- Several lines of one security in one filing are one position. Puts and calls are left
-- out. Positions with as many shares as before give no row. The first quarter of a fund
-- has nothing before it: all its positions are new, previous_period_end is null. Shares
-- are as filed, so a split shows as an increase.

INSERT INTO fund_holdings_diff
WITH positions AS (
    SELECT fund_id, period_end, cusip, max(fund_name) AS fund_name,
           max(ticker) AS ticker, sum(shares) AS shares, sum(market_value) AS value
      FROM fund_holdings
     WHERE put_call IS NULL
     GROUP BY fund_id, period_end, cusip
), quarters AS (
    SELECT fund_id, period_end,
           lag(period_end) OVER fund AS previous_period_end,
           lead(period_end) OVER fund AS next_period_end
      FROM (SELECT DISTINCT fund_id, period_end FROM fund_holdings) filed
    WINDOW fund AS (PARTITION BY fund_id ORDER BY period_end)
), before AS (
    SELECT p.fund_id, q.next_period_end AS period_end, p.cusip, p.fund_name, p.ticker,
           p.shares, p.value
      FROM positions p
      JOIN quarters q USING (fund_id, period_end)
     WHERE q.next_period_end IS NOT NULL
), changes AS (
    SELECT fund_id, period_end, cusip,
           coalesce(a.fund_name, b.fund_name) AS fund_name,
           coalesce(a.ticker, b.ticker) AS ticker,
           b.shares AS shares_before, a.shares AS shares_after,
           b.value AS value_before, a.value AS value_after
      FROM before b
      FULL JOIN positions a USING (fund_id, period_end, cusip)
     WHERE a.shares IS DISTINCT FROM b.shares
)
SELECT row_number() OVER (ORDER BY fund_id, period_end, cusip COLLATE "C"),
       fund_id, c.fund_name, c.cusip, c.ticker, period_end, q.previous_period_end,
       (CASE WHEN c.shares_before IS NULL THEN 'new'
             WHEN c.shares_after IS NULL THEN 'sold'
             WHEN c.shares_after > c.shares_before THEN 'increased'
             ELSE 'decreased' END)::change_type,
       c.shares_before, c.shares_after, c.value_before, c.value_after
  FROM changes c
  JOIN quarters q USING (fund_id, period_end)
 ORDER BY 1;

ANALYZE fund_holdings_diff;
