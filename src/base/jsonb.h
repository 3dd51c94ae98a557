#pragma once

#include <boost/json/value.hpp>

#include <string_view>

namespace shoestring {

/// A JSON document as Postgres compares its jsonb: members in no order, strings as what
/// their escapes mean, numbers by value at any number of digits (1 is 1.0 and 1e0).
class Jsonb {
 public:
  /// Deeper documents are refused.
  static constexpr size_t kMaxDepth = 1000;

  /// Throws kCorrupt for what is no JSON.
  explicit Jsonb(std::string_view text);

  /// The operator @>, from the root down: an object has all members of the other, an
  /// array has for each of the other's elements one that contains it. An array at the
  /// root contains a scalar at the other's root, too.
  bool Contains(const Jsonb& other) const;

  bool operator==(const Jsonb& other) const { return value_ == other.value_; }

 private:
  const boost::json::value value_;
};

}  // namespace shoestring
