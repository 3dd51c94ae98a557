#include "api/request_handler.h"

#include <arrow/buffer.h>
#include <arrow/io/memory.h>

#include <algorithm>

#include "api/api_error.h"
#include "api/correlation_function.h"
#include "api/openapi.h"
#include "api/row_writer.h"
#include "api/sql_request.h"
#include "api/whole_body.h"
#include "base/nearest_name.h"
#include "engine/result_format.h"

namespace shoestring {

namespace {

constexpr std::string_view kPrefix = "/rest/v1";
constexpr double kLikeName = 0.75;

/// The parts of a path, "/rest/v1" taken off.
std::vector<std::string> PathParts(std::string_view path) {
  if (path.starts_with(kPrefix) &&
      (path.size() == kPrefix.size() || path[kPrefix.size()] == '/')) {
    path.remove_prefix(kPrefix.size());
  }
  if (path.starts_with('/')) path.remove_prefix(1);
  std::vector<std::string> parts;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    parts.push_back(DecodePercent(path.substr(0, end), /*plus=*/false));
    if (end + 1 == path.size()) parts.emplace_back();
    path.remove_prefix(std::min(path.size(), end + 1));
  }
  return parts;
}

bool IsRead(const std::string& method) { return method == "GET" || method == "HEAD"; }

[[noreturn]] void NoSuchMethod(const std::string& method) {
  throw ApiError(405, "PGRST117", "Unsupported HTTP method: " + method);
}

[[noreturn]] void ReadOnly(const char* statement) {
  throw ApiError(405, "25006",
                 fmt::format("cannot execute {} in a read-only transaction", statement));
}

/// For a header: nothing in a name can end it.
std::string HeaderSafe(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (static_cast<uint8_t>(c) <= 0x20 || c == 0x7f) {
      safe += fmt::format("%{:02X}", static_cast<uint8_t>(c));
    } else {
      safe += c;
    }
  }
  return safe;
}

ApiError Denied(const Access& access, const std::string& what) {
  ApiError error(access.signed_in ? 403 : 401, "42501", "permission denied for " + what);
  if (access.signed_in) return error;
  return std::move(error).WithHeader("WWW-Authenticate", "Bearer");
}

/// Rows with all that they speak of, for as long as they are being written.
struct HeldAnswer {
  std::shared_ptr<const LakeSnapshot> snapshot;
  ReadNode node;
  FetchedRows rows;
};

}  // namespace

RequestHandler::RequestHandler(const ApiContext& context,
                               std::shared_ptr<const LakeSnapshot> snapshot,
                               const ApiRequest& request, const Access& access,
                               std::stop_token cancel,
                               std::chrono::steady_clock::time_point deadline)
    : context_(context),
      snapshot_(std::move(snapshot)),
      engine_(context.engine, snapshot_->schema->state.sequence),
      request_(request),
      access_(access),
      preferences_(ParsePreferences(request)),
      is_head_(request.method == "HEAD") {
  budget_.limits = context.options.limits;
  budget_.cancel = std::move(cancel);
  budget_.bytes_left = context.options.max_bytes;
  budget_.deadline = deadline;
}

ApiResponse RequestHandler::Answer() {
  const std::vector<std::string> parts = PathParts(request_.path);
  if (parts.empty() || (parts.size() == 1 && parts[0].empty())) return AnswerRoot();
  if (parts.size() == 2 && parts[0] == "rpc") return AnswerFunction(parts[1]);
  if (parts.size() == 1 && parts[0] == "sql" && request_.method == "POST") {
    return AnswerSql();
  }
  if (parts.size() == 1) return AnswerTable(parts[0]);
  throw ApiError(404, "PGRST125", "Invalid path specified in request URL");
}

ApiResponse RequestHandler::Allow(const char* methods) const {
  ApiResponse response;
  response.headers.emplace_back("Allow", methods);
  response.body = TextBody("");
  return response;
}

const std::string& RequestHandler::Schema() const {
  const auto asked =
      request_.Header(IsRead(request_.method) ? "accept-profile" : "content-profile");
  const auto& schemas = snapshot_->schemas;
  if (!asked) return schemas.front();
  const auto found = std::ranges::find(schemas, *asked);
  if (found != schemas.end()) return *found;
  throw ApiError(406, "PGRST106", "Invalid schema: " + *asked)
      .WithHint(fmt::format("Only the following schemas are exposed: {}",
                            fmt::join(schemas, ", ")));
}

const ApiTable& RequestHandler::FindTable(const std::string& name) const {
  const std::string& schema = Schema();
  if (const ApiTable* table = snapshot_->schema->Find(schema, name)) return *table;
  const Visibility visibility(access_);
  std::vector<std::string> names;
  for (const auto& [lake_name, table] : snapshot_->schema->tables) {
    if (table.schema == schema && visibility.Sees(table)) names.push_back(table.name);
  }
  ApiError error(
      404, "PGRST205",
      fmt::format("Could not find the table '{}.{}' in the schema cache", schema, name));
  const std::string nearest = NearestName(names, name, kLikeName);
  if (nearest.empty()) throw error;
  throw std::move(error).WithHint(
      fmt::format("Perhaps you meant the table '{}.{}'", schema, nearest));
}

ApiResponse RequestHandler::AnswerRoot() {
  if (request_.method == "OPTIONS") return Allow("OPTIONS,GET,HEAD");
  if (!IsRead(request_.method)) NoSuchMethod(request_.method);
  const std::string& schema = Schema();
  const MediaType type = NegotiateMediaType(request_, /*root=*/true);
  ApiResponse response;
  AddCommonHeaders(type, &response);
  if (!is_head_) {
    response.body =
        TextBody(DescribeApi(*snapshot_->schema, schema, context_.functions, access_));
  }
  return response;
}

ApiResponse RequestHandler::AnswerTable(const std::string& name) {
  const std::string& method = request_.method;
  if (method == "POST" || method == "PUT" || method == "PATCH" || method == "DELETE") {
    FindTable(name);
    ReadOnly(method == "DELETE" ? "DELETE" : method == "PATCH" ? "UPDATE" : "INSERT");
  }
  if (method == "OPTIONS") {
    FindTable(name);
    return Allow("OPTIONS,GET,HEAD");
  }
  if (!IsRead(method)) NoSuchMethod(method);
  const RequestQuery query =
      ParseRequestQuery(request_.query, /*function=*/false, context_.options.max_depth);
  const ApiTable& table = FindTable(name);
  const std::string location =
      "/" + HeaderSafe(name) + (query.canonical.empty() ? "" : "?" + query.canonical);
  return Read(table, query, access_, std::nullopt, location);
}

const Function& RequestHandler::FindFunction(const std::string& name,
                                             const Arguments& arguments) const {
  const auto found = context_.functions.find(name);
  const bool there = found != context_.functions.end() &&
                     found->second.result.schema == Schema() &&
                     found->second.IsThere(*snapshot_->schema);
  if (there) return found->second;
  std::vector<std::string> given;
  for (const auto& [argument, text] : arguments) given.push_back(argument);
  std::ranges::sort(given);
  const std::string list = fmt::format("{}", fmt::join(given, ", "));
  const std::string function = Schema() + "." + name;
  ApiError error(
      404, "PGRST202",
      fmt::format("Could not find the function {}{} in the schema cache", function,
                  given.empty() ? " without parameters" : "(" + list + ")"));
  error = std::move(error).WithDetails(fmt::format(
      "Searched for the function {}{}, but no matches were found in the schema cache.",
      function,
      given.empty()
          ? " without parameters"
          : (given.size() > 1 ? " with parameters " : " with parameter ") + list));
  std::vector<std::string> names;
  for (const auto& [each, described] : context_.functions) {
    const bool callable =
        described.MayCall(access_) && described.IsThere(*snapshot_->schema);
    if (callable) names.push_back(each);
  }
  const std::string nearest = NearestName(names, name, kLikeName);
  if (nearest.empty()) throw error;
  throw std::move(error).WithHint(
      fmt::format("Perhaps you meant to call the function {}.{}", Schema(), nearest));
}

ApiResponse RequestHandler::AnswerFunction(const std::string& name) {
  const bool post = request_.method == "POST";
  const bool options = request_.method == "OPTIONS";
  if (!post && !options && !IsRead(request_.method)) {
    throw ApiError(405, "PGRST101",
                   "Cannot use the " + request_.method + " method on RPC");
  }
  const RequestQuery query =
      ParseRequestQuery(request_.query, /*function=*/!post, context_.options.max_depth);
  Arguments arguments;
  const std::string type = request_.Header("content-type").value_or("application/json");
  if (post && type.starts_with("application/x-www-form-urlencoded")) {
    for (auto& [key, text] : SplitQuery(request_.body))
      arguments.emplace_back(key, text.value_or(""));
  } else if (post) {
    arguments = ArgumentsOfJson(request_.body);
  } else {
    for (const auto& [key, text] : query.arguments) arguments.emplace_back(key, text);
  }
  const Function& function = FindFunction(name, arguments);
  if (options) return Allow("OPTIONS,GET,HEAD,POST");
  if (!function.MayCall(access_)) throw Denied(access_, "function " + name);
  if (!function.reads.empty()) {
    return AnswerCorrelation(query, ArgumentValues(function, arguments, access_));
  }
  Access whole;
  whole.service = true;
  return Read(function.result, query, whole,
              CallFunction(function, arguments, access_, preferences_.zone), "");
}

ApiResponse RequestHandler::AnswerCorrelation(
    const RequestQuery& query, const std::vector<std::optional<std::string>>& values) {
  const bool more = SplitQuery(request_.query).size() != query.arguments.size();
  if (more) {
    throw ApiError(400, "PGRST127", "Feature not implemented")
        .WithDetails("The answer is one object: there is nothing to select or filter");
  }
  const MediaType type = NegotiateMediaType(request_, /*root=*/false);
  if (type == MediaType::kCsv) {
    throw ApiError(406, "PGRST107", "None of these media types are available: text/csv");
  }
  Correlator correlator(&engine_, {.settings = context_.options.correlation,
                                   .dialect = context_.dialect,
                                   .limits = [this] { return budget_.ForQuery(); },
                                   .cancel = budget_.cancel});
  ApiResponse response;
  AddCommonHeaders(type, &response);
  std::string json = CallCorrelation(values, &correlator);
  if (!is_head_) response.body = TextBody(std::move(json));
  return response;
}

ApiResponse RequestHandler::AnswerSql() {
  if (!access_.service) throw Denied(access_, "/sql");
  const MediaType type = NegotiateMediaType(request_, /*root=*/false);
  const Statement statement = ReadSqlRequest(request_.body);
  budget_.limits.rows = context_.options.max_rows;
  const auto result = engine_.Run(statement, budget_.ForQuery(), budget_.cancel);
  auto to = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto writer =
      MakeResultWriter(type == MediaType::kCsv ? ResultFormat::kCsv : ResultFormat::kJson,
                       result->schema(), to);
  while (const auto batch = result->Next()) {
    writer->Write(*batch);
    if (to->Tell().ValueOr(0) > context_.options.max_bytes) {
      throw Fail(ErrorKind::kLimit,
                 "The answer is too large: ask for fewer rows or columns");
    }
  }
  writer->Finish();
  ApiResponse response;
  response.headers.emplace_back(
      "Content-Type", ContentType(type == MediaType::kCsv ? type : MediaType::kJson));
  response.body = TextBody(to->Finish().ValueOrDie()->ToString());
  return response;
}

void RequestHandler::AddCommonHeaders(MediaType type, ApiResponse* response) const {
  response->headers.emplace_back("Content-Type", ContentType(type));
  if (snapshot_->schemas.size() > 1) {
    response->headers.emplace_back("Content-Profile", Schema());
  }
  const std::string applied = preferences_.Applied();
  if (!applied.empty()) response->headers.emplace_back("Preference-Applied", applied);
}

std::optional<int64_t> RequestHandler::Total(
    const ReadNode& node, const FetchedRows& rows, const TopRange& range,
    std::optional<int64_t> limit, ReadQueryWriter* writer, RowFetcher* fetcher) const {
  if (preferences_.count == CountPreference::kNone) return std::nullopt;
  const auto fetched = static_cast<int64_t>(rows.rows.size());
  const bool last_page = !limit || fetched < *limit;
  if (last_page && (fetched > 0 || range.offset == 0) && !node.IsAggregated()) {
    return range.offset + fetched;
  }
  const bool catalog_knows = context_.dialect != SqlDialect::kPostgres;
  if (catalog_knows && writer->CountsAll(node)) return node.table->rows;
  return fetcher->Count(node);
}

std::unique_ptr<ApiBody> RequestHandler::Body(std::shared_ptr<const FetchedRows> rows,
                                              MediaType type) const {
  if (type == MediaType::kCsv) return WholeIfSmall(CsvBody(std::move(rows)));
  const bool stripped =
      type == MediaType::kJsonStripped || type == MediaType::kObjectStripped;
  if (type != MediaType::kObject && type != MediaType::kObjectStripped) {
    return WholeIfSmall(JsonArrayBody(std::move(rows), stripped));
  }
  std::string text;
  RowWriter(*rows, stripped).AppendJson(0, &text);
  return TextBody(std::move(text));
}

ApiResponse RequestHandler::Read(const ApiTable& table, const RequestQuery& query,
                                 const Access& access, std::optional<SqlSource> source,
                                 const std::string& location) {
  const auto top = query.ranges.find({});
  const PageBounds asked = top == query.ranges.end() ? PageBounds() : top->second;
  const TopRange range = RequestedRange(request_, asked.limit, asked.offset);
  const Visibility visibility(access);
  const auto held = std::make_shared<HeldAnswer>();
  held->snapshot = snapshot_;
  held->node = PlanRead(table, query, snapshot_->relations, visibility);
  const ReadNode& node = held->node;
  const MediaType type = NegotiateMediaType(request_, /*root=*/false);
  preferences_.Check();

  std::optional<int64_t> limit = range.limit;
  const int64_t most = context_.options.max_rows;
  if (most > 0) limit = std::min(limit.value_or(most), most);
  ReadQueryWriter writer(context_.dialect, &visibility, std::move(source),
                         preferences_.zone);
  RowFetcher fetcher(&engine_, context_.dialect, &writer, budget_);
  held->rows = fetcher.Fetch(node, limit, range.offset, most, /*shallow=*/is_head_);
  held->rows.ShowIn(preferences_.zone);
  std::shared_ptr<const FetchedRows> rows(held, &held->rows);
  const auto total = Total(node, *rows, range, limit, &writer, &fetcher);
  const auto fetched = static_cast<int64_t>(rows->rows.size());
  const ContentRange content = DescribeRange(range.offset, fetched, total);
  if (content.status == 416) {
    return OutOfBounds(content, range.offset, *total, request_.method);
  }
  const bool singular = type == MediaType::kObject || type == MediaType::kObjectStripped;
  if (singular && fetched != 1) {
    throw ApiError(406, "PGRST116", "Cannot coerce the result to a single JSON object")
        .WithDetails(fmt::format("The result contains {} rows", fetched));
  }
  ApiResponse response;
  response.status = content.status;
  response.headers.emplace_back("Content-Range", content.header);
  if (!location.empty()) response.headers.emplace_back("Content-Location", location);
  AddCommonHeaders(type, &response);
  if (!is_head_) response.body = Body(std::move(rows), type);
  return response;
}

}  // namespace shoestring
