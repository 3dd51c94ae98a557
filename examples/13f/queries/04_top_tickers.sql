-- The tickers with the largest value in all funds at the end of 2024.
SELECT ticker, count(DISTINCT fund_id) AS funds, sum(shares) AS shares,
       sum(market_value) AS value
  FROM fund_holdings
 WHERE period_end = DATE '2024-12-31' AND ticker IS NOT NULL AND put_call IS NULL
 GROUP BY ticker
 ORDER BY value DESC, ticker
 LIMIT 20;
