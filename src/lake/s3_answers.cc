#include "lake/s3_answers.h"

#include <pugixml.hpp>

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace shoestring {

namespace {

/// A document whose root must have this name.
class Answer {
 public:
  Answer(std::string_view xml, const char* root) : root_name_(root) {
    if (!document_.load_buffer(xml.data(), xml.size()) || !root_node()) {
      throw Fail(ErrorKind::kCorrupt, "S3's answer is no {}: {}", root,
                 xml.substr(0, kMostShown));
    }
    url_encoded_ = std::string_view(root_node().child_value("EncodingType")) == "url";
  }

  pugi::xml_node root_node() const { return document_.child(root_name_); }

  std::string Text(const pugi::xml_node& node, const char* name) const {
    return node.child_value(name);
  }

  /// A key, which may be encoded so that XML can hold it.
  std::string Key(const pugi::xml_node& node, const char* name) const {
    const std::string_view text = node.child_value(name);
    return url_encoded_ ? Decode(text) : std::string(text);
  }

  bool Flag(const char* name) const {
    return std::string_view(root_node().child_value(name)) == "true";
  }

 private:
  static constexpr size_t kMostShown = 100;

  static std::string Decode(std::string_view text) {
    std::string decoded;
    for (size_t i = 0; i < text.size(); ++i) {
      unsigned char byte = 0;
      if (text[i] == '+') {
        decoded.push_back(' ');
      } else if (text[i] == '%' && i + 2 < text.size() &&
                 std::from_chars(&text[i + 1], &text[i + 1] + 2, byte, 16).ptr ==
                     &text[i + 1] + 2) {
        decoded.push_back(static_cast<char>(byte));
        i += 2;
      } else {
        decoded.push_back(text[i]);
      }
    }
    return decoded;
  }

  const char* root_name_;
  pugi::xml_document document_;
  bool url_encoded_ = false;
};

int64_t ParseSize(std::string_view text) {
  int64_t size = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || end != text.data() + text.size() || size < 0) {
    throw Fail(ErrorKind::kCorrupt, "S3 gives no size of an object: '{}'", text);
  }
  return size;
}

S3Error ErrorIn(const pugi::xml_node& node) {
  return {.code = node.child_value("Code"),
          .message = node.child_value("Message"),
          .region = node.child_value("Region")};
}

}  // namespace

S3Error ParseS3Error(std::string_view xml) {
  pugi::xml_document document;
  document.load_buffer(xml.data(), xml.size());
  return ErrorIn(document.child("Error"));
}

bool IsS3Error(std::string_view xml) {
  pugi::xml_document document;
  return document.load_buffer(xml.data(), xml.size()) && document.child("Error");
}

S3Page ParseS3Page(std::string_view xml) {
  const Answer answer(xml, "ListBucketResult");
  S3Page page;
  for (const pugi::xml_node& node : answer.root_node().children("Contents")) {
    page.objects.push_back({.key = answer.Key(node, "Key"),
                            .size = ParseSize(node.child_value("Size")),
                            .etag = UnquotedEtag(node.child_value("ETag"))});
  }
  if (!answer.Flag("IsTruncated")) return page;
  page.next = answer.Text(answer.root_node(), "NextContinuationToken");
  if (page.next.empty()) {
    throw Fail(ErrorKind::kCorrupt,
               "S3 lists a part of the objects, and not how to go on");
  }
  return page;
}

S3UploadPage ParseS3UploadPage(std::string_view xml) {
  const Answer answer(xml, "ListMultipartUploadsResult");
  const pugi::xml_node root = answer.root_node();
  S3UploadPage page;
  for (const pugi::xml_node& node : root.children("Upload")) {
    page.uploads.push_back({answer.Key(node, "Key"), answer.Text(node, "UploadId")});
  }
  page.more = answer.Flag("IsTruncated");
  page.next = {answer.Key(root, "NextKeyMarker"),
               answer.Text(root, "NextUploadIdMarker")};
  if (page.more && page.next.key.empty()) {
    throw Fail(ErrorKind::kCorrupt,
               "S3 lists a part of the uploads, and not how to go on");
  }
  return page;
}

std::string ParseS3UploadId(std::string_view xml) {
  const Answer answer(xml, "InitiateMultipartUploadResult");
  std::string id = answer.Text(answer.root_node(), "UploadId");
  if (id.empty()) throw Fail(ErrorKind::kCorrupt, "S3 begins an upload without an id");
  return id;
}

std::vector<S3DeleteError> ParseS3DeleteErrors(std::string_view xml) {
  const Answer answer(xml, "DeleteResult");
  std::vector<S3DeleteError> errors;
  for (const pugi::xml_node& node : answer.root_node().children("Error")) {
    errors.push_back({answer.Text(node, "Key"), ErrorIn(node)});
  }
  return errors;
}

std::string UnquotedEtag(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') {
    etag = etag.substr(1, etag.size() - 2);
  }
  return std::string(etag);
}

bool FitsXml(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c >= ' '; });
}

std::string XmlText(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      default: escaped.push_back(c);
    }
  }
  return escaped;
}

}  // namespace shoestring
