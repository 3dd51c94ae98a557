-- Investor correlation within one partition.
SELECT a.ticker, sum(a.market_value) AS value_a, sum(b.market_value) AS value_b
  FROM fund_holdings a
  JOIN fund_holdings b ON a.ticker = b.ticker AND a.period_end = b.period_end
 WHERE a.fund_name = 'Scion Asset Management'
   AND b.fund_name = 'ARK Investment Management'
   AND a.year = 2025 AND a.month = 11
   AND b.year = 2025 AND b.month = 11
 GROUP BY a.ticker
 ORDER BY a.ticker;
