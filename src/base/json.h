#pragma once

#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shoestring {

/// Parses a document; throws kCorrupt with `what` and the offset when it is no JSON.
boost::json::value ParseJson(std::string_view text, std::string_view what);

/// The same, but each number becomes a text, with the digits that stood there: for
/// documents whose numbers must not go through a double.
boost::json::value ParseJsonNumbersAsText(std::string_view text, std::string_view what);

/// The same, but what `written` makes of a number is the text. Values that are nested
/// deeper than `max_depth` are refused.
boost::json::value ParseJsonNumbersAs(std::string (*written)(std::string_view),
                                      std::string_view text, std::string_view what,
                                      size_t max_depth);

/// A value inside a document that lives longer, and the way to it, so that an error can
/// say "t.metadata.json: snapshots[0].snapshot-id is missing". Whatever is not as asked
/// for throws kCorrupt.
class JsonView {
 public:
  JsonView(const boost::json::value& value, std::string path)
      : value_(&value), path_(std::move(path)) {}

  JsonView operator[](std::string_view name) const;
  /// Nothing when it is missing or null.
  std::optional<JsonView> Find(std::string_view name) const;
  /// The elements of an array.
  std::vector<JsonView> Items() const;
  /// Names and values of an object.
  std::vector<std::pair<std::string_view, JsonView>> Members() const;

  int64_t Integer() const;
  /// An integer that fits an int and is not negative: ids, precisions.
  int SmallInteger() const;
  bool Boolean() const;
  std::string_view Text() const;

  const boost::json::value& value() const { return *value_; }
  const std::string& path() const { return path_; }

 private:
  const boost::json::value* value_;
  std::string path_;
};

}  // namespace shoestring
