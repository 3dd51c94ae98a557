#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/time_zone.h"
#include "lake/table_metadata.h"
#include "sql/query.h"

namespace shoestring {

/// A Postgres type as far as it decides how values are read, compared and written.
struct PostgresType {
  enum class Kind {
    kBoolean,
    kSmallint,
    kInteger,
    kBigint,
    kOid,  ///< A number that JSON has as a string.
    kReal,
    kDouble,
    kNumeric,
    kMoney,
    kText,
    kBlankPadded,  ///< char(n)
    kUuid,
    kJson,
    kJsonb,
    kBytes,
    kDate,
    kTimestamp,
    kTimestampTz,
    kTime,
    kInet,
    kSearchVector,
    kRange,
    kOther,  ///< Its text is all that is known.
    kList,
  };
  Kind kind = Kind::kText;
  std::string name = "text";          ///< As errors of Postgres call it.
  int length = 0;                     ///< kBlankPadded.
  SqlType sql;                        ///< What engines over the lake have in its place.
  std::vector<PostgresType> element;  ///< kList: exactly one.
  std::optional<TimeZone> zone;       ///< Of times without one, and shown; UTC without.

  bool IsNumber() const;
  bool IsText() const;  ///< LIKE and regular expressions go.
  bool IsJson() const { return kind == Kind::kJson || kind == Kind::kJsonb; }
};

/// `source_type` as the catalog has it ("numeric(20,4)", "text[]"); for one that is not
/// known, such as a domain's, `lake` decides.
PostgresType PostgresTypeOf(std::string_view source_type, const LakeType& lake);

/// The same type with its times, and those of its elements, in this time zone.
PostgresType InZone(PostgresType type, const std::optional<TimeZone>& zone);

/// What a client may write after "::"; throws ApiError 42704 for what is no type,
/// PGRST127 for those that only Postgres has.
PostgresType CastTarget(std::string_view name);

/// One of the types that need nothing else to be described.
PostgresType PlainType(PostgresType::Kind kind);

SqlType SqlTypeOf(const LakeType& type);

}  // namespace shoestring
