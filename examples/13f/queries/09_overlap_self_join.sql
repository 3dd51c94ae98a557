-- Investor correlation as the plain self-join: every pair of lines with one ticker in
-- one quarter.
SELECT a.period_end, a.ticker, a.put_call AS put_call_a, b.put_call AS put_call_b,
       a.shares AS shares_a, b.shares AS shares_b,
       a.market_value AS value_a, b.market_value AS value_b
  FROM fund_holdings a
  JOIN fund_holdings b ON a.ticker = b.ticker AND a.period_end = b.period_end
 WHERE a.fund_name = 'Scion Asset Management'
   AND b.fund_name = 'ARK Investment Management'
 ORDER BY a.period_end, a.ticker, a.id, b.id;
