-- A fund's quarters within some partitions.
SELECT year, month, count(*) AS positions, sum(market_value) AS value
  FROM fund_holdings
 WHERE fund_name = 'ARK Investment Management' AND year = 2024
 GROUP BY year, month
 ORDER BY year, month;
