#include "job/glue_catalog.h"

#include <algorithm>
#include <boost/json.hpp>
#include <span>

#include "base/error.h"
#include "base/json.h"

namespace shoestring {

namespace {

namespace json = boost::json;

// What Glue takes at once.
constexpr size_t kMostToAdd = 100;
constexpr size_t kMostToRemove = 25;

std::string Text(std::string_view text) { return json::serialize(json::value(text)); }

std::string TableBody(const TableDeclaration& table, const std::string& more) {
  return fmt::format(R"({{"DatabaseName": {}, "TableName": {}{}}})", Text(table.database),
                     Text(table.name), more);
}

/// Some of a batch may have failed though the call did not.
void CheckBatch(const std::string& answer, std::string_view harmless) {
  const auto document = ParseJson(answer, "Glue's answer");
  const auto errors = JsonView(document, "Glue's answer").Find("Errors");
  if (!errors) return;
  for (const JsonView& error : errors->Items()) {
    const JsonView detail = error["ErrorDetail"];
    const std::string_view code = detail["ErrorCode"].Text();
    if (code == harmless) continue;
    throw Fail(ErrorKind::kUnavailable, "Glue refuses a partition, try again: {}", code);
  }
}

template <typename Send>
void InBatches(const std::vector<PartitionValues>& partitions, size_t most,
               const Send& send) {
  for (size_t i = 0; i < partitions.size(); i += most) {
    send(std::span(partitions).subspan(i, std::min(most, partitions.size() - i)));
  }
}

}  // namespace

GlueCatalog::GlueCatalog(const std::string& region)
    : client_({.name = "glue", .target = "AWSGlue", .title = "Glue", .region = region},
              ProcessEnvironment) {}

std::string GlueCatalog::Call(std::string_view operation, const std::string& body) {
  return client_.Call({.operation = operation, .body = body});
}

void GlueCatalog::CreateDatabase(const std::string& database) {
  try {
    Call("GetDatabase", fmt::format(R"({{"Name": {}}})", Text(database)));
    return;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kNotFound) throw;
  }
  try {
    Call("CreateDatabase",
         fmt::format(R"({{"DatabaseInput": {{"Name": {}}}}})", Text(database)));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kConflict) throw;  // It is there by now.
  }
}

std::optional<GlueTable> GlueCatalog::Find(const std::string& database,
                                           const std::string& name) {
  try {
    return ParseGlueTable(
        Call("GetTable", fmt::format(R"({{"DatabaseName": {}, "Name": {}}})",
                                     Text(database), Text(name))));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kNotFound) return std::nullopt;
    throw;
  }
}

void GlueCatalog::Create(const TableDeclaration& table) {
  Call("CreateTable", fmt::format(R"({{"DatabaseName": {}, "TableInput": {}}})",
                                  Text(table.database), FormatGlueTable(table)));
}

void GlueCatalog::Update(const TableDeclaration& table, const GlueTable& looked_at) {
  std::string body = fmt::format(
      R"({{"DatabaseName": {}, "TableInput": {}, "SkipArchive": true)",
      Text(table.database), FormatGlueTable(table, looked_at.ForeignProperties()));
  if (!looked_at.version.empty()) {
    body += fmt::format(R"(, "VersionId": {})", Text(looked_at.version));
  }
  Call("UpdateTable", body + "}");
}

std::vector<PartitionValues> GlueCatalog::Partitions(const TableDeclaration& table) {
  std::vector<PartitionValues> all;
  const std::string more = R"(, "ExcludeColumnSchema": true)";
  for (std::string token;;) {
    GluePartitions page =
        ParseGluePartitions(Call("GetPartitions", TableBody(table, more + token)));
    std::ranges::move(page.partitions, std::back_inserter(all));
    if (page.next_token.empty()) break;
    token = fmt::format(R"(, "NextToken": {})", Text(page.next_token));
  }
  return all;
}

void GlueCatalog::AddPartitions(const TableDeclaration& table,
                                const std::vector<PartitionValues>& partitions) {
  InBatches(partitions, kMostToAdd, [&](std::span<const PartitionValues> batch) {
    std::vector<std::string> inputs;
    for (const auto& values : batch) inputs.push_back(FormatGluePartition(table, values));
    CheckBatch(Call("BatchCreatePartition",
                    TableBody(table, fmt::format(R"(, "PartitionInputList": [{}])",
                                                 fmt::join(inputs, ",")))),
               "AlreadyExistsException");
  });
}

void GlueCatalog::RemovePartitions(const TableDeclaration& table,
                                   const std::vector<PartitionValues>& partitions) {
  InBatches(partitions, kMostToRemove, [&](std::span<const PartitionValues> batch) {
    std::vector<std::string> inputs;
    for (const auto& values : batch) {
      inputs.push_back(
          fmt::format(R"({{"Values": ["{}"]}})", fmt::join(values, "\",\"")));
    }
    CheckBatch(Call("BatchDeletePartition",
                    TableBody(table, fmt::format(R"(, "PartitionsToDelete": [{}])",
                                                 fmt::join(inputs, ",")))),
               "EntityNotFoundException");
  });
}

}  // namespace shoestring
