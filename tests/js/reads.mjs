// Every read method of supabase-js' documented API, unmodified, against a running server.
// Prints one JSON object: by the name of a case, what the client made of the answer.
import { createClient } from "@supabase/supabase-js";

const { URL: url, KEY: key } = process.env;
const client = createClient(url, key);
const holdings = () => client.from("fund_holdings");
const companies = (columns = "id", options) => client.from("companies").select(columns, options);
const things = (columns = "id") => client.from("things").select(columns).order("id");

const cases = {
  select_all: () => companies("*").order("id").limit(3),
  select_columns: () => companies("id, name").order("id").limit(3),
  select_renamed: () => companies("number:id, called:name").order("id").limit(2),
  select_json: () => things("id, color:doc->>color, size:doc->size->w"),
  embed_one: () =>
    client.from("company_filings").select("id, form, companies(id, name)").order("id").limit(3),
  embed_many: () =>
    companies("id, company_filings(id, form)").order("id").limit(2)
      .order("id", { referencedTable: "company_filings" })
      .limit(2, { referencedTable: "company_filings" }),
  embed_renamed: () =>
    client.from("company_filings").select("id, issuer:companies(name)").order("id").limit(2),
  embed_inner: () =>
    client.from("company_filings").select("id, companies!inner(state)")
      .eq("companies.state", "NY").order("id").limit(3),
  embed_spread: () =>
    client.from("company_filings").select("id, ...companies(name)").order("id").limit(2),
  order_by_parent: () =>
    client.from("company_filings").select("id, companies(name)")
      .order("companies(name)").order("id").limit(3),
  count_exact: () => companies("id", { count: "exact" }).order("id").limit(1),
  count_planned: () => companies("id", { count: "planned" }).order("id").limit(1),
  count_estimated: () => companies("id", { count: "estimated" }).order("id").limit(1),
  count_head: () => companies("*", { count: "exact", head: true }).eq("state", "NY"),
  eq: () => companies().eq("id", 5),
  neq: () => companies().neq("state", "NY").order("id").limit(3),
  gt: () => companies().gt("id", 10).order("id").limit(2),
  gte: () => companies().gte("id", 10).order("id").limit(2),
  lt: () => companies().lt("id", 3).order("id"),
  lte: () => companies().lte("id", 3).order("id"),
  like: () => companies("name").like("name", "A%").order("id").limit(3),
  ilike: () => companies("name").ilike("name", "%inc%").order("id").limit(3),
  likeAllOf: () => companies("name").likeAllOf("name", ["A%", "%C%"]).order("id").limit(3),
  likeAnyOf: () => companies("name").likeAnyOf("name", ["A%", "B%"]).order("id").limit(3),
  ilikeAllOf: () => companies("name").ilikeAllOf("name", ["a%", "%c%"]).order("id").limit(3),
  ilikeAnyOf: () => companies("name").ilikeAnyOf("name", ["a%", "b%"]).order("id").limit(3),
  is: () => companies("id").is("state", null).order("id").limit(3),
  is_boolean: () => things().is("flag", true),
  in: () => companies().in("id", [1, 3, 5]).order("id"),
  in_quoted: () => things().in("word", ['with (more), and a comma', "plain"]),
  contains_array: () => things().contains("tags", ["a"]),
  contained_by: () => things().containedBy("tags", ["a", "b", "c"]),
  overlaps: () => things().overlaps("tags", ["b", "z"]),
  contains_json: () => things().contains("doc", { color: "red" }),
  text_search: () => things().textSearch("word", "plain", { config: "simple" }),
  match: () => companies().match({ id: 7, exchange: "NYSE" }),
  not: () => companies().not("state", "is", null).order("id").limit(3),
  not_in: () => companies().not("id", "in", "(1,2,3)").order("id").limit(2),
  or: () => companies().or("id.eq.2,and(id.gt.5,id.lt.8)").order("id"),
  or_embedded: () =>
    companies("id, company_filings(form)").eq("id", 1)
      .or("form.eq.10-K,form.eq.10-Q", { referencedTable: "company_filings" }),
  filter: () => companies().filter("id", "in", "(4,6)").order("id"),
  filter_json: () => things().eq("doc->>color", "red"),
  order_nulls: () =>
    companies("id, state").order("state", { ascending: false, nullsFirst: true })
      .order("id").limit(3),
  range: () => companies().order("id").range(5, 7),
  single: () => companies("id, name").eq("id", 2).single(),
  single_of_many: () => companies().limit(2).single(),
  single_of_none: () => companies().eq("id", -1).single(),
  maybe_single: () => companies().eq("id", 2).maybeSingle(),
  maybe_single_of_none: () => companies().eq("id", -1).maybeSingle(),
  csv: () => companies("id, ticker").order("id").limit(2).csv(),
  abort_signal: () => companies().eq("id", 1).abortSignal(new AbortController().signal),
  numbers: () => holdings().select("id, shares, market_value, filing_date").order("id").limit(3),
  aggregate: () => holdings().select("fund_id, market_value.sum(), id.count()")
    .order("fund_id").limit(3),
  schema: () => client.schema("public").from("companies").select("id").eq("id", 1),
  types: () => client.from("things").select("*").order("id"),
  returns: () => companies().eq("id", 1).returns(),
  no_table: () => client.from("no_such_table").select("*"),
  no_column: () => companies("no_such_column"),
  no_number: () => companies().eq("id", "abc"),
  throws: () => companies("no_such_column").throwOnError().then(
    () => ({}), (error) => ({ error: { code: error.code } })),
};

const seen = {};
for (const [name, run] of Object.entries(cases)) {
  const { data = null, error = null, count = null, status = null } = await run();
  seen[name] = { data, error, count, status };
}
console.log(JSON.stringify(seen));
