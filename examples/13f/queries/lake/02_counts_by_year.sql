-- Rows by partition column.
SELECT year, count(*) AS row_count, sum(market_value) AS value
  FROM fund_holdings
 GROUP BY year
 ORDER BY year;
