"""The read API's core: what PostgREST would answer over the same tables, the same from each
engine, and nothing that a role may not see. tests/rest_tables.sql is the library."""

import json
import pathlib

import pytest

from lakes import FolderLake
from rest_client import RestClient
from rest_generator import Generator

TABLES = pathlib.Path(__file__).with_name("rest_tables.sql")
QUERIES = {
    "cheap.sql": "-- Books under a price.\n-- :most numeric\n-- :kinds text[] = {science,fiction}\n"
                 "SELECT id, title, price FROM books WHERE price < :most  -- :not_one\n"
                 "  AND list_contains(:kinds, kind) AND title <> ':nor_this'::text ORDER BY id;\n",
    "mine.sql": "-- :owner integer = {app.author}\n-- roles: reader\n"
                "SELECT title FROM books WHERE author_id = :owner\n",
}
REQUESTS = 500


@pytest.fixture(scope="session")
def library_db(pg17):
    database = pg17.create_database("library")
    database.psql(TABLES.read_text())
    yield database
    pg17.drop_database("library")


@pytest.fixture(scope="session")
def library_lake(library_db, shoestring, tmp_path_factory):
    lake = tmp_path_factory.mktemp("library")
    shoestring("migrate", "--source", library_db.url, "--lake", lake,
               "--partition-by", "published:year", "--table", "books")
    others = [flag for table in ("authors", "portraits", "shops", "stock", "counts", "kinds")
              for flag in ("--table", table)]
    shoestring("migrate", "--source", library_db.url, "--lake", lake, *others)
    return lake


@pytest.fixture(scope="session")
def queries(tmp_path_factory):
    folder = tmp_path_factory.mktemp("queries")
    for name, text in QUERIES.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="session")
def program(binary):
    return pathlib.Path(binary).with_name("rest_requests")


@pytest.fixture(scope="session")
def rest(program, library_lake, queries):
    with RestClient(program, "duckdb", library_lake, queries) as client:
        yield client


def ids(*numbers):
    return [{"id": number} for number in numbers]


# ---- reading ----

ROWS = [
    # select
    ("/shops?order=id", [{"id": 1, "city": "Berlin"}, {"id": 2, "city": "Paris"},
                         {"id": 3, "city": None}]),
    ("/books?id=eq.1&select=n:title,price,price::text,cents:price::int",
     [{"n": "Notes, annotated", "price": 10.50, "cents": 11}]),
    ("/books?select=id,size:facts->size->h,lang:facts->>lang,n:facts->n->-1&id=in.(1,5)&order=id",
     [{"id": 1, "size": 2, "lang": "en", "n": 3},
      {"id": 5, "size": None, "lang": None, "n": None}]),
    ("/books?select=s:scores->0,t:tags->>1&id=eq.1", [{"s": 1, "t": "two words"}]),
    ("/books?select=&id=eq.99", []),
    ("/books?select=count()", [{"count": 6}]),
    ("/books?select=kind,n:count(),total:price.sum(),mean:pages.avg()&order=kind",
     [{"kind": "fiction", "n": 2, "total": 7.26, "mean": 900.0},
      {"kind": "history", "n": 1, "total": None, "mean": 77.0},
      {"kind": "science", "n": 2, "total": 35.5, "mean": 210.0},
      {"kind": None, "n": 1, "total": 100.0, "mean": 50.0}]),
    # filters
    ("/books?select=id&price=gte.10.5&price=lt.100&order=id", ids(1, 2)),
    ("/books?select=id&title=like.*d*&order=id", ids(1, 4, 5)),
    ("/books?select=id&title=ilike.a*", ids(4)),
    ("/books?select=id&title=match.^[A-C]&order=id", ids(2, 4)),
    ("/books?select=id&title=eq.100%25 done_well", ids(5)),
    ("/books?select=id&title=like.100\\%25*", ids(5)),
    ("/books?select=id&title=in.(\"Notes, annotated\",\"A \\\"quoted\\\" title\")&order=id", ids(1, 4)),
    ("/books?select=id&tags=cs.{old}&order=id", ids(1, 5)),
    ("/books?select=id&tags=ov.{new,\"a,b\"}&order=id", ids(2, 5, 6)),
    ("/books?select=id&scores=cd.{1,2,3,4}&order=id", ids(1, 2, 3, 5)),
    ("/books?select=id&facts->>lang=eq.en&order=id", ids(1, 4)),
    ("/books?select=id&facts->size->w=gt.9", ids(1)),
    ("/books?select=id&facts=cs.{\"lang\":\"fr\"}", ids(2)),
    ("/books?select=id&price=is.null", ids(3)),
    ("/books?select=id&published=not.is.null&published=lt.2020-02-01", ids(1)),
    ("/books?select=id&year=eq.2021&order=id", ids(4, 5)),
    ("/books?select=id&pages=eq(any).{50,77}&order=id", ids(3, 5)),
    ("/books?select=id&pages=gt(all).{50,77}&order=id", ids(1, 2, 6)),
    ("/books?select=id&or=(id.eq.1,and(price.gt.20,not.or(id.eq.5,title.like.X*)))&order=id",
     ids(1, 2)),
    ("/books?select=id&title=plfts(simple).TITLE quoted", ids(4)),
    ("/books?select=id&title=fts(simple).comp:*|!(notes|machines|éclair|title|done_well)", ids(2)),
    ("/books?select=id&author_id=isdistinct.3&order=id", ids(1, 2, 5, 6)),
    ("/kinds?select=id&flag=is.true", ids(1)),
    ("/kinds?select=id&big=eq.9007199254740993", ids(1)),
    ("/kinds?select=id&weight=eq.NaN", ids(1)),
    ("/kinds?select=id&amount=eq.1.5", ids(1)),
    ("/kinds?select=id&amount=gt.-12.34561&order=id", ids(1, 2)),
    ("/kinds?select=id&cash=lt.$0", ids(2)),
    ("/kinds?select=id&key=eq.A02FB9343A4D469BA6B64FCD88B973CF", ids(1)),
    ("/kinds?select=id&bytes=eq.\\x00FF", ids(1)),
    ("/kinds?select=id&instant=eq.2024-02-29T12:11:12%2B02:00", ids(1)),
    ("/kinds?select=id&clock=eq.10:11:12", ids(1)),
    ("/kinds?select=id&address=eq.10.0.0.1", ids(1)),
    ("/kinds?select=id&numbers=cs.[2,3]", ids(1)),
    ("/kinds?select=id&numbers=adj.(8,12)", ids(2)),
    # embeds
    ("/books?select=id,authors!author_id(name),shops(city)&shops.order=id&id=lte.2&order=id",
     [{"id": 1, "authors": {"name": "Ada"}, "shops": [{"city": "Berlin"}, {"city": "Paris"}]},
      {"id": 2, "authors": {"name": "Grace"}, "shops": [{"city": "Berlin"}]}]),
    ("/authors?select=name,written:books!author_id(title)&written.order=id.desc&written.limit=1"
     "&order=id",
     [{"name": "Ada", "written": [{"title": "Notes, annotated"}]},
      {"name": "Grace", "written": [{"title": "Compilers"}]},
      {"name": "Alan", "written": [{"title": "A \"quoted\" title"}]},
      {"name": "Barbara", "written": [{"title": "Éclair"}]}, {"name": "Nobody", "written": []}]),
    ("/authors?select=name,written:books!author_id(id)&written.offset=1&id=eq.3",
     [{"name": "Alan", "written": [{"id": 4}]}]),
    ("/authors?select=id,mentor(name,mentor(name)),portraits(file)&id=in.(2,4)&order=id",
     [{"id": 2, "mentor": {"name": "Ada", "mentor": None}, "portraits": {"file": "grace.png"}},
      {"id": 4, "mentor": {"name": "Grace", "mentor": {"name": "Ada"}}, "portraits": None}]),
    ("/authors?select=id,pupils:authors!mentor(id)&pupils.order=id&id=eq.1",
     [{"id": 1, "pupils": [{"id": 2}, {"id": 3}]}]),
    ("/stock?select=book_id,counts(found)&counts.order=counted_on&book_id=eq.1&order=shop_id",
     [{"book_id": 1, "counts": [{"found": 3}, {"found": 2}]}, {"book_id": 1, "counts": []}]),
    ("/books?select=id,shops!inner()&shops.city=eq.Paris&order=id", ids(1, 4, 6)),
    ("/books?select=id,editor!inner(name)&editor.name=eq.Ada", [{"id": 3, "editor": {"name": "Ada"}}]),
    ("/books?select=id,editor()&editor=is.null&order=id", ids(2, 5)),
    ("/shops?select=id,books()&or=(books.is.null,city.eq.Paris)&order=id", ids(2)),
    ("/books?select=id,...authors!author_id(name,...mentor(taught_by:name))&id=in.(2,5)&order=id",
     [{"id": 2, "name": "Grace", "taught_by": "Ada"}, {"id": 5, "name": None, "taught_by": None}]),
    ("/shops?select=id,...stock(copies,books(id))&stock.order=book_id&order=id",
     [{"id": 1, "copies": [3, 5, 1], "books": ids(1, 2, 6)},
      {"id": 2, "copies": [1, 7, 2], "books": ids(1, 4, 6)},
      {"id": 3, "copies": [2], "books": ids(3)}]),
    ("/shops?select=city,stock(copies.sum(),n:count())&order=id",
     [{"city": "Berlin", "stock": [{"sum": 9, "n": 3}]},
      {"city": "Paris", "stock": [{"sum": 10, "n": 3}]},
      {"city": None, "stock": [{"sum": 2, "n": 1}]}]),
    ("/stock?select=total:copies.sum(),...shops(city)&order=shops(city).nullsfirst",
     [{"total": 2, "city": None}, {"total": 9, "city": "Berlin"}, {"total": 10, "city": "Paris"}]),
    ("/books?select=id,editor(name)&order=editor(name).desc.nullslast,id&limit=3",
     [{"id": 1, "editor": {"name": "Grace"}}, {"id": 4, "editor": {"name": "Grace"}},
      {"id": 6, "editor": {"name": "Barbara"}}]),
    # order
    ("/books?select=id&order=price.desc&limit=2", ids(3, 5)),
    ("/books?select=id&order=price.asc.nullsfirst&limit=2", ids(3, 6)),
    ("/books?select=id&order=facts->size->w.desc.nullslast&limit=2", ids(1, 4)),
    ("/books?select=id,t:title&order=t.desc&limit=1&id=lt.6", [{"id": 1, "t": "Notes, annotated"}]),
]


@pytest.mark.parametrize("url, rows", ROWS)
def test_rows(rest, url, rows):
    answer = rest(url)
    assert answer.status == 200, answer
    assert answer.json() == (rows if "price::text" not in url else
                             [{**rows[0], "price": "10.50"}])


def test_json_is_written_as_postgres_writes_it(rest, library_db):
    for table in ("kinds", "books", "counts"):
        key = "counted_on,book_id" if table == "counts" else "id"
        rows = rest(f"/{table}?order={key}").json()
        text = library_db.psql("SELECT replace(json_agg(t)::text, chr(10), '') FROM "
                               f"(SELECT * FROM {table} ORDER BY {key}) t")
        assert rows == json.loads(text)


def test_an_average_has_the_digits_of_postgres(rest, library_db):
    body = rest("/books?select=price.avg(),p:pages.avg()").body
    text = library_db.psql("SELECT avg(price) || ' ' || avg(pages) FROM books").split()
    assert body == f'[{{"avg":{text[0]},"p":{text[1]}}}]'


def test_csv_is_what_postgres_prints(rest, library_db):
    body = rest("/kinds?select=id,flag,code,bytes,moment,numbers&order=id",
                headers={"Accept": "text/csv"}).body
    rows = library_db.psql("SELECT t::text FROM (SELECT id, flag, code, bytes, moment, numbers "
                           "FROM kinds ORDER BY id) t").splitlines()
    assert body.splitlines() == ["id,flag,code,bytes,moment,numbers",
                                 *[row.strip()[1:-1] for row in rows]]


# ---- headers ----

@pytest.mark.parametrize("url, headers, status, range_", [
    ("/books", {}, 200, "0-5/*"),
    ("/books?id=eq.0", {}, 200, "*/*"),
    ("/books?limit=2&offset=1", {"Prefer": "count=exact"}, 206, "1-2/6"),
    ("/books?limit=2&price=gt.7&order=id", {"Prefer": "count=planned"}, 206, "0-1/4"),
    ("/books", {"Prefer": "count=estimated"}, 200, "0-5/6"),
    ("/books", {"Range": "4-9"}, 200, "4-5/*"),
    ("/books?limit=3", {"Range": "0-0"}, 200, "0-0/*"),
    ("/books?limit=0", {"Prefer": "count=exact"}, 206, "*/6"),
    ("/books?offset=7", {"Prefer": "count=exact"}, 416, "*/6"),
    ("/books?select=id,shops!inner()", {"Prefer": "count=exact"}, 200, "0-4/5"),
])
def test_ranges(rest, url, headers, status, range_):
    for method in ("GET", *([] if "Range" in headers else ["HEAD"])):
        answer = rest(url, method=method, headers=headers)
        assert (answer.status, answer.headers["content-range"]) == (status, range_)
        assert (method == "HEAD") <= (answer.body == "")


def test_what_is_applied_and_where_it_came_from(rest):
    answer = rest("/rest/v1/books?select=id&id=eq.1&apikey=secret",
                  headers={"Prefer": "count=exact, handling=lenient, what=ever"})
    assert answer.headers["preference-applied"] == "count=exact, handling=lenient"
    assert answer.headers["content-location"] == "/books?id=eq.1&select=id"
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == "*"


def test_one_object(rest):
    accept = {"Accept": "application/vnd.pgrst.object+json"}
    assert rest("/shops?id=eq.3", headers=accept).json() == {"id": 3, "city": None}
    stripped = {"Accept": "application/vnd.pgrst.object+json;nulls=stripped"}
    assert rest("/shops?id=eq.3", headers=stripped).json() == {"id": 3}
    refused = rest("/shops", headers=accept)
    assert (refused.status, refused.json()["details"]) == (406, "The result contains 3 rows")


def test_options_and_preflight(rest):
    assert rest("/books", method="OPTIONS").headers["allow"] == "OPTIONS,GET,HEAD"
    answer = rest("/books", method="OPTIONS", headers={
        "Origin": "http://a.example", "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "apikey,x-client-info"})
    assert answer.headers["access-control-allow-headers"].startswith(
        "Authorization, apikey, x-client-info, ")


# ---- refusals ----

@pytest.mark.parametrize("url, status, code, message", [
    ("/book", 404, "PGRST205", "Could not find the table 'public.book' in the schema cache"),
    ("/a/b", 404, "PGRST125", "Invalid path specified in request URL"),
    ("/books?nope=eq.1", 400, "42703", "column books.nope does not exist"),
    ("/books?select=nope", 400, "42703", "column books.nope does not exist"),
    ("/books?select=shops(nope)", 400, "42703", "column shops_1.nope does not exist"),
    ("/books?id=eq.x", 400, "22P02", "invalid input syntax for type bigint: \"x\""),
    ("/books?pages=eq.99999999999", 400, "22003",
     "value \"99999999999\" is out of range for type integer"),
    ("/books?published=eq.2024-02-30", 400, "22008",
     "date/time field value out of range: \"2024-02-30\""),
    ("/books?published=eq.soon", 400, "22007", "invalid input syntax for type date: \"soon\""),
    ("/books?tags=cs.old", 400, "22P02", "malformed array literal: \"old\""),
    ("/books?id=like.1*", 404, "42883", "operator does not exist: bigint ~~ unknown"),
    ("/books?raw=eq.1", 404, "42883", "operator does not exist: json = unknown"),
    ("/books?pages=is.true", 400, "42804",
     "argument of IS TRUE must be type boolean, not type integer"),
    ("/books?select=id::nope", 400, "42704", "type \"nope\" does not exist"),
    ("/books?select=id::interval", 400, "PGRST127", "Feature not implemented"),
    ("/books?select=title::int&id=eq.1", 400, "22P02",
     "invalid input syntax for type integer: \"Notes, annotated\""),
    ("/books?select=title.sum()", 404, "42883", "function sum(text) does not exist"),
    ("/books?pages=fts.word", 400, "PGRST127", "Feature not implemented"),
    ("/books?select=authors(name)", 300, "PGRST201",
     "Could not embed because more than one relationship was found for 'books' and 'authors'"),
    ("/books?select=kinds(*)", 400, "PGRST200",
     "Could not find a relationship between 'books' and 'kinds' in the schema cache"),
    ("/books?shops.city=eq.x", 400, "PGRST108",
     "'shops' is not an embedded resource in this request"),
    ("/books?select=shops(*)&order=shops(city)", 400, "PGRST118",
     "A related order on 'shops' is not possible"),
    ("/books?limit=-1", 416, "PGRST103", "Requested range not satisfiable"),
    ("/rpc/cheep?most=1", 404, "PGRST202",
     "Could not find the function public.cheep(most) in the schema cache"),
])
def test_refusals(rest, url, status, code, message):
    answer = rest(url)
    error = answer.json()
    assert (answer.status, error["code"], error["message"]) == (status, code, message)
    assert set(error) == {"code", "message", "details", "hint"}


def test_hints(rest):
    assert rest("/bookss").json()["hint"] == "Perhaps you meant the table 'public.books'"
    assert rest("/books?titel=eq.1").json()["hint"] == \
        "Perhaps you meant to reference the column \"books.title\"."
    assert rest("/books?select=shop(*)").json()["hint"] == \
        "Perhaps you meant 'shops' instead of 'shop'."


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_nothing_is_written(rest, method):
    answer = rest("/books?id=eq.1", method=method, body="{}")
    assert (answer.status, answer.json()["code"]) == (405, "25006")


@pytest.mark.parametrize("url", [
    "/books?id=eq.1;DROP TABLE books", "/books?title=eq.' OR '1'='1", "/books?title=eq.\\'",
    "/books?select=id\";--", "/books?\"id\"\" OR 1=1\"=eq.1", "/books?facts->>' OR 1=1 --=eq.x",
    "/books?order=id;SELECT 1", "/books?title=like.*'*", "/books?id=in.(1 OR 1=1)",
    "/books?select=alias\":id", "/rpc/cheap?most=1 OR 1=1", "/books?title=eq.%00",
    "/books?title=eq.%ff", "/books?select=%ff", "/books?" + "and=(" * 200,
    "/books?select=" + "shops(" * 200, "/books?scores=cs.{1,2", "/books?facts=cs.{\"a\":",
])
def test_values_stay_values(rest, url):
    answer = rest(url)
    assert answer.status < 500, answer
    if answer.status == 200:
        assert answer.json() == []


# ---- roles ----

READER = {"role": "reader", "signed_in": True, "claims": '{"sub":"3","app":{"author":2}}'}


def test_a_role_sees_what_it_was_given(rest):
    access = {**READER, "tables": {
        "books": {"rows": "or=(author_id.eq.{sub},author_id.eq.{app.author})",
                  "columns": ["id", "title"]},
        "shops": {"rows": "city=not.is.null"}, "stock": {}}}
    assert rest("/books?order=id", access=access).json() == [
        {"id": 2, "title": "Compilers"}, {"id": 3, "title": "Machines"},
        {"id": 4, "title": "A \"quoted\" title"}]
    counted = rest("/books?limit=1", access=access, headers={"Prefer": "count=exact"})
    assert counted.headers["content-range"] == "0-0/3"
    for hidden in ("select=price", "price=gt.1", "order=price", "select=price.sum()",
                   "or=(price.gt.1,id.eq.1)", "author_id=eq.1"):
        assert rest(f"/books?{hidden}", access=access).json()["code"] == "42703", hidden
    assert rest("/shops?select=id,books(id)&order=id&books.order=id", access=access).json() == [
        {"id": 1, "books": ids(2)}, {"id": 2, "books": ids(4)}]
    assert rest("/books?select=id,shops!inner(id)&order=id", access=access).json() == [
        {"id": 2, "shops": ids(1)}, {"id": 4, "shops": ids(2)}]
    assert rest("/stock?select=copies,...shops(city)&copies=eq.2", access=access).json() == [
        {"copies": 2, "city": None}, {"copies": 2, "city": "Paris"}]
    assert rest("/stock?select=copies.sum(),...shops(city)&order=shops(city)",
                access=access).json() == [{"sum": 9, "city": "Berlin"}, {"sum": 10, "city": "Paris"},
                                          {"sum": 2, "city": None}]


def test_what_a_role_does_not_see_is_denied(rest):
    access = {**READER, "tables": {"books": {}}}
    for url in ("/authors", "/books?select=authors!author_id(name)", "/books?select=shops(id)"):
        answer = rest(url, access=access)
        assert (answer.status, answer.json()["code"]) == (403, "42501"), answer
    anonymous = rest("/authors", access={"role": "anon"})
    assert (anonymous.status, anonymous.headers["www-authenticate"]) == (401, "Bearer")
    described = rest("/", access=access).json()
    assert list(described["definitions"]) == ["books"]


def test_a_claim_that_is_missing_shows_nothing(rest):
    for rows in ("author_id=eq.{nobody}", "author_id=not.eq.{nobody}", "id=in.(1,{nobody})"):
        access = {**READER, "tables": {"books": {"rows": rows}}}
        answer = rest("/books", access=access, headers={"Prefer": "count=exact"})
        assert (answer.body, answer.headers["content-range"]) == ("[]", "*/0")


def test_a_claim_is_never_text(rest):
    access = {"role": "r", "claims": json.dumps({"sub": "1),id.gt.(0"}),
              "tables": {"books": {"rows": "or=(title.eq.{sub})"}}}
    assert rest("/books", access=access).json() == []


# ---- functions and SQL ----


def test_a_function(rest):
    expected = [{"id": 4, "title": "A \"quoted\" title", "price": 7.25}]
    assert rest("/rpc/cheap?most=8&kinds={fiction}&id=lt.6").json() == expected
    assert rest("/rpc/cheap?select=id&order=id.desc&limit=1&most=1e3").json() == ids(6)
    body = {"most": 8, "kinds": ["fiction"]}
    answer = rest("/rpc/cheap?price=gt.1", method="POST", body=json.dumps(body),
                  headers={"Prefer": "count=exact"})
    assert (answer.json(), answer.headers["content-range"]) == (expected, "0-0/1")
    wrong = rest("/rpc/cheap?mots=1")
    assert (wrong.status, wrong.json()["code"], wrong.json()["hint"]) == (
        404, "PGRST202", "Perhaps you meant to call the function public.cheap(kinds, most)")
    assert rest("/rpc/cheap?most=x").json()["code"] == "22P02"


def test_who_may_call_a_function_and_for_whom(rest):
    assert rest("/rpc/mine", access=READER).json() == [{"title": "Compilers"}]
    assert rest("/rpc/mine?owner=3", access=READER).status == 404
    assert rest("/rpc/mine", access={**READER, "role": "other"}).status == 403
    assert rest("/rpc/cheap?most=9", access=READER).status == 403
    assert rest("/rpc/cheap?most=9", access={"role": "anon", "all_tables": True}).status == 200


def test_a_function_that_does_not_run_stops_the_start(program, library_lake, tmp_path):
    (tmp_path / "broken.sql").write_text("SELECT nothing FROM nowhere")
    with RestClient(program, "duckdb", library_lake, tmp_path) as client:
        with pytest.raises(AssertionError, match="broken.sql does not run"):
            client("/shops")


def test_sql_is_for_the_service_alone(rest):
    body = json.dumps({"sql": "SELECT title FROM books WHERE id = ?", "parameters": [2]})
    assert rest("/sql", method="POST", body=body).json() == [{"title": "Compilers"}]
    assert rest("/sql", method="POST", body=body, access=READER).status == 403
    assert rest("/sql", method="POST", body='{"sql":"DROP TABLE books"}').status == 400
    assert rest("/sql", method="POST", body="{").json()["code"] == "PGRST102"


# ---- engines ----


@pytest.fixture(scope="session")
def asked(rest):
    """What the lake answers to the generated requests."""
    generator = Generator(8)
    requests = [(generator.url(), generator.headers()) for _ in range(REQUESTS)]
    return [(url, headers, repr(rest(url, headers=headers))) for url, headers in requests]


def test_generated_requests_are_answered(asked):
    """The comparison is worth something: most have rows, and few are refused."""
    answers = [answer for _, _, answer in asked]
    assert not [answer for answer in answers if answer.startswith("5")]
    refused = [pair for pair in asked if pair[2].startswith("400") or pair[2].startswith("404")]
    assert len(refused) < REQUESTS / 20, refused[:5]
    assert sum(len(answer) > 40 for answer in answers) > REQUESTS / 3


def differences(asked, client):
    """The requests that this engine answers differently, with both answers."""
    return [f"{url} {headers}\n  lake: {answer}\n  here: {other}"
            for url, headers, answer in asked
            if (other := repr(client(url, headers=headers))) != answer]


def test_postgres_gives_the_same_answers(asked, program, library_lake, library_db):
    with RestClient(program, "postgres", library_lake,
                    environment={"DATABASE_URL": library_db.url}) as client:
        different = differences(asked, client)
    assert not different, "\n".join(different[:20])


def test_trino_gives_the_same_answers(asked, program, library_lake, moto, trino):
    moto.declare("library", FolderLake(library_lake))
    with RestClient(program, "trino", library_lake,
                    environment=trino.environment("library")) as client:
        different = differences(asked, client)
    assert not different, "\n".join(different[:20])
