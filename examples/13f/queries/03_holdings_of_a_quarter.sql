-- The positions of one fund in one quarter, largest first.
SELECT ticker, cusip, company_name, put_call, shares, market_value
  FROM fund_holdings
 WHERE fund_name = 'Scion Asset Management'
   AND filing_date >= DATE '2024-05-01' AND filing_date < DATE '2024-06-01'
 ORDER BY market_value DESC, cusip, id;
