-- The most bought and sold tickers of a quarter.
SELECT ticker, CAST(change AS varchar) AS change, count(*) AS funds,
       sum(coalesce(value_after, 0) - coalesce(value_before, 0)) AS value_change
  FROM fund_holdings_diff
 WHERE period_end = DATE '2024-12-31' AND previous_period_end = DATE '2024-09-30'
   AND ticker IS NOT NULL
 GROUP BY 1, 2
 ORDER BY funds DESC, value_change DESC, 1, 2
 LIMIT 20;
