#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace shoestring {

// Apache Avro 1.11, as far as Iceberg's manifests go: object container files without
// compression, schemas without enums and named references. Pure: bytes in, values out.
// Every decoder throws kCorrupt, saying what and at which byte, whatever it is given.

/// A parsed schema, or the field of a record that has one.
struct AvroSchema {
  enum class Kind {
    kNull,
    kBoolean,
    kInt,
    kLong,
    kFloat,
    kDouble,
    kBytes,
    kString,
    kFixed,
    kArray,
    kMap,
    kRecord,
    kUnion,
  };
  Kind kind = Kind::kNull;
  std::string name;   ///< Of the field, when it is one.
  int field_id = -1;  ///< Iceberg's id of the field; -1 when there is none.
  int64_t size = 0;   ///< kFixed: bytes.
  /// kRecord: its fields; kUnion: its branches; kArray, kMap: the one type of the items.
  std::vector<AvroSchema> children;
};

AvroSchema ParseAvroSchema(std::string_view json, std::string_view what);

/// Appends values in Avro's binary encoding; the caller keeps to the schema.
class AvroEncoder {
 public:
  void Boolean(bool value) { out_.push_back(value ? 1 : 0); }
  /// int and long, and the index of a union's branch.
  void Long(int64_t value);
  /// bytes and string.
  void Text(std::string_view value);
  /// Opens an array of `count` items, which follow; CloseArray() ends it.
  void OpenArray(size_t count);
  void CloseArray() { Long(0); }

  size_t size() const { return out_.size(); }
  std::string Take() && { return std::move(out_); }

 private:
  std::string out_;
};

/// A run of encoded records.
struct AvroBlock {
  int64_t records = 0;
  std::string bytes;
};

/// A container file with this schema, kept to the letter, and this metadata. The same
/// arguments give the same bytes.
std::string EncodeAvroFile(std::string_view schema,
                           const std::map<std::string, std::string>& metadata,
                           const std::vector<AvroBlock>& blocks);

/// Walks over encoded values, each by its schema. Views stay valid as long as the input.
class AvroDecoder {
 public:
  /// `what` names the input in errors; the input starts at its byte `offset`.
  AvroDecoder(Bytes bytes, std::string_view what, size_t offset = 0)
      : begin_(bytes.data()),
        next_(begin_),
        end_(begin_ + bytes.size()),
        what_(what),
        offset_(offset) {}

  bool AtEnd() const { return next_ == end_; }
  /// In the input, counted from its byte 0.
  size_t position() const { return offset_ + static_cast<size_t>(next_ - begin_); }
  int64_t Long();
  std::string_view Text();
  std::string_view Fixed(size_t size);

  /// A value of type int or long, or of a union with null; nothing for null.
  std::optional<int64_t> OptionalLong(const AvroSchema& schema);
  /// The same for string and bytes.
  std::optional<std::string_view> OptionalText(const AvroSchema& schema);
  /// The same where null is not allowed.
  int64_t Long(const AvroSchema& schema);
  std::string_view Text(const AvroSchema& schema);

  /// Calls `item` before each item of an array; none for null.
  template <typename Item>
  void ForEachItem(const AvroSchema& schema, const Item& item) {
    const AvroSchema& array = Resolve(schema);
    if (array.kind == AvroSchema::Kind::kNull) return;
    Require(array, AvroSchema::Kind::kArray);
    while (int64_t count = ItemCount()) {
      for (; count > 0; --count) item(array.children[0]);
    }
  }

  /// The schema itself, or the branch that a union's value takes.
  const AvroSchema& Resolve(const AvroSchema& schema);
  void Require(const AvroSchema& schema, AvroSchema::Kind kind) const;
  void Skip(const AvroSchema& schema);
  [[noreturn]] void Corrupt(std::string_view problem) const;

 private:
  int64_t ItemCount();

  const uint8_t* begin_;
  const uint8_t* next_;
  const uint8_t* end_;
  std::string_view what_;
  size_t offset_;
};

/// A container file that is read; the bytes and `what` must outlive it.
class AvroFile {
 public:
  AvroFile(Bytes bytes, std::string_view what);

  const AvroSchema& schema() const { return schema_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  /// Calls `read` before each record; it must consume exactly that record.
  void ForEachRecord(const std::function<void(AvroDecoder&)>& read) const;

 private:
  Bytes bytes_;
  std::string_view what_;
  size_t blocks_ = 0;  ///< Offset of the first block.
  std::string_view sync_;
  std::map<std::string, std::string> metadata_;
  AvroSchema schema_;
};

}  // namespace shoestring
