#include "api/postgres_type.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "api/api_error.h"

namespace shoestring {

namespace {

using Kind = PostgresType::Kind;
using Sql = SqlType::Kind;

struct NamedType {
  std::string_view name;  ///< As Postgres formats it, and what else it may be called.
  Kind kind;
};

constexpr std::array kTypes = {
    NamedType{"boolean", Kind::kBoolean},
    NamedType{"bool", Kind::kBoolean},
    NamedType{"smallint", Kind::kSmallint},
    NamedType{"int2", Kind::kSmallint},
    NamedType{"integer", Kind::kInteger},
    NamedType{"int", Kind::kInteger},
    NamedType{"int4", Kind::kInteger},
    NamedType{"bigint", Kind::kBigint},
    NamedType{"int8", Kind::kBigint},
    NamedType{"real", Kind::kReal},
    NamedType{"float4", Kind::kReal},
    NamedType{"double precision", Kind::kDouble},
    NamedType{"float8", Kind::kDouble},
    NamedType{"float", Kind::kDouble},
    NamedType{"numeric", Kind::kNumeric},
    NamedType{"decimal", Kind::kNumeric},
    NamedType{"money", Kind::kMoney},
    NamedType{"text", Kind::kText},
    NamedType{"character varying", Kind::kText},
    NamedType{"varchar", Kind::kText},
    NamedType{"name", Kind::kText},
    NamedType{"citext", Kind::kText},
    NamedType{"character", Kind::kBlankPadded},
    NamedType{"char", Kind::kBlankPadded},
    NamedType{"bpchar", Kind::kBlankPadded},
    NamedType{"uuid", Kind::kUuid},
    NamedType{"json", Kind::kJson},
    NamedType{"jsonb", Kind::kJsonb},
    NamedType{"bytea", Kind::kBytes},
    NamedType{"date", Kind::kDate},
    NamedType{"timestamp without time zone", Kind::kTimestamp},
    NamedType{"timestamp", Kind::kTimestamp},
    NamedType{"timestamp with time zone", Kind::kTimestampTz},
    NamedType{"timestamptz", Kind::kTimestampTz},
    NamedType{"time without time zone", Kind::kTime},
    NamedType{"time", Kind::kTime},
    NamedType{"inet", Kind::kInet},
    NamedType{"cidr", Kind::kInet},
    NamedType{"tsvector", Kind::kSearchVector},
    NamedType{"int4range", Kind::kRange},
    NamedType{"int8range", Kind::kRange},
    NamedType{"numrange", Kind::kRange},
    NamedType{"daterange", Kind::kRange},
    NamedType{"tsrange", Kind::kRange},
    NamedType{"tstzrange", Kind::kRange},
    NamedType{"interval", Kind::kOther},
    NamedType{"time with time zone", Kind::kOther},
    NamedType{"timetz", Kind::kOther},
    NamedType{"bit", Kind::kOther},
    NamedType{"bit varying", Kind::kOther},
    NamedType{"xml", Kind::kOther},
    NamedType{"oid", Kind::kOid},
    NamedType{"regclass", Kind::kOther},
    NamedType{"tsquery", Kind::kOther},
    NamedType{"point", Kind::kOther},
    NamedType{"hstore", Kind::kOther},
    NamedType{"ltree", Kind::kOther},
    NamedType{"macaddr", Kind::kOther},
};

/// What Postgres calls each of them in its messages.
std::string_view OwnName(Kind kind, std::string_view otherwise) {
  switch (kind) {
    case Kind::kText: return otherwise == "varchar" ? "character varying" : otherwise;
    case Kind::kOther:
    case Kind::kRange:
    case Kind::kInet: return otherwise;
    default: break;
  }
  for (const NamedType& type : kTypes) {
    if (type.kind == kind) return type.name;
  }
  return otherwise;
}

SqlType PlainSql(Kind kind) {
  switch (kind) {
    case Kind::kBoolean: return {.kind = Sql::kBoolean};
    case Kind::kSmallint:
    case Kind::kInteger: return {.kind = Sql::kInteger};
    case Kind::kBigint: return {.kind = Sql::kBigint};
    case Kind::kReal: return {.kind = Sql::kReal};
    case Kind::kDouble: return {.kind = Sql::kDouble};
    case Kind::kNumeric: return {.kind = Sql::kDecimal, .precision = 38, .scale = 10};
    case Kind::kMoney: return {.kind = Sql::kDecimal, .precision = 19, .scale = 2};
    case Kind::kBytes: return {.kind = Sql::kBytes};
    case Kind::kDate: return {.kind = Sql::kDate};
    case Kind::kTimestamp: return {.kind = Sql::kTimestamp};
    case Kind::kTimestampTz: return {.kind = Sql::kTimestampTz};
    default: return {};
  }
}

Kind KindOfLake(const LakeType& type) {
  switch (type.kind) {
    case LakeType::Kind::kBoolean: return Kind::kBoolean;
    case LakeType::Kind::kInt: return Kind::kInteger;
    case LakeType::Kind::kLong: return Kind::kBigint;
    case LakeType::Kind::kFloat: return Kind::kReal;
    case LakeType::Kind::kDouble: return Kind::kDouble;
    case LakeType::Kind::kDecimal: return Kind::kNumeric;
    case LakeType::Kind::kDate: return Kind::kDate;
    case LakeType::Kind::kTimestamp: return Kind::kTimestamp;
    case LakeType::Kind::kTimestampTz: return Kind::kTimestampTz;
    case LakeType::Kind::kString: return Kind::kText;
    case LakeType::Kind::kBinary: return Kind::kBytes;
    case LakeType::Kind::kList: return Kind::kList;
  }
  return Kind::kText;
}

std::optional<NamedType> Find(std::string_view name) {
  for (const NamedType& type : kTypes) {
    if (type.name == name) return type;
  }
  return std::nullopt;
}

/// "character(5)" as "character" and 5, "timestamp(3) with time zone" without its 3.
std::string WithoutModifier(std::string_view type, int* modifier) {
  const size_t open = type.find('(');
  const size_t close = type.find(')', open == type.npos ? 0 : open);
  if (open == type.npos || close == type.npos) return std::string(type);
  std::from_chars(type.data() + open + 1, type.data() + close, *modifier);
  return std::string(type.substr(0, open)) + std::string(type.substr(close + 1));
}

PostgresType ListOf(PostgresType element) {
  PostgresType list;
  list.kind = Kind::kList;
  list.name = element.name + "[]";
  list.sql = {.kind = Sql::kList, .element = {element.sql}};
  list.element.push_back(std::move(element));
  return list;
}

}  // namespace

bool PostgresType::IsNumber() const {
  return kind >= Kind::kSmallint && kind <= Kind::kNumeric;
}

bool PostgresType::IsText() const {
  return kind == Kind::kText || kind == Kind::kBlankPadded;
}

SqlType SqlTypeOf(const LakeType& type) {
  SqlType sql = PlainSql(KindOfLake(type));
  if (type.kind == LakeType::Kind::kDecimal) {
    sql.precision = type.precision;
    sql.scale = type.scale;
  }
  if (type.kind == LakeType::Kind::kList) {
    sql = {.kind = Sql::kList, .element = {SqlTypeOf(type.element.at(0))}};
  }
  return sql;
}

PostgresType PlainType(Kind kind) {
  PostgresType type;
  type.kind = kind;
  type.name = OwnName(kind, "text");
  type.sql = PlainSql(kind);
  return type;
}

PostgresType PostgresTypeOf(std::string_view source_type, const LakeType& lake) {
  if (source_type.ends_with("[]")) {
    const LakeType element =
        lake.kind == LakeType::Kind::kList ? lake.element.at(0) : LakeType();
    PostgresType list =
        ListOf(PostgresTypeOf(source_type.substr(0, source_type.size() - 2), element));
    list.sql = SqlTypeOf(lake);
    return list;
  }
  PostgresType type;
  const std::string name = WithoutModifier(source_type, &type.length);
  if (const auto known = Find(name)) {
    type.kind = known->kind;
    type.name = OwnName(known->kind, name);
  } else {
    type.kind = KindOfLake(lake);
    type.name = type.kind == Kind::kText ? source_type : OwnName(type.kind, source_type);
    if (type.kind == Kind::kList) return ListOf(PostgresTypeOf("", lake.element.at(0)));
  }
  if (source_type == "\"char\"") type.kind = Kind::kText;
  if (type.kind == Kind::kBlankPadded && type.length == 0) type.length = 1;
  type.sql = SqlTypeOf(lake);
  return type;
}

PostgresType InZone(PostgresType type, const std::optional<TimeZone>& zone) {
  type.zone = zone;
  for (PostgresType& element : type.element) element = InZone(std::move(element), zone);
  return type;
}

PostgresType CastTarget(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return std::tolower(c); });
  const bool list = lower.starts_with('_');
  const auto known = Find(list ? std::string_view(lower).substr(1) : lower);
  if (!known) {
    throw ApiError(400, "42704", fmt::format("type \"{}\" does not exist", name));
  }
  const bool only_postgres = known->kind == Kind::kOther || known->kind == Kind::kOid ||
                             known->kind == Kind::kInet ||
                             known->kind == Kind::kSearchVector ||
                             known->kind == Kind::kRange || known->kind == Kind::kMoney ||
                             known->kind == Kind::kTime;
  if (only_postgres) {
    throw ApiError(400, "PGRST127", "Feature not implemented")
        .WithDetails(fmt::format("A lake has no casts to this type: {}", name));
  }
  PostgresType type = PlainType(known->kind);
  type.name = OwnName(known->kind, known->name);
  if (type.kind == Kind::kBlankPadded) type.length = 1;
  return list ? ListOf(std::move(type)) : type;
}

}  // namespace shoestring
