#include "api/message.h"

namespace shoestring {

namespace {

class WholeText : public ApiBody {
 public:
  explicit WholeText(std::string text) : size_(text.size()), text_(std::move(text)) {}

  std::optional<std::string> Next() override {
    if (text_.empty()) return std::nullopt;
    return std::exchange(text_, {});
  }

  std::optional<size_t> Length() const override { return size_; }

 private:
  const size_t size_;
  std::string text_;
};

}  // namespace

std::optional<std::string> ApiRequest::Header(std::string_view name) const {
  std::optional<std::string> joined;
  for (const auto& [header, value] : headers) {
    if (header != name) continue;
    joined = joined ? *joined + ", " + value : value;
  }
  return joined;
}

std::unique_ptr<ApiBody> TextBody(std::string text) {
  return std::make_unique<WholeText>(std::move(text));
}

}  // namespace shoestring
