-- Investor correlation over all time: the tickers that both funds ever held, whenever.
SELECT a.ticker, a.quarters AS quarters_a, b.quarters AS quarters_b,
       a.value AS value_a, b.value AS value_b
  FROM (SELECT ticker, count(DISTINCT period_end) AS quarters,
               sum(market_value) AS value
          FROM fund_holdings
         WHERE fund_name = 'Scion Asset Management'
         GROUP BY ticker) a
  JOIN (SELECT ticker, count(DISTINCT period_end) AS quarters,
               sum(market_value) AS value
          FROM fund_holdings
         WHERE fund_name = 'ARK Investment Management'
         GROUP BY ticker) b ON a.ticker = b.ticker
 ORDER BY b.value DESC, a.ticker;
