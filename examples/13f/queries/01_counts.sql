-- Rows in each table.
SELECT 'companies' AS table_name, count(*) AS row_count FROM companies
UNION ALL SELECT 'company_filings', count(*) FROM company_filings
UNION ALL SELECT 'fund_holdings', count(*) FROM fund_holdings
UNION ALL SELECT 'fund_holdings_diff', count(*) FROM fund_holdings_diff
 ORDER BY table_name;
