#include "sql/dialect.h"

#include "base/declared_name.h"
#include "base/error.h"
#include "sql/lake_scan.h"
#include "sql/type_name.h"

namespace shoestring {

namespace {

using Kind = SqlExpression::Kind;

/// A step of RFC 6901: "/a~1b".
std::string Pointer(const std::string& key) {
  std::string pointer = "/";
  for (const char c : key) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
  return pointer;
}

/// A step as Trino's JSON path has it: $["a\"b"].
std::string TrinoPath(const std::string& key) {
  std::string path = "$[\"";
  for (const char c : key) {
    if (c == '"' || c == '\\') path += '\\';
    path += c;
  }
  return path + "\"]";
}

/// Without the `\x` that begins bytes as Postgres writes them.
Parameter HexDigits(const Parameter& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text && text->starts_with("\\x") ? Parameter(text->substr(2)) : value;
}

class Renderer {
 public:
  explicit Renderer(SqlDialect dialect) : dialect_(dialect) {}

  Statement Take() && { return {std::move(sql_), std::move(parameters_)}; }

  void Query(const SqlQuery& query, bool as_row = false) {
    Add("SELECT ");
    if (as_row) Add("(");
    List(query.items, [&](const SqlItem& item) {
      Expression(item.expression);
      if (!item.alias.empty()) Add(" AS " + QuoteSqlName(item.alias));
    });
    if (as_row) Add(")");
    From(query);
    if (!query.where.empty()) {
      Add(" WHERE ");
      Expression(SqlAnd(query.where));
    }
    GroupBy(query);
    OrderBy(query.order);
    if (query.offset > 0) Add(fmt::format(" OFFSET {}", query.offset));
    if (query.limit) Add(fmt::format(" LIMIT {}", *query.limit));
  }

 private:
  void Add(std::string_view text) { sql_.append(text); }

  void Bind(Parameter value) {
    parameters_.push_back(std::move(value));
    if (dialect_ == SqlDialect::kPostgres) {
      Add(fmt::format("${}", parameters_.size()));
    } else {
      Add("?");
    }
  }

  template <typename Items, typename Each>
  void List(const Items& items, const Each& each) {
    bool first = true;
    for (const auto& item : items) {
      if (!first) Add(", ");
      first = false;
      each(item);
    }
  }

  void Expressions(const std::vector<SqlExpression>& expressions) {
    List(expressions, [&](const SqlExpression& each) { Expression(each); });
  }

  void Source(const SqlSource& source) {
    if (!source.raw.empty()) {
      Add("(");
      for (const SqlRawPiece& piece : source.raw) {
        Add(piece.text);
        if (piece.value) Expression(*piece.value);
      }
      Add("\n)");  // It may end with a comment.
    } else if (source.query) {
      Add("(");
      Query(*source.query);
      Add(")");
    } else if (dialect_ == SqlDialect::kTrino) {
      Add(QuoteSqlName(DeclaredName(source.lake_name)));
    } else if (dialect_ == SqlDialect::kDuckdb) {
      Add(LakeScanOf(source.lake_name));
    } else {
      Add(QuoteSqlName(source.schema) + "." + QuoteSqlName(source.table));
    }
    Add(" AS " + QuoteSqlName(source.alias));
  }

  void From(const SqlQuery& query) {
    Add(" FROM ");
    Source(query.from);
    for (const SqlJoin& join : query.joins) {
      Add(join.left ? " LEFT JOIN " : " JOIN ");
      Source(join.source);
      Add(" ON ");
      Expression(join.on);
    }
  }

  /// By place: an expression with placeholders does not equal itself.
  void GroupBy(const SqlQuery& query) {
    if (query.group_by.empty()) return;
    Add(" GROUP BY ");
    List(query.group_by, [&](size_t item) { Add(fmt::format("{}", item + 1)); });
  }

  void OrderBy(const std::vector<SqlOrder>& order) {
    if (order.empty()) return;
    Add(" ORDER BY ");
    List(order, [&](const SqlOrder& term) {
      Expression(term.expression);
      Add(term.descending ? " DESC" : " ASC");
      Add(term.nulls_first ? " NULLS FIRST" : " NULLS LAST");
    });
  }

  void Between(const SqlExpression& of, std::string_view word) {
    Add("(");
    Expression(of.arguments.at(0));
    Add(word);
    Expression(of.arguments.at(1));
    Add(")");
  }

  void Call(std::string_view function, const std::vector<SqlExpression>& arguments,
            std::string_view more = "") {
    Add(function);
    Add("(");
    Expressions(arguments);
    Add(more);
    Add(")");
  }

  void Joined(const SqlExpression& of, std::string_view word) {
    Add("(");
    for (size_t i = 0; i < of.arguments.size(); ++i) {
      if (i > 0) Add(word);
      Expression(of.arguments[i]);
    }
    Add(")");
  }

  std::string TypeName(const SqlType& type) const { return SqlTypeName(type, dialect_); }

  /// Postgres finds the type of a placeholder by what stands beside it, so that enums and
  /// all its other types are compared as what they are. The others are told.
  void Value(const SqlExpression& value) {
    if (dialect_ == SqlDialect::kPostgres) return Bind(value.value);
    if (value.type.kind == SqlType::Kind::kBytes) {
      Add(dialect_ == SqlDialect::kDuckdb ? "unhex(" : "from_hex(");
      Bind(HexDigits(value.value));
      return Add(")");
    }
    if (value.type.kind == SqlType::Kind::kText) return Bind(value.value);
    Add("CAST(");
    Bind(value.value);
    Add(" AS " + TypeName(value.type) + ")");
  }

  void ListValue(const SqlExpression& list) {
    if (dialect_ == SqlDialect::kPostgres) return Bind(list.name);
    Add(dialect_ == SqlDialect::kDuckdb ? "CAST([" : "CAST(ARRAY[");
    Expressions(list.arguments);
    Add("] AS " + TypeName(list.type) + ")");
  }

  void Cast(const SqlExpression& cast, std::string_view function) {
    Add(function);
    Expression(cast.arguments.at(0));
    Add(" AS " + TypeName(cast.type) + ")");
  }

  void Like(const SqlExpression& like, bool any_case) {
    const bool lower = any_case && dialect_ == SqlDialect::kTrino;
    Add(lower ? "(lower(" : "(");
    Expression(like.arguments.at(0));
    Add(lower ? ") LIKE lower(" : any_case ? " ILIKE " : " LIKE ");
    Expression(like.arguments.at(1));
    Add(lower ? ") ESCAPE '\\')" : " ESCAPE '\\')");
  }

  void Matches(const SqlExpression& match, bool any_case) {
    switch (dialect_) {
      case SqlDialect::kDuckdb:
        return Call("regexp_matches", match.arguments, any_case ? ", 'si'" : ", 's'");
      case SqlDialect::kTrino:
        Add("regexp_like(");
        Expression(match.arguments.at(0));
        Add(any_case ? ", '(?si)' || " : ", '(?s)' || ");
        Expression(match.arguments.at(1));
        return Add(")");
      case SqlDialect::kPostgres: return Between(match, any_case ? " ~* " : " ~ ");
    }
  }

  void Extract(const SqlExpression& of) {
    if (dialect_ == SqlDialect::kPostgres) {
      Add("coalesce(");
      Call("substring", of.arguments);
    } else if (dialect_ == SqlDialect::kTrino) {
      Add("coalesce(");
      Call("regexp_extract", of.arguments, ", 1");
    } else {
      return Call("regexp_extract", of.arguments, ", 1");
    }
    Add(", '')");
  }

  /// DuckDB's list_has_all passes over the NULLs of the second list; Trino's array_except
  /// takes them for equal, but one of the lists is a value of ours, which has none.
  void ContainsAll(const SqlExpression& of) {
    switch (dialect_) {
      case SqlDialect::kDuckdb:
        Add("(");
        Call("list_has_all", of.arguments);
        Add(" AND len(");
        Expression(of.arguments.at(1));
        Add(") = list_count(");
        Expression(of.arguments.at(1));
        return Add("))");
      case SqlDialect::kTrino:
        Add("(cardinality(array_except(");
        Expression(of.arguments.at(1));
        Add(", ");
        Expression(of.arguments.at(0));
        return Add(")) = 0)");
      case SqlDialect::kPostgres: return Between(of, " @> ");
    }
  }

  void Overlaps(const SqlExpression& of) {
    switch (dialect_) {
      case SqlDialect::kDuckdb: return Call("list_has_any", of.arguments);
      case SqlDialect::kTrino:  // arrays_overlap is NULL where a list has one.
        Add("(cardinality(");
        Call("array_intersect", of.arguments);
        return Add(") > 0)");
      case SqlDialect::kPostgres: return Between(of, " && ");
    }
  }

  void JsonContains(const SqlExpression& of) {
    if (dialect_ == SqlDialect::kDuckdb) return Call("jsonb_contains", of.arguments);
    if (dialect_ == SqlDialect::kPostgres) return Between(of, " @> ");
    throw Fail(ErrorKind::kUnsupported,
               "Trino cannot tell whether JSON contains other JSON");
  }

  void JsonEqual(const SqlExpression& of) {
    if (dialect_ == SqlDialect::kDuckdb) return Call("jsonb_eq", of.arguments);
    Between(of, " = ");
  }

  /// By functions that are called as Postgres' own in DuckDB, too.
  void SearchVector(const SqlExpression& of, std::string_view duckdb_function) {
    CheckSearches();
    const bool postgres = dialect_ == SqlDialect::kPostgres;
    Add(postgres ? "to_tsvector(CAST(" : duckdb_function);
    if (!postgres) Add("(");
    Expression(of.arguments.at(1));
    Add(postgres ? " AS regconfig), " : ", ");
    Expression(of.arguments.at(0));
    Add(")");
  }

  void Finds(const SqlExpression& of) {
    CheckSearches();
    if (dialect_ == SqlDialect::kDuckdb) return Call("ts_match_vq", of.arguments);
    Add("(");
    Expression(of.arguments.at(0));
    Add(" @@ CAST(");
    Expression(of.arguments.at(1));
    Add(" AS tsquery))");
  }

  void CheckSearches() const {
    if (dialect_ != SqlDialect::kTrino) return;
    throw Fail(ErrorKind::kUnsupported, "Trino has no text search");
  }

  void InQuery(const SqlExpression& in) {
    const bool row = in.arguments.size() > 1;
    Add(row ? "((" : "(");
    Expressions(in.arguments);
    Add(row ? ") IN (" : " IN (");
    Query(*in.query, row && dialect_ != SqlDialect::kPostgres);
    Add("))");
  }

  void InRows(const SqlExpression& in) {
    Add(in.width > 1 ? "((" : "(");
    for (size_t i = 0; i < in.arguments.size(); ++i) {
      if (i == in.width) {
        Add(in.width > 1 ? ") IN ((" : " IN (");
      } else if (i > in.width && i % in.width == 0) {
        Add(in.width > 1 ? "), (" : ", ");
      } else if (i > 0) {
        Add(", ");
      }
      Expression(in.arguments[i]);
    }
    Add(in.width > 1 ? ")))" : "))");
  }

  /// The JSON value that the first `steps` of the path lead to, in the engine's own type.
  void JsonAt(const SqlExpression& json, size_t steps) {
    if (dialect_ == SqlDialect::kPostgres) return PostgresJson(json, steps);
    if (steps == 0) return JsonRoot(json.arguments.at(0));
    const JsonStep& step = json.path.at(steps - 1);
    const auto* key = std::get_if<std::string>(&step);
    const bool duckdb = dialect_ == SqlDialect::kDuckdb;
    Add(key || duckdb ? "json_extract(" : "json_array_get(");
    JsonAt(json, steps - 1);
    Add(", ");
    if (key) {
      Bind(duckdb ? Pointer(*key) : TrinoPath(*key));
    } else {
      const int64_t place = std::get<int64_t>(step);
      Add(!duckdb      ? fmt::format("{}", place)
          : place >= 0 ? fmt::format("'$[{}]'", place)
                       : fmt::format("'$[#{}]'", place));
    }
    Add(")");
  }

  void JsonRoot(const SqlExpression& root) {
    const bool parse = dialect_ == SqlDialect::kTrino && root.kind != Kind::kToJson;
    if (parse) Add("json_parse(");
    Expression(root);
    if (parse) Add(")");
  }

  void PostgresJson(const SqlExpression& json, size_t steps) {
    Add("(");
    Expression(json.arguments.at(0));
    for (size_t i = 0; i < steps; ++i) {
      const bool text = json.kind == Kind::kJsonText && i + 1 == steps;
      Add(text ? "->>" : "->");
      if (const auto* key = std::get_if<std::string>(&json.path[i])) {
        Bind(*key);
        Add("::text");
      } else {
        Add(fmt::format("({})", std::get<int64_t>(json.path[i])));
      }
    }
    Add(")");
  }

  void Json(const SqlExpression& json) {
    const size_t steps = json.path.size();
    if (dialect_ == SqlDialect::kPostgres) return JsonAt(json, steps);
    Add(dialect_ == SqlDialect::kDuckdb ? "CAST(" : "json_format(");
    JsonAt(json, steps);
    Add(dialect_ == SqlDialect::kDuckdb ? " AS VARCHAR)" : ")");
  }

  void JsonText(const SqlExpression& json) {
    const size_t steps = json.path.size();
    if (dialect_ == SqlDialect::kPostgres) return JsonAt(json, steps);
    if (dialect_ == SqlDialect::kDuckdb) {
      Add("json_extract_string(");
      JsonAt(json, steps);
      return Add(", '$')");
    }
    Add("coalesce(json_extract_scalar(");
    JsonAt(json, steps);
    Add(", '$'), nullif(json_format(");
    JsonAt(json, steps);
    Add("), 'null'))");
  }

  /// DuckDB writes NaN without quotes, which is no JSON.
  void DuckdbToJson(const SqlExpression& of) {
    const bool floating =
        !of.type.element.empty() && (of.type.element[0].kind == SqlType::Kind::kReal ||
                                     of.type.element[0].kind == SqlType::Kind::kDouble);
    if (floating) Add("regexp_replace(");
    Call("to_json", of.arguments);
    if (floating) Add(", '-?Infinity|NaN', '\"\\0\"', 'g')");
  }

  void ToJson(const SqlExpression& of) {
    switch (dialect_) {
      case SqlDialect::kDuckdb: return DuckdbToJson(of);
      case SqlDialect::kTrino:
        Add("CAST(");
        Expression(of.arguments.at(0));
        return Add(" AS JSON)");
      case SqlDialect::kPostgres: return Call("to_jsonb", of.arguments);
    }
  }

  void IntegersToJson(const SqlExpression& of) {
    if (dialect_ == SqlDialect::kPostgres) return ToJson(of);
    Add("replace(replace(replace(regexp_replace(");
    Expression(of.arguments.at(0));
    Add(", '^.*=', ''), '{', '['), '}', ']'), 'NULL', 'null')");
  }

  void RowNumber(const SqlExpression& of) {
    Add("row_number() OVER (PARTITION BY ");
    Expressions(of.arguments);
    OrderBy(of.order);
    Add(")");
  }

  void Column(const SqlExpression& column) {
    if (column.kind == Kind::kAllColumns) return Add(QuoteSqlName(column.table) + ".*");
    if (!column.table.empty()) Add(QuoteSqlName(column.table) + ".");
    Add(QuoteSqlName(column.name));
  }

  void Suffixed(const SqlExpression& of, std::string_view before,
                std::string_view after) {
    Add(before);
    Expression(of.arguments.at(0));
    Add(after);
  }

  void Expression(const SqlExpression& of) {
    switch (of.kind) {
      case Kind::kColumn:
      case Kind::kAllColumns: return Column(of);
      case Kind::kValue: return Value(of);
      case Kind::kList: return ListValue(of);
      case Kind::kTrue: return Add("TRUE");
      case Kind::kFalse: return Add("FALSE");
      case Kind::kCast: return Cast(of, "CAST(");
      case Kind::kTryCast: return Cast(of, "TRY_CAST(");
      case Kind::kEqual: return Between(of, " = ");
      case Kind::kNotEqual: return Between(of, " <> ");
      case Kind::kLess: return Between(of, " < ");
      case Kind::kLessEqual: return Between(of, " <= ");
      case Kind::kGreater: return Between(of, " > ");
      case Kind::kGreaterEqual: return Between(of, " >= ");
      case Kind::kDistinct: return Between(of, " IS DISTINCT FROM ");
      case Kind::kLike: return Like(of, false);
      case Kind::kLikeAnyCase: return Like(of, true);
      case Kind::kMatches: return Matches(of, false);
      case Kind::kMatchesAnyCase: return Matches(of, true);
      case Kind::kExtract: return Extract(of);
      case Kind::kContainsAll: return ContainsAll(of);
      case Kind::kOverlaps: return Overlaps(of);
      case Kind::kJsonContains: return JsonContains(of);
      case Kind::kJsonEqual: return JsonEqual(of);
      case Kind::kNot: return Suffixed(of, "(NOT ", ")");
      case Kind::kAnd: return Joined(of, " AND ");
      case Kind::kOr: return Joined(of, " OR ");
      case Kind::kIsNull: return Suffixed(of, "(", " IS NULL)");
      case Kind::kIsTrue: return Suffixed(of, "coalesce(", ", FALSE)");
      case Kind::kIsFalse: return Suffixed(of, "coalesce(NOT ", ", FALSE)");
      case Kind::kOperator: return Between(of, " " + of.name + " ");
      case Kind::kInQuery: return InQuery(of);
      case Kind::kInRows: return InRows(of);
      case Kind::kJson: return Json(of);
      case Kind::kJsonText: return JsonText(of);
      case Kind::kToJson: return ToJson(of);
      case Kind::kIntegersToJson: return IntegersToJson(of);
      case Kind::kCountRows: return Add("count(*)");
      case Kind::kCount: return Call("count", of.arguments);
      case Kind::kSum: return Call("sum", of.arguments);
      case Kind::kMin: return Call("min", of.arguments);
      case Kind::kMax: return Call("max", of.arguments);
      case Kind::kRowNumber: return RowNumber(of);
      case Kind::kLower: return Call("lower", of.arguments);
      case Kind::kTextVector: return SearchVector(of, "to_tsvector");
      case Kind::kJsonVector: return SearchVector(of, "json_to_tsvector");
      case Kind::kFinds: return Finds(of);
    }
  }

  const SqlDialect dialect_;
  std::string sql_;
  std::vector<Parameter> parameters_;
};

}  // namespace

SqlDialect DialectOf(std::string_view engine) {
  if (engine == "duckdb") return SqlDialect::kDuckdb;
  if (engine == "trino" || engine == "athena") return SqlDialect::kTrino;
  if (engine == "postgres") return SqlDialect::kPostgres;
  throw Fail(ErrorKind::kInvalidArgument, "No SQL is written for this engine: {}",
             engine);
}

Statement RenderQuery(const SqlQuery& query, SqlDialect dialect) {
  Renderer renderer(dialect);
  renderer.Query(query);
  return std::move(renderer).Take();
}

std::string QuoteSqlName(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace shoestring
