// What the application reads from tables. It is the same before and after: only
// SUPABASE_URL and the key change.
import { createClient } from "@supabase/supabase-js";

declare const process: { env: Record<string, string | undefined> };

const supabase = createClient(process.env.SUPABASE_URL!, process.env.SUPABASE_ANON_KEY!);

export interface Holding {
  ticker: string | null;
  cusip: string;
  market_value: number;
}

/** What a fund held at the end of a quarter, shares alone, the largest first. */
export async function getHoldings(fundName: string, periodEnd: string): Promise<Holding[]> {
  const { data, error } = await supabase
    .from("fund_holdings")
    .select("ticker, cusip, market_value")
    .eq("fund_name", fundName)
    .eq("period_end", periodEnd)
    .is("put_call", null)
    .order("market_value", { ascending: false })
    .order("id")
    .limit(1000);
  if (error) throw error;
  return data;
}

/** The filings of a company, newest first. */
export async function getFilings(ticker: string) {
  const { data, error } = await supabase
    .from("company_filings")
    .select("form, filing_date, companies!inner(name)")
    .eq("companies.ticker", ticker)
    .order("filing_date", { ascending: false })
    .order("id")
    .limit(5);
  if (error) throw error;
  return data;
}
