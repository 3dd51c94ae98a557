#include "api/http_exchange.h"

#include "base/error.h"

namespace shoestring {

namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr int kNoContent = 204;
constexpr int kNotModified = 304;

ApiError WaitedTooLong() {
  constexpr int kUnavailable = 503;
  return ApiError(kUnavailable, "PGRST003", "Timed out waiting for a worker")
      .WithHeader("Retry-After", "1");
}

}  // namespace

HttpExchange::HttpExchange(ApiRequest request, RequestRecord record, bool http11,
                           bool keep_alive)
    : request_(std::move(request)),
      record_(std::move(record)),
      http11_(http11),
      keep_alive_(keep_alive) {}

void HttpExchange::Answer(ServedResponse served) {
  served_ = std::move(served);
  if (served_->response.body) length_ = served_->response.body->Length();
}

void HttpExchange::Work(const RequestHandler& handler, milliseconds time,
                        size_t buffer_bytes) {
  if (!served_) {
    record_.waited = duration_cast<microseconds>(Clock::now() - arrived_);
    const auto left = time - duration_cast<milliseconds>(record_.waited);
    if (left.count() <= 0) {
      Answer({ErrorResponse(WaitedTooLong(), request_.method), ""});
    } else {
      Answer(handler(request_, cancel_.get_token(), left));
    }
  }
  Fetch(buffer_bytes);
}

void HttpExchange::Fetch(size_t buffer_bytes) {
  ApiBody* body = served_->response.body.get();
  try {
    while (body != nullptr && buffer_.size() < buffer_bytes) {
      auto piece = body->Next();
      if (!piece) break;
      const bool chunked = head_sent_ && framing_ == Framing::kChunked;
      record_.bytes += static_cast<int64_t>(piece->size());
      if (chunked) *piece = FormatChunk(*piece);
      if (buffer_.empty()) {
        buffer_ = *std::move(piece);
      } else {
        buffer_ += *piece;
      }
    }
    finished_ = body == nullptr || buffer_.size() < buffer_bytes;
    if (finished_ && head_sent_ && framing_ == Framing::kLength &&
        record_.bytes != static_cast<int64_t>(length_.value_or(0))) {
      failed_ = true;
    }
  } catch (const Error& error) {
    Break(TranslateError(error));
  } catch (const std::exception& error) {
    Break(TranslateError(Error(ErrorKind::kInternal, error.what())));
  }
  if (finished_) served_->response.body.reset();
}

void HttpExchange::Break(const ApiError& error) {
  finished_ = true;
  buffer_.clear();
  failed_ = head_sent_;
  if (failed_) return;
  // Nobody has seen anything yet, so the whole answer can be another.
  served_->response = ErrorResponse(error, request_.method);
  if (served_->response.body) buffer_ = served_->response.body->Next().value_or("");
  record_.bytes = static_cast<int64_t>(buffer_.size());
  length_.reset();
}

std::string HttpExchange::Take() {
  const std::string head = head_sent_ ? "" : Head();
  std::string bytes = std::exchange(buffer_, {});
  bytes.insert(0, head);
  if (finished_ && !failed_ && framing_ == Framing::kChunked) bytes += kLastChunk;
  return bytes;
}

std::string HttpExchange::Head() {
  framing_ = ChooseFraming();
  if (framing_ == Framing::kUntilClose) keep_alive_ = false;
  const size_t length = finished_ ? buffer_.size() : length_.value_or(0);
  if (framing_ == Framing::kChunked && !buffer_.empty()) buffer_ = FormatChunk(buffer_);
  head_sent_ = true;
  return FormatHead(served_->response, framing_, length, keep_alive_, record_.id);
}

Framing HttpExchange::ChooseFraming() const {
  const int status = served_->response.status;
  if (request_.method == "HEAD" || status == kNoContent || status == kNotModified) {
    return Framing::kNone;
  }
  if (finished_ || length_) return Framing::kLength;
  return http11_ ? Framing::kChunked : Framing::kUntilClose;
}

RequestRecord HttpExchange::Record(Outcome outcome) const {
  RequestRecord record = record_;
  record.method = request_.method;
  record.path = request_.path;
  record.took = duration_cast<microseconds>(Clock::now() - arrived_);
  record.outcome = outcome;
  if (served_) {
    record.status = served_->response.status;
    record.role = served_->role;
  }
  return record;
}

}  // namespace shoestring
