"""Requests to the API over rest_tables.sql, made up by a seeded generator: each has one
answer, whatever the engine, as it orders by a key."""

import random

COLUMNS = {
    "authors": {"id": "int", "name": "text", "born": "date", "mentor_id": "int"},
    "books": {"id": "int", "title": "text", "author_id": "int", "price": "numeric",
              "pages": "int", "published": "date", "tags": "texts", "scores": "ints",
              "facts->>lang": "text", "facts->size->>w": "text"},
    "shops": {"id": "int", "city": "text"},
    "stock": {"book_id": "int", "shop_id": "int", "copies": "int"},
    "kinds": {"id": "int", "flag": "bool", "small": "int", "big": "int", "ratio": "float",
              "amount": "numeric", "label": "text", "key": "uuid", "day": "date",
              "moment": "timestamp", "instant": "timestamptz", "clock": "time",
              "numbers": "range"},
}
KEYS = {"authors": ["id"], "books": ["id"], "shops": ["id"], "stock": ["book_id", "shop_id"],
        "kinds": ["id"]}
# Table to (what select= calls it, the table, whether it is one).
EMBEDS = {
    "authors": [("books!author_id", "books", False), ("portraits", None, True),
                ("mentor", "authors", True)],
    "books": [("authors!author_id", "authors", True), ("editor", "authors", True),
              ("shops", "shops", False), ("stock", "stock", False)],
    "shops": [("books", "books", False), ("stock", "stock", False)],
    "stock": [("books", "books", True), ("shops", "shops", True)],
    "kinds": [],
}
VALUES = {
    "int": ["1", "2", "3", "5", "-1", "100"],
    "text": ["Ada", "en", "Paris", "10", "", "100% done_well", "x"],
    "date": ["2020-01-15", "2021-07-01", "1906-12-09", "2024-02-29"],
    "numeric": ["10.5", "7.25", "0", "-12.3456", "1e2"],
    "float": ["1.5", "-0.25", "0"],
    "bool": ["true", "f"],
    "uuid": ["a02fb934-3a4d-469b-a6b6-4fcd88b973cf"],
    "timestamp": ["2024-02-29T10:11:12.5", "2000-01-01"],
    "timestamptz": ["2024-02-29T11:11:12+01:00", "2000-01-01"],
    "time": ["10:11:12", "00:00"],
    "texts": ["{old}", "{old,new}", "{}", "{\"two words\"}"],
    "ints": ["{2}", "{1,2,3}", "{3,1}"],
    "range": ["[1,5)", "(0,4]", "[5,)", "empty", "[9,9]"],
}
ORDERED = ["eq", "neq", "gt", "gte", "lt", "lte", "isdistinct"]
SPECIAL = {"texts": ["cs", "cd", "ov", "eq", "neq"], "ints": ["cs", "ov", "eq", "gt", "lte"],
           "range": ["eq", "neq", "cs", "cd", "ov", "sl", "sr", "nxr", "nxl", "adj", "lt",
                     "gte"], "bool": ["eq", "neq", "isdistinct"]}


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def url(self):
        table = self.random.choice(["books", "books", "books", "authors", "stock", "shops", "kinds"])
        parts = [f"select={self.select(table, depth=2)}", *self.embedded]
        parts += [self.filter(table) for _ in range(self.random.choice([0, 0, 1, 1, 2]))]
        parts.append(f"order={self.order(table)}")
        if self.random.random() < 0.4:
            parts.append(f"limit={self.random.randint(0, 4)}")
        if self.random.random() < 0.3:
            parts.append(f"offset={self.random.randint(0, 3)}")
        return f"/{table}?" + "&".join(parts)

    def headers(self):
        return self.random.choice([{}, {}, {}, {"Prefer": "count=exact"},
                                   {"Accept": "text/csv"},
                                   {"Accept": "application/vnd.pgrst.object+json"}])

    def select(self, table, depth, path=()):
        if not path:
            self.embedded = []
        columns = list(COLUMNS[table])
        chosen = self.random.sample(columns, self.random.randint(1, len(columns)))
        items = ["*"] if self.random.random() < 0.3 else [self.item(c) for c in chosen]
        for name, target, one in self.random.sample(
                EMBEDS[table], self.random.choice([0, 0, 1, 1, 2]) if EMBEDS[table] and depth else 0):
            items.append(self.embed(name, target, one, depth, path))
        return ",".join(items)

    def item(self, column):
        kind = self.random.random()
        if kind < 0.15:
            return f"x_{len(column)}:{column}"
        if kind < 0.25 and "->" not in column:
            return f"{column}::text"
        return column

    def embed(self, name, target, one, depth, path):
        key = f"e{depth}{len(self.embedded)}{self.random.randint(0, 99)}"
        join = self.random.choice(["", "", "!inner"])
        if target is None:
            return f"{key}:{name}{join}(*)"
        here = (*path, key)
        inside = self.select(target, depth - 1, here)
        prefix = ".".join(here)
        if not one:
            self.embedded.append(f"{prefix}.order={self.order(target)}")
            if self.random.random() < 0.4:
                self.embedded.append(f"{prefix}.limit={self.random.randint(1, 2)}")
        if self.random.random() < 0.4:
            self.embedded.append(f"{prefix}.{self.filter(target)}")
        return f"{key}:{name}{join}({inside})"

    def filter(self, table):
        if self.random.random() < 0.25:
            word = self.random.choice(["or", "and"])
            leaves = ",".join(self.leaf(table) for _ in range(self.random.randint(1, 3)))
            return f"{word}=({leaves})"
        column, operation, value = self.condition(table)
        return f"{column}={operation}.{value}"

    def leaf(self, table):
        while True:
            column, operation, value = self.condition(table)
            if not set(value) & set(",()\"[]"):
                return f"{column}.{operation}.{value}"

    def condition(self, table):
        column = self.random.choice(list(COLUMNS[table]))
        kind = COLUMNS[table][column]
        negation = self.random.choice(["", "", "", "not."])
        if self.random.random() < 0.15:
            return column, f"{negation}is", "null"
        value = self.random.choice(VALUES[kind])
        if kind == "text" and self.random.random() < 0.4:
            return column, negation + self.random.choice(["like", "ilike", "match", "imatch"]), \
                self.random.choice(["A*", ".*a.*", "e", "a", "N", "1"])
        if kind in ("int", "numeric") and self.random.random() < 0.2:
            return column, f"{negation}in", f"({','.join(self.random.sample(VALUES[kind], 2))})"
        operation = self.random.choice(SPECIAL.get(kind, ORDERED))
        return column, negation + operation, value.replace("%", "%25").replace("+", "%2B")

    def order(self, table):
        terms = []
        if self.random.random() < 0.5:
            columns = [c for c, kind in COLUMNS[table].items() if kind not in ("texts", "range")]
            terms.append(self.random.choice(columns) + self.random.choice(["", ".desc", ".asc"])
                         + self.random.choice(["", ".nullsfirst", ".nullslast"]))
        return ",".join(terms + [f"{key}.asc" for key in KEYS[table]])
