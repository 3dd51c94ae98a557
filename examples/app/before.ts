// The application on Supabase: it compares two investors by itself, over all their rows.
import { getFilings, getHoldings, type Holding } from "./holdings.ts";

declare const process: { argv: string[] };

interface Position {
  ticker: string;
  value: number;
}

/** The lines of one security added up, by CUSIP. */
function positions(holdings: Holding[]): Map<string, Position> {
  const all = new Map<string, Position>();
  for (const { cusip, ticker, market_value } of holdings) {
    const value = (all.get(cusip)?.value ?? 0) + market_value;
    all.set(cusip, { ticker: ticker ?? cusip, value });
  }
  return all;
}

/** What both hold: how many tickers, and the sum of the smaller value. */
function overlap(ours: Holding[], theirs: Holding[]) {
  const others = positions(theirs);
  const tickers = new Set<string>();
  let value = 0;
  for (const [cusip, own] of positions(ours)) {
    const other = others.get(cusip);
    if (!other) continue;
    tickers.add(own.ticker);
    value += Math.min(own.value, other.value);
  }
  return { total_overlap_tickers: tickers.size, total_overlap_value: value };
}

const [fundA = "", fundB = "", quarter = ""] = process.argv.slice(2);
const [ours, theirs] = await Promise.all([getHoldings(fundA, quarter), getHoldings(fundB, quarter)]);
console.log(JSON.stringify({
  holdings: ours.slice(0, 3),
  filings: await getFilings("AAPL"),
  overlap: overlap(ours, theirs),
}));
