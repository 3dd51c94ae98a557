#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace shoestring {

/// A value for one placeholder of a statement. Engines bind it; it never becomes SQL text
/// that could be read as anything but a value.
using Parameter = std::variant<std::monostate, bool, int64_t, double, std::string>;

/// One statement in the engine's own dialect, its placeholders in order.
struct Statement {
  std::string sql;
  std::vector<Parameter> parameters;
};

}  // namespace shoestring
