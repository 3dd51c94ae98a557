#include "source/number_text.h"

#include <arrow/api.h>

namespace shoestring {

namespace {

constexpr const char* kName = "shoestring.number";

class NumberTextType : public arrow::ExtensionType {
 public:
  NumberTextType() : arrow::ExtensionType(arrow::utf8()) {}

  std::string extension_name() const override { return kName; }
  bool ExtensionEquals(const arrow::ExtensionType& other) const override {
    return other.extension_name() == kName;
  }
  std::shared_ptr<arrow::Array> MakeArray(
      std::shared_ptr<arrow::ArrayData> data) const override {
    return std::make_shared<arrow::ExtensionArray>(std::move(data));
  }
  arrow::Result<std::shared_ptr<arrow::DataType>> Deserialize(
      std::shared_ptr<arrow::DataType>, const std::string&) const override {
    return NumberText();
  }
  std::string Serialize() const override { return ""; }
};

}  // namespace

std::shared_ptr<arrow::DataType> NumberText() {
  static const auto kType = std::make_shared<NumberTextType>();
  return kType;
}

bool IsNumberText(const arrow::DataType& type) {
  return type.id() == arrow::Type::EXTENSION &&
         static_cast<const arrow::ExtensionType&>(type).extension_name() == kName;
}

}  // namespace shoestring
