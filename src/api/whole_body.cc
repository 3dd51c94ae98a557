#include "api/whole_body.h"

#include <utility>

#include "api/api_error.h"

namespace shoestring {

namespace {

constexpr size_t kWrittenAtOnce = 4 << 20;
/// Room for what will be put before it.
constexpr size_t kHead = 4 << 10;

/// What was begun, then the rest.
class Continued : public ApiBody {
 public:
  Continued(std::string begun, std::unique_ptr<ApiBody> rest)
      : begun_(std::move(begun)), rest_(std::move(rest)) {}

  std::optional<std::string> Next() override {
    if (!begun_.empty()) return std::exchange(begun_, {});
    try {
      return rest_->Next();
    } catch (const ApiError& error) {
      throw Fail(ErrorKind::kData, "{}", error.what());
    }
  }

 private:
  std::string begun_;
  std::unique_ptr<ApiBody> rest_;
};

}  // namespace

std::unique_ptr<ApiBody> WholeIfSmall(std::unique_ptr<ApiBody> body) {
  std::string text;
  while (text.size() < kWrittenAtOnce) {
    auto piece = body->Next();
    if (!piece) return TextBody(std::move(text));
    if (text.empty()) {
      text = *std::move(piece);
    } else {
      text.reserve(kWrittenAtOnce + kHead);  // Memory is taken where it is written to.
      text += *piece;
    }
  }
  return std::make_unique<Continued>(std::move(text), std::move(body));
}

}  // namespace shoestring
