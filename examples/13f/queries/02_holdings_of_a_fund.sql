-- What one fund held, quarter by quarter.
SELECT period_end, count(*) AS positions, sum(market_value) AS value
  FROM fund_holdings
 WHERE fund_name = 'Scion Asset Management'
 GROUP BY period_end
 ORDER BY period_end;
