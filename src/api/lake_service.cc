#include "api/lake_service.h"

#include <fmt/ranges.h>

#include <charconv>
#include <cstdio>

#include "api/api_service.h"
#include "api/lake_watcher.h"
#include "base/error.h"
#include "base/terminal_text.h"
#include "base/units.h"
#include "engine/engine_registry.h"
#include "lake/catalog.h"

namespace shoestring {

namespace {

constexpr std::string_view kSection = "serve";

std::chrono::seconds Now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::system_clock::now().time_since_epoch());
}

std::string LakeVersion(ObjectStore* store) {
  const auto info = store->Head(kLakeStateKey);
  return info ? info->etag : "";
}

AuthOptions OpenDoors(const LakeServiceOptions& options, const Settings& settings) {
  AuthOptions auth = ReadAuthOptions(settings, Now());
  auth.anonymous = auth.anonymous || options.anonymous;
  if (!auth.closed()) return auth;
  throw Fail(
      ErrorKind::kInvalidArgument,
      "There is no key that could let anybody in. Set SHOESTRING_SERVE_ANON_KEY, "
      "SHOESTRING_SERVE_JWT_SECRET or the like (docs/serve.md), or give --anonymous "
      "(SHOESTRING_SERVE_ANONYMOUS=true) to let everybody in as the role anon");
}

Roles ReadRoles(const std::optional<SettingsFile>& file) {
  return file ? Roles::Parse(file->text, file->name) : Roles();
}

void TellOfOldVersion(const std::string& what) {
  std::fprintf(stderr,
               "shoestring: the lake's version that was read last is served on: %s\n",
               what.c_str());
}

int64_t ReadCount(const std::string& text, std::string_view name) {
  int64_t count = -1;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), count);
  if (error == std::errc() && end == text.data() + text.size() && count >= 0)
    return count;
  throw Fail(ErrorKind::kInvalidArgument, "[{}] {} must be a number, not: {}", kSection,
             name, text);
}

std::vector<std::string> ReadList(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const size_t end = std::min(text.find(','), text.size());
    if (end > 0) names.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return names;
}

RestOptions ReadRestOptions(const Settings& settings) {
  RestOptions rest;
  rest.engine = settings.Get("", "engine", rest.engine);
  rest.queries = settings.Get(kSection, "queries", "");
  rest.schemas = ReadList(settings.Get(kSection, "schema", ""));
  rest.correlation = ReadCorrelationSettings(settings);
  if (const auto rows = settings.Find(kSection, "max_rows")) {
    rest.max_rows = ReadCount(*rows, "max_rows");
  }
  if (const auto bytes = settings.Find(kSection, "max_bytes")) {
    rest.max_bytes = ParseBytes(*bytes);
  }
  if (const auto memory = settings.Find(kSection, "memory")) {
    rest.limits.memory_bytes = ParseBytes(*memory);
  }
  return rest;
}

HotTables HotTablesOf(const LakeServiceOptions& options) {
  return {options.hot, options.hot_bytes, options.rest.limits,
          [](const HotTablesInMemory& now) {
            std::fprintf(stderr, "Hot tables in memory: %s rows, %s\n",
                         FormatCount(now.rows).c_str(), FormatBytes(now.bytes).c_str());
          },
          [](const std::string& what) {
            std::fprintf(stderr,
                         "shoestring: hot tables are read from their files, until the "
                         "next version: %s\n",
                         Printable(what).c_str());
          }};
}

}  // namespace

LakeServiceOptions ReadLakeServiceOptions(const Settings& settings) {
  LakeServiceOptions options;
  options.lake = settings.Get("", "lake", "");
  options.rest = ReadRestOptions(settings);
  return options;
}

/// In the order in which each uses those before it.
class LakeService::Parts {
 public:
  Parts(const LakeServiceOptions& options, const Settings& settings,
        const std::optional<SettingsFile>& file)
      : context_{settings, [this] { return store_.get(); }, HotTablesOf(options)},
        roles_(ReadRoles(file)),
        authenticator_(OpenDoors(options, settings)),
        store_(OpenObjectStore(options.lake, /*create=*/false, options.s3)),
        engine_(OpenEngine(options.rest.engine, context_)),
        version_(LakeVersion(store_.get())),
        api_(engine_.get(), ReadLakeSchema(store_.get()), options.rest,
             [this] { watcher_.Look(); }),
        service_(
            [this](const ApiRequest& request, const CallersAccess& access_of,
                   std::stop_token cancel, std::chrono::milliseconds time) {
              return api_.Handle(request, access_of, std::move(cancel), time);
            },
            authenticator_, roles_),
        watcher_(
            {[this] { return LakeVersion(store_.get()); },
             [this] { api_.SetSchema(ReadLakeSchema(store_.get())); }, TellOfOldVersion},
            version_, options.refresh) {
    CheckPredicates();
  }

  const ApiService& service() const { return service_; }
  LakeWatcher& watcher() { return watcher_; }
  std::vector<std::string> Remarks() const;
  LakeFigures Figures() const;

 private:
  void CheckPredicates();
  void CheckPredicate(const Access& access, const ApiTable& table);

  EngineContext context_;
  const Roles roles_;
  const Authenticator authenticator_;
  std::unique_ptr<ObjectStore> store_;
  std::unique_ptr<Engine> engine_;
  const std::string version_;  ///< Of the lake, before its schema was read.
  RestApi api_;
  const ApiService service_;
  LakeWatcher watcher_;
};

LakeFigures LakeService::Parts::Figures() const {
  const auto schema = api_.schema();
  return {schema->state.sequence, static_cast<int64_t>(schema->tables.size()),
          watcher_.failures(), store_->statistics()};
}

/// A predicate that cannot be read is found when the server starts, not when the first
/// user asks.
void LakeService::Parts::CheckPredicates() {
  const auto schema = api_.schema();
  for (const std::string& role : roles_.Names()) {
    const Access access = roles_.AccessOf({role, "{}"}, *schema);
    for (const auto& [name, table] : access.tables) {
      if (!table.rows.empty()) CheckPredicate(access, schema->tables.at(name));
    }
  }
}

void LakeService::Parts::CheckPredicate(const Access& access, const ApiTable& table) {
  constexpr int kFirstError = 400;
  constexpr std::chrono::seconds kTime{30};
  ApiRequest request;
  request.method = "GET";
  request.path = "/" + table.name;
  request.query = "limit=0";
  request.headers = {{"accept-profile", table.schema}};
  const ApiResponse response = api_.Handle(
      request, [&](const LakeSchema&) { return access; }, {}, kTime);
  if (response.status < kFirstError) return;
  throw Fail(ErrorKind::kInvalidArgument,
             "[roles.{}] {}: what is declared cannot be asked for: {}", access.role,
             table.lake_name, response.body ? response.body->Next().value_or("") : "");
}

std::vector<std::string> LakeService::Parts::Remarks() const {
  std::vector<std::string> remarks;
  const auto schema = api_.schema();
  for (const std::string& role : roles_.Names()) {
    const auto closed = roles_.Closed(role, *schema);
    if (closed.empty()) continue;
    remarks.push_back(
        fmt::format("closed to {}, since row-level security held for it in the source "
                    "and no rows are "
                    "declared: {}",
                    role, fmt::join(closed, ", ")));
  }
  for (const std::string& table : roles_.Unknown(*schema)) {
    remarks.push_back(fmt::format("declared, but not in the lake: {}", table));
  }
  return remarks;
}

LakeService::LakeService(const LakeServiceOptions& options, const Settings& settings,
                         const std::optional<SettingsFile>& file) {
  if (options.lake.empty()) {
    throw Fail(ErrorKind::kInvalidArgument,
               "--lake is required, or SHOESTRING_LAKE, or lake in shoestring.toml");
  }
  parts_ = std::make_unique<Parts>(options, settings, file);
}

LakeService::~LakeService() = default;

std::optional<ServedResponse> LakeService::AnswerAtOnce(const ApiRequest& request) const {
  return parts_->service().AnswerAtOnce(request);
}

ServedResponse LakeService::Handle(const ApiRequest& request, std::stop_token cancel,
                                   std::chrono::milliseconds time) const {
  return parts_->service().Handle(request, std::move(cancel), time);
}

void LakeService::Look() { parts_->watcher().Look(); }

std::vector<std::string> LakeService::Remarks() const { return parts_->Remarks(); }

LakeFigures LakeService::Figures() const { return parts_->Figures(); }

}  // namespace shoestring
