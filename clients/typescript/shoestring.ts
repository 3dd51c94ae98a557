/**
 * What an application asks of `shoestring serve` beyond tables, which supabase-js reads:
 * how alike two investors are, and SQL with bound parameters. Over fetch, without
 * dependencies; runs in Node 18 or later, Deno, Bun, workers and browsers.
 *
 * Where nothing else is given, the server is SUPABASE_URL of the environment, its key
 * SUPABASE_ANON_KEY, and for SQL SUPABASE_SERVICE_ROLE_KEY.
 */

/** Where the server is, and as whom it is asked. */
export interface Connection {
  url?: string;
  key?: string;
  fetch?: typeof fetch;
  signal?: AbortSignal;
}

/** Which quarter, and which score is `correlation_score`. */
export interface CorrelationOptions extends Connection {
  /** "2024-Q3", a date in it, "latest" (that both filed; the default) or "all". */
  quarter?: string;
  method?: "pearson" | "cosine" | "jaccard" | "common_weight";
}

export interface InvestorCorrelation {
  total_overlap_tickers: number;
  /** Over what both hold, the sum of the smaller value, in dollars. */
  total_overlap_value: number;
  /** null where it is not defined: a portfolio with nothing in it. */
  correlation_score: number | null;
  /** Both totals, weights, the common positions, the quarter, the method. */
  [field: string]: unknown;
}

export type SqlValue = string | number | boolean | null;
export type SqlRow = Record<string, unknown>;

/** A refusal or a failure, as PostgREST words it. */
export class ShoestringError extends Error {
  override readonly name = "ShoestringError";
  readonly status: number;
  /** As PostgREST's or Postgres'; "" when something before the server answered. */
  readonly code: string;
  readonly details: unknown;
  readonly hint: string | null;

  constructor(status: number, answer: Partial<ShoestringError>) {
    super(answer.message ?? `The server answered ${status}`);
    this.status = status;
    this.code = answer.code ?? "";
    this.details = answer.details ?? null;
    this.hint = answer.hint ?? null;
  }
}

/** How alike two investors are, who are named as in the table of holdings. */
export function getInvestorCorrelation(
  fundA: string,
  fundB: string,
  options: CorrelationOptions = {},
): Promise<InvestorCorrelation> {
  const { quarter, method, ...connection } = options;
  const given = { fund_a: fundA, fund_b: fundB, quarter, method };
  return post("/rest/v1/rpc/get_investor_correlation", given, connection, "SUPABASE_ANON_KEY");
}

/**
 * The rows of a statement that reads. A `?` stands for each parameter: values are bound
 * and never become SQL, so write no `${…}` into it. For the service role alone: its key
 * must not leave your own servers.
 */
export function executeAthenaQuery<Row = SqlRow>(
  sql: string,
  params: SqlValue[] = [],
  connection: Connection = {},
): Promise<Row[]> {
  return post("/sql", { sql, parameters: params }, connection, "SUPABASE_SERVICE_ROLE_KEY");
}

async function post<Answer>(
  path: string,
  body: object,
  connection: Connection,
  keyName: string,
): Promise<Answer> {
  const key = connection.key ?? fromEnvironment(keyName);
  const response = await (connection.fetch ?? fetch)(serverUrl(connection) + path, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      ...(key ? { apikey: key, Authorization: `Bearer ${key}` } : {}),
    },
    body: JSON.stringify(body),
    signal: connection.signal ?? null,
  });
  const text = await response.text();
  if (!response.ok) throw refusal(response.status, text);
  return JSON.parse(text) as Answer;
}

function serverUrl(connection: Connection): string {
  const url = connection.url ?? fromEnvironment("SUPABASE_URL");
  if (!url) throw new TypeError("Give the url of the server, or set SUPABASE_URL");
  return url.replace(/\/+$/, "");
}

/** What a proxy answers in the server's place may be no JSON. */
function refusal(status: number, text: string): ShoestringError {
  try {
    return new ShoestringError(status, JSON.parse(text));
  } catch {
    return new ShoestringError(status, text ? { message: text } : {});
  }
}

function fromEnvironment(name: string): string | undefined {
  const { process } = globalThis as {
    process?: { env: Record<string, string | undefined> };
  };
  return process?.env[name];
}
