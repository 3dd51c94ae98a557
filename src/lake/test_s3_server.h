// A bucket in memory behind a real socket, for tests of the S3 store: it keeps what S3
// promises (conditional writes, ranges, uploads that nobody sees), and misbehaves when
// a test asks it to. It checks no signature: the real servers of tests/ do.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/digest.h"
#include "base/error.h"

namespace shoestring {

class TestS3Server {
 public:
  struct Request {
    std::string method;
    std::string key;  ///< Decoded, without the bucket.
    std::map<std::string, std::string> query;
    std::map<std::string, std::string> headers;
    std::string body;

    bool Asks(const std::string& name) const { return query.contains(name); }
    std::string Query(const std::string& name) const {
      const auto found = query.find(name);
      return found == query.end() ? "" : found->second;
    }
    std::string Header(const std::string& name) const {
      const auto found = headers.find(name);
      return found == headers.end() ? "" : found->second;
    }
  };
  struct Answer {
    int status = 200;
    std::map<std::string, std::string> headers = {};
    std::string body = {};
  };
  enum class Fault {
    kNone,
    kReset,   ///< Nothing is done, the connection ends.
    kLost,    ///< All is done, but the connection ends before the answer.
    kCut,     ///< The answer ends early.
    kSilent,  ///< Nothing is done, and nothing said.
  };

  /// What a test decides for a request, before it is looked at.
  std::function<Fault(const Request&)> fault = [](const Request&) {
    return Fault::kNone;
  };
  std::function<std::optional<Answer>(const Request&)> answer = [](const Request&) {
    return std::nullopt;
  };

  TestS3Server() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(listener_, 64) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw Fail(ErrorKind::kInternal, "No socket to test with");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { Accept(); });
  }
  TestS3Server(const TestS3Server&) = delete;
  TestS3Server& operator=(const TestS3Server&) = delete;
  ~TestS3Server() {
    stop_ = true;
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    close(listener_);
    {
      const std::lock_guard lock(mutex_);
      for (const int connection : connections_) shutdown(connection, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
  }

  std::string endpoint() const { return fmt::format("http://127.0.0.1:{}", port_); }

  /// Requests that came, as "PUT data/t/a".
  std::vector<std::string> log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }
  std::vector<std::string> open_uploads() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> keys;
    for (const auto& [id, upload] : uploads_) keys.push_back(upload.key);
    return keys;
  }
  std::map<std::string, std::string> headers_of(const std::string& key) {
    const std::lock_guard lock(mutex_);
    return objects_.at(key).headers;
  }

  /// An error as S3 writes it.
  static Answer Refusal(int status, const std::string& code,
                        const std::string& message = "") {
    return {.status = status,
            .body = fmt::format("<?xml version=\"1.0\"?>\n<Error><Code>{}</Code>"
                                "<Message>{}</Message></Error>",
                                code, message)};
  }

  /// Small, so that tests see more than one page.
  size_t page = 3;

 private:
  struct Stored {
    std::string content;
    std::string etag;
    std::map<std::string, std::string> headers;
  };
  struct Upload {
    std::string key;
    std::map<std::string, std::string> headers;
    std::map<int, Stored> parts;
  };

  void Accept() {
    while (!stop_) {
      const int connection = accept(listener_, nullptr, nullptr);
      if (connection < 0) continue;
      const std::lock_guard lock(mutex_);
      connections_.insert(connection);
      threads_.emplace_back([this, connection] {
        Serve(connection);
        const std::lock_guard ending(mutex_);
        connections_.erase(connection);
        close(connection);
      });
    }
  }

  static bool ReadMore(int connection, std::string* buffer) {
    char piece[64 << 10];
    const ssize_t size = recv(connection, piece, sizeof piece, 0);
    if (size <= 0) return false;
    buffer->append(piece, static_cast<size_t>(size));
    return true;
  }

  static void Write(int connection, std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = send(connection, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      text.remove_prefix(static_cast<size_t>(sent));
    }
  }

  static std::string Decode(std::string_view text) {
    std::string decoded;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '%') {
        decoded.push_back(text[i]);
        continue;
      }
      decoded.push_back(
          static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16)));
      i += 2;
    }
    return decoded;
  }

  static std::string Encode(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
      encoded += std::isalnum(static_cast<unsigned char>(c)) != 0 && c > 0
                     ? std::string(1, c)
                     : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return encoded;
  }

  static Request Parse(std::string_view head) {
    Request request;
    const size_t line_end = head.find("\r\n");
    const std::string_view line = head.substr(0, line_end);
    const size_t space = line.find(' ');
    request.method = line.substr(0, space);
    std::string_view target = line.substr(space + 1);
    target = target.substr(0, target.find(' '));
    const size_t question = target.find('?');
    const std::string path = Decode(target.substr(0, question));
    const size_t slash = path.find('/', 1);
    if (slash != std::string::npos) request.key = path.substr(slash + 1);
    std::string_view query =
        question == std::string_view::npos ? "" : target.substr(question + 1);
    while (!query.empty()) {
      const size_t end = std::min(query.find('&'), query.size());
      const std::string_view pair = query.substr(0, end);
      const size_t equals = pair.find('=');
      request.query[Decode(pair.substr(0, equals))] = Decode(pair.substr(equals + 1));
      query.remove_prefix(std::min(end + 1, query.size()));
    }
    std::string_view rest = head.substr(line_end + 2);
    while (!rest.empty()) {
      const size_t end = rest.find("\r\n");
      const std::string_view header = rest.substr(0, end);
      const size_t colon = header.find(':');
      if (colon != std::string_view::npos) {
        std::string name(header.substr(0, colon));
        std::ranges::transform(name, name.begin(),
                               [](unsigned char c) { return std::tolower(c); });
        const size_t value = header.find_first_not_of(' ', colon + 1);
        request.headers[name] =
            value == std::string_view::npos ? "" : header.substr(value);
      }
      if (end == std::string_view::npos) break;
      rest.remove_prefix(end + 2);
    }
    return request;
  }

  void Serve(int connection) {
    std::string buffer;
    while (!stop_) {
      size_t end = 0;
      while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
        if (!ReadMore(connection, &buffer)) return;
      }
      Request request = Parse(std::string_view(buffer).substr(0, end));
      buffer.erase(0, end + 4);
      const std::string length = request.Header("content-length");
      const size_t size = length.empty() ? 0 : std::stoul(length);
      while (buffer.size() < size) {
        if (!ReadMore(connection, &buffer)) return;
      }
      request.body = buffer.substr(0, size);
      buffer.erase(0, size);
      if (!Respond(connection, request)) return;
    }
  }

  bool Respond(int connection, const Request& request) {
    Fault chosen;
    Answer reply;
    {
      const std::lock_guard lock(mutex_);
      log_.push_back(request.method + " " + request.key);
      chosen = fault(request);
      if (chosen == Fault::kNone || chosen == Fault::kLost || chosen == Fault::kCut) {
        const auto given = answer(request);
        reply = given ? *given : Handle(request);
      }
    }
    if (chosen == Fault::kReset || chosen == Fault::kLost) return false;
    if (chosen == Fault::kSilent) {
      std::string ignored;
      while (ReadMore(connection, &ignored)) ignored.clear();
      return false;
    }
    std::string text = fmt::format("HTTP/1.1 {} X\r\n", reply.status);
    for (const auto& [name, value] : reply.headers) {
      text += fmt::format("{}: {}\r\n", name, value);
    }
    if (!reply.headers.contains("content-length")) {
      text += fmt::format("content-length: {}\r\n", reply.body.size());
    }
    text += "\r\n";
    if (request.method != "HEAD") text += reply.body;
    if (chosen == Fault::kCut) text.resize(text.size() - 1 - reply.body.size() / 2);
    Write(connection, text);
    return chosen == Fault::kNone;
  }

  Answer Handle(const Request& request) {
    if (request.key.empty()) return HandleBucket(request);
    const std::string checksum = request.Header("x-amz-checksum-sha256");
    if (!checksum.empty() && checksum != Base64Of(Sha256(request.body))) {
      return Refusal(400, "BadDigest");
    }
    if (request.Asks("uploads") || request.Asks("uploadId")) return HandleUpload(request);
    if (request.method == "PUT") return HandlePut(request);
    if (request.method == "DELETE") {
      objects_.erase(request.key);
      return {.status = 204};
    }
    return HandleRead(request);
  }

  Answer HandlePut(const Request& request) {
    const auto found = objects_.find(request.key);
    const std::string match = request.Header("if-match");
    if (request.Header("if-none-match") == "*" && found != objects_.end()) {
      return Refusal(412, "PreconditionFailed");
    }
    if (!match.empty() && found == objects_.end()) return Refusal(404, "NoSuchKey");
    if (!match.empty() && found->second.etag != match) {
      return Refusal(412, "PreconditionFailed");
    }
    Stored& stored = objects_[request.key] = Store(request.body);
    stored.headers = request.headers;
    return {.headers = {{"ETag", stored.etag}}};
  }

  Stored Store(const std::string& content) {
    return {
        .content = content, .etag = fmt::format("\"{:x}\"", ++versions_), .headers = {}};
  }

  Answer HandleRead(const Request& request) {
    const auto found = objects_.find(request.key);
    if (found == objects_.end()) return Refusal(404, "NoSuchKey");
    const Stored& stored = found->second;
    const std::string match = request.Header("if-match");
    if (!match.empty() && match != stored.etag) return Refusal(412, "PreconditionFailed");
    Answer reply{.headers = {{"ETag", stored.etag}}, .body = stored.content};
    if (request.method == "HEAD") {
      reply.headers["content-length"] = std::to_string(stored.content.size());
    }
    const std::string range = request.Header("range");
    if (range.empty()) return reply;
    const size_t begin = std::stoul(range.substr(range.find('=') + 1));
    const size_t last = std::min(std::stoul(range.substr(range.find('-') + 1)),
                                 std::max<size_t>(stored.content.size(), 1) - 1);
    if (begin >= stored.content.size()) return Refusal(416, "InvalidRange");
    reply.status = 206;
    reply.body = stored.content.substr(begin, last - begin + 1);
    reply.headers["Content-Range"] =
        fmt::format("bytes {}-{}/{}", begin, last, stored.content.size());
    return reply;
  }

  Answer HandleUpload(const Request& request) {
    if (request.Asks("uploads")) {
      const std::string id = fmt::format("upload&{}", ++versions_);
      uploads_[id] = {.key = request.key, .headers = request.headers, .parts = {}};
      return {.body = fmt::format("<InitiateMultipartUploadResult><UploadId>upload&amp;{}"
                                  "</UploadId></InitiateMultipartUploadResult>",
                                  versions_)};
    }
    const auto found = uploads_.find(request.Query("uploadId"));
    if (found == uploads_.end()) return Refusal(404, "NoSuchUpload");
    if (request.method == "DELETE") {
      uploads_.erase(found);
      return {.status = 204};
    }
    if (request.method == "PUT") {
      Stored& part = found->second.parts[std::stoi(request.Query("partNumber"))] =
          Store(request.body);
      return {.headers = {{"ETag", part.etag}}};
    }
    std::string content;
    for (const auto& [number, part] : found->second.parts) {
      if (request.body.find("&quot;" + part.etag.substr(1, part.etag.size() - 2)) ==
          std::string::npos) {
        return Refusal(400, "InvalidPart");
      }
      content += part.content;
    }
    Stored& stored = objects_[request.key] = Store(content);
    stored.headers = found->second.headers;
    uploads_.erase(found);
    return {.body = "<CompleteMultipartUploadResult/>"};
  }

  static std::string Unescape(std::string text) {
    const std::pair<const char*, const char*> names[] = {
        {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&amp;", "&"}};
    for (const auto& [name, character] : names) {
      for (size_t at = 0; (at = text.find(name, at)) != std::string::npos; ++at) {
        text.replace(at, std::string_view(name).size(), character);
      }
    }
    return text;
  }

  Answer HandleBucket(const Request& request) {
    if (request.Asks("delete")) {
      size_t at = 0;
      while ((at = request.body.find("<Key>", at)) != std::string::npos) {
        at += 5;
        objects_.erase(
            Unescape(request.body.substr(at, request.body.find("</Key>", at) - at)));
      }
      return {.body = "<DeleteResult/>"};
    }
    const std::string prefix = request.Query("prefix");
    if (request.Asks("uploads")) {
      std::string body = "<ListMultipartUploadsResult>";
      for (const auto& [id, upload] : uploads_) {
        if (!upload.key.starts_with(prefix)) continue;
        body += fmt::format(
            "<Upload><Key>{}</Key><UploadId>upload&amp;{}</UploadId></Upload>",
            upload.key, id.substr(id.find('&') + 1));
      }
      return {.body = body + "</ListMultipartUploadsResult>"};
    }
    std::string body = "<ListBucketResult><EncodingType>url</EncodingType>";
    size_t count = 0;
    for (auto object = objects_.upper_bound(request.Query("continuation-token"));
         object != objects_.end(); ++object) {
      const auto& [key, stored] = *object;
      if (!key.starts_with(prefix)) continue;
      if (count == page) {
        body += "<IsTruncated>true</IsTruncated><NextContinuationToken>" + last_ +
                "</NextContinuationToken>";
        break;
      }
      ++count;
      last_ = key;
      body += fmt::format(
          "<Contents><Key>{}</Key><Size>{}</Size><ETag>&quot;{}&quot;</ETag>"
          "</Contents>",
          Encode(key), stored.content.size(),
          stored.etag.substr(1, stored.etag.size() - 2));
    }
    return {.body = body + "</ListBucketResult>"};
  }

  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread acceptor_;

  std::mutex mutex_;  ///< For all below.
  std::set<int> connections_;
  std::vector<std::thread> threads_;
  std::vector<std::string> log_;
  std::map<std::string, Stored> objects_;
  std::map<std::string, Upload> uploads_;
  int64_t versions_ = 0;
  std::string last_;
};

}  // namespace shoestring
