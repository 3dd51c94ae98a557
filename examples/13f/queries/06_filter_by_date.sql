-- A range of the date that the lake is partitioned by.
SELECT filing_date, count(*) AS positions, count(DISTINCT fund_id) AS funds,
       sum(market_value) AS value
  FROM fund_holdings
 WHERE filing_date BETWEEN DATE '2024-02-01' AND DATE '2024-02-29'
 GROUP BY filing_date
 ORDER BY filing_date;
