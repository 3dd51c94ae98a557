#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sql/query.h"

namespace shoestring {

/// A column, or a place inside of a JSON column: data->a->>0.
struct Field {
  std::string name;
  std::vector<JsonStep> path;
  bool as_text = false;  ///< The last arrow is ->>.
  bool text_early =
      false;  ///< An arrow before the last one is: Postgres has no such operator.
};

enum class Aggregate { kNone, kCount, kSum, kAvg, kMin, kMax };

/// What stands between commas of select=: a field, or a table with a select of its own.
struct SelectItem {
  bool embed = false;
  std::optional<std::string> alias;

  Field field;  ///< "*" for all columns.
  std::optional<std::string> cast;
  Aggregate aggregate = Aggregate::kNone;
  std::optional<std::string> aggregate_cast;

  std::string relation;
  std::optional<std::string> hint;
  bool inner = false;
  bool spread = false;
  std::vector<SelectItem> items;
};

enum class FilterOperator {
  kEqual,
  kNotEqual,
  kGreater,
  kGreaterEqual,
  kLess,
  kLessEqual,
  kLike,
  kLikeAnyCase,
  kMatches,
  kMatchesAnyCase,
  kIn,
  kIsNull,
  kIsNotNull,
  kIsTrue,
  kIsFalse,
  kIsUnknown,
  kDistinct,
  kContains,
  kContained,
  kOverlaps,
  kLeftOf,
  kRightOf,
  kNotRightOf,
  kNotLeftOf,
  kAdjacent,
  kSearch,        ///< fts: to_tsquery
  kSearchPlain,   ///< plfts
  kSearchPhrase,  ///< phfts
  kSearchWeb,     ///< wfts
};

enum class Quantifier { kNone, kAny, kAll };

struct Filter {
  Field field;
  bool negated = false;
  FilterOperator operation = FilterOperator::kEqual;
  Quantifier quantifier = Quantifier::kNone;
  std::string value;
  std::vector<std::string> values;      ///< kIn.
  std::optional<std::string> language;  ///< Of a text search.
};

/// A filter, or several of which all or any hold.
struct LogicTree {
  std::optional<Filter> filter;
  bool negated = false;
  bool any = false;
  std::vector<LogicTree> parts;
};

struct OrderTerm {
  std::optional<std::string> relation;  ///< Whose field it is: order=client(name).
  Field field;
  bool descending = false;
  std::optional<bool> nulls_first;
};

/// limit= and offset=, as far as they are numbers.
struct PageBounds {
  std::optional<int64_t> limit;
  std::optional<int64_t> offset;
};

/// Names of embedded tables, from the outermost: {"clients", "projects"}.
using EmbedPath = std::vector<std::string>;

/// All that the part of a URL after '?' asks for.
struct RequestQuery {
  std::vector<SelectItem> select;
  std::vector<std::pair<EmbedPath, LogicTree>> filters;
  std::vector<std::pair<EmbedPath, std::vector<OrderTerm>>> orders;
  std::map<EmbedPath, PageBounds> ranges;
  std::optional<std::vector<std::string>> columns;
  std::vector<std::pair<std::string, std::string>> arguments;  ///< Of a function.
  std::string canonical;  ///< The parameters again, in order of their names.
};

/// Pure. Throws ApiError PGRST100 for what the grammar does not have. `function`: keys
/// whose values are no filters are its arguments. `max_depth`: of what nests.
RequestQuery ParseRequestQuery(std::string_view raw, bool function, int max_depth);

/// The names and values of the raw text, with '+' and percent-encoding undone, `apikey`
/// left out; no value for a name without '='.
std::vector<std::pair<std::string, std::optional<std::string>>> SplitQuery(
    std::string_view raw);

/// "%41+b" as "A b", or "A+b" unless `plus`.
std::string DecodePercent(std::string_view text, bool plus);

}  // namespace shoestring
