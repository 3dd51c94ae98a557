// The application on the lake: tables by supabase-js as before, the comparison by the
// server, and a report that no REST API has, in SQL with bound parameters.
import { executeAthenaQuery, getInvestorCorrelation } from "../../clients/typescript/shoestring.ts";
import { getFilings, getHoldings } from "./holdings.ts";

declare const process: { argv: string[] };

interface Quarter {
  period_end: string;
  positions: number;
}

function getQuarters(fundName: string): Promise<Quarter[]> {
  return executeAthenaQuery<Quarter>(
    `SELECT period_end, count(DISTINCT cusip) AS positions FROM fund_holdings
     WHERE fund_name = ? GROUP BY period_end ORDER BY period_end`,
    [fundName],
  );
}

const [fundA = "", fundB = "", quarter = ""] = process.argv.slice(2);
console.log(JSON.stringify({
  holdings: (await getHoldings(fundA, quarter)).slice(0, 3),
  filings: await getFilings("AAPL"),
  correlation: await getInvestorCorrelation(fundA, fundB, { quarter }),
  quarters: await getQuarters(fundA),
}));
