#include "base/json.h"

// The one place where Boost.JSON is compiled: Debian's headers need no library then.
#include <boost/json/src.hpp>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>

#include <limits>

#include "base/error.h"

namespace shoestring {

namespace json = boost::json;

namespace {

/// What the parser of Boost.JSON does with what it finds, but for numbers.
struct NumbersAsText {
  using Code = boost::system::error_code;
  using View = json::string_view;
  // NOLINTBEGIN(readability-identifier-naming): Boost.JSON asks for these names.
  static constexpr size_t max_object_size = json::object::max_size();
  static constexpr size_t max_array_size = json::array::max_size();
  static constexpr size_t max_key_size = json::string::max_size();
  static constexpr size_t max_string_size = json::string::max_size();
  // NOLINTEND(readability-identifier-naming)

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code&) { return true; }
  bool on_object_end(size_t size, Code&) { return stack.push_object(size), true; }
  bool on_array_begin(Code&) { return true; }
  bool on_array_end(size_t size, Code&) { return stack.push_array(size), true; }
  bool on_key_part(View part, size_t, Code&) { return stack.push_chars(part), true; }
  bool on_key(View part, size_t, Code&) { return stack.push_key(part), true; }
  bool on_string_part(View part, size_t, Code&) { return stack.push_chars(part), true; }
  bool on_string(View part, size_t, Code&) { return stack.push_string(part), true; }
  bool on_number_part(View part, Code&) { return number.append(part), true; }
  bool on_int64(int64_t, View part, Code&) { return PushNumber(part); }
  bool on_uint64(uint64_t, View part, Code&) { return PushNumber(part); }
  bool on_double(double, View part, Code&) { return PushNumber(part); }
  bool on_bool(bool truth, Code&) { return stack.push_bool(truth), true; }
  bool on_null(Code&) { return stack.push_null(), true; }
  bool on_comment_part(View, Code&) { return true; }
  bool on_comment(View, Code&) { return true; }

  bool PushNumber(View last_part) {
    number.append(last_part);
    stack.push_string(written ? written(number) : number);
    number.clear();
    return true;
  }

  std::string (*written)(std::string_view) = nullptr;
  std::string number;
  json::value_stack stack;
};

[[noreturn]] void NoJson(std::string_view what, size_t at,
                         const boost::system::error_code& error) {
  throw Fail(ErrorKind::kCorrupt, "{}: no valid JSON at byte {}: {}", what, at,
             error.message());
}

}  // namespace

json::value ParseJson(std::string_view text, std::string_view what) {
  boost::system::error_code error;
  json::stream_parser parser;
  const size_t parsed = parser.write_some(text.data(), text.size(), error);
  if (!error && parsed < text.size()) error = json::error::extra_data;
  if (!error) parser.finish(error);
  if (error) NoJson(what, parsed, error);
  return parser.release();
}

json::value ParseJsonNumbersAsText(std::string_view text, std::string_view what) {
  return ParseJsonNumbersAs(nullptr, text, what, json::parse_options().max_depth);
}

json::value ParseJsonNumbersAs(std::string (*written)(std::string_view),
                               std::string_view text, std::string_view what,
                               size_t max_depth) {
  boost::system::error_code error;
  json::basic_parser<NumbersAsText> parser{json::parse_options{.max_depth = max_depth}};
  parser.handler().written = written;
  parser.handler().stack.reset();
  const size_t parsed = parser.write_some(false, text.data(), text.size(), error);
  if (!error && parsed < text.size()) error = json::error::extra_data;
  if (error) NoJson(what, parsed, error);
  return parser.handler().stack.release();
}

JsonView JsonView::operator[](std::string_view name) const {
  auto found = Find(name);
  if (!found) throw Fail(ErrorKind::kCorrupt, "{}.{} is missing", path_, name);
  return *std::move(found);
}

std::optional<JsonView> JsonView::Find(std::string_view name) const {
  const json::object* object = value_->if_object();
  if (!object) throw Fail(ErrorKind::kCorrupt, "{} is not an object", path_);
  const json::value* value = object->if_contains(name);
  if (!value || value->is_null()) return std::nullopt;
  return JsonView(*value, fmt::format("{}.{}", path_, name));
}

std::vector<JsonView> JsonView::Items() const {
  const json::array* array = value_->if_array();
  if (!array) throw Fail(ErrorKind::kCorrupt, "{} is not an array", path_);
  std::vector<JsonView> items;
  items.reserve(array->size());
  for (const json::value& value : *array) {
    items.emplace_back(value, fmt::format("{}[{}]", path_, items.size()));
  }
  return items;
}

std::vector<std::pair<std::string_view, JsonView>> JsonView::Members() const {
  const json::object* object = value_->if_object();
  if (!object) throw Fail(ErrorKind::kCorrupt, "{} is not an object", path_);
  std::vector<std::pair<std::string_view, JsonView>> members;
  members.reserve(object->size());
  for (const auto& [name, value] : *object) {
    const std::string_view key(name.data(), name.size());
    members.emplace_back(key, JsonView(value, fmt::format("{}.{}", path_, key)));
  }
  return members;
}

int64_t JsonView::Integer() const {
  const int64_t* integer = value_->if_int64();
  if (!integer) throw Fail(ErrorKind::kCorrupt, "{} is not a 64-bit integer", path_);
  return *integer;
}

int JsonView::SmallInteger() const {
  const int64_t integer = Integer();
  if (integer < 0 || integer > std::numeric_limits<int>::max()) {
    throw Fail(ErrorKind::kCorrupt, "{} is out of range: {}", path_, integer);
  }
  return static_cast<int>(integer);
}

bool JsonView::Boolean() const {
  const bool* boolean = value_->if_bool();
  if (!boolean) throw Fail(ErrorKind::kCorrupt, "{} is not true or false", path_);
  return *boolean;
}

std::string_view JsonView::Text() const {
  const json::string* text = value_->if_string();
  if (!text) throw Fail(ErrorKind::kCorrupt, "{} is not a text", path_);
  return {text->data(), text->size()};
}

}  // namespace shoestring
