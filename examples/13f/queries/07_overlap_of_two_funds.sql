-- Investor correlation: what two funds held at the end of the same quarters.
SELECT count(*) AS common_positions, count(DISTINCT a.ticker) AS common_tickers,
       sum(a.value) AS value_a, sum(b.value) AS value_b
  FROM (SELECT period_end, ticker, sum(market_value) AS value
          FROM fund_holdings
         WHERE fund_name = 'Scion Asset Management' AND ticker IS NOT NULL
         GROUP BY period_end, ticker) a
  JOIN (SELECT period_end, ticker, sum(market_value) AS value
          FROM fund_holdings
         WHERE fund_name = 'ARK Investment Management' AND ticker IS NOT NULL
         GROUP BY period_end, ticker) b
    ON a.period_end = b.period_end AND a.ticker = b.ticker
 ORDER BY common_positions;
