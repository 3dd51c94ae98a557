-- Investor correlation: the common tickers, with the quarters and values of both.
SELECT a.ticker, count(*) AS quarters, min(a.period_end) AS first_quarter,
       max(a.period_end) AS last_quarter, sum(a.value) AS value_a, sum(b.value) AS value_b
  FROM (SELECT period_end, ticker, sum(market_value) AS value
          FROM fund_holdings
         WHERE fund_name = 'Scion Asset Management' AND ticker IS NOT NULL
         GROUP BY period_end, ticker) a
  JOIN (SELECT period_end, ticker, sum(market_value) AS value
          FROM fund_holdings
         WHERE fund_name = 'ARK Investment Management' AND ticker IS NOT NULL
         GROUP BY period_end, ticker) b
    ON a.period_end = b.period_end AND a.ticker = b.ticker
 GROUP BY a.ticker
 ORDER BY quarters DESC, a.ticker;
