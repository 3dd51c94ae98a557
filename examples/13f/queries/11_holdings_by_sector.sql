-- A join of three tables: value by sector, of filings accepted in November 2025.
SELECT c.sector, count(*) AS positions, sum(h.market_value) AS value
  FROM fund_holdings h
  JOIN companies c ON c.id = h.company_id
  JOIN company_filings f ON f.id = h.filing_id
 WHERE f.accepted_at >= CAST('2025-11-01 00:00:00+00:00' AS timestamp with time zone)
   AND f.accepted_at < CAST('2025-12-01 00:00:00+00:00' AS timestamp with time zone)
 GROUP BY c.sector
 ORDER BY value DESC, positions DESC;
