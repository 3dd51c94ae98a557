#include "api/lake_server.h"

#include <fmt/ranges.h>

#include <cstdio>

#include "api/access_log.h"
#include "api/api_service.h"
#include "api/http_server.h"
#include "api/lake_watcher.h"
#include "api/server_metrics.h"
#include "base/error.h"
#include "base/terminal_text.h"
#include "base/units.h"
#include "engine/engine_registry.h"
#include "lake/catalog.h"

namespace shoestring {

namespace {

std::chrono::seconds Now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::system_clock::now().time_since_epoch());
}

std::string LakeVersion(ObjectStore* store) {
  const auto info = store->Head(kLakeStateKey);
  return info ? info->etag : "";
}

AuthOptions OpenDoors(const ServeOptions& options, const Settings& settings) {
  AuthOptions auth = ReadAuthOptions(settings, Now());
  auth.anonymous = auth.anonymous || options.anonymous;
  if (!auth.closed()) return auth;
  throw Fail(
      ErrorKind::kInvalidArgument,
      "There is no key that could let anybody in. Set SHOESTRING_SERVE_ANON_KEY, "
      "SHOESTRING_SERVE_JWT_SECRET or the like (docs/serve.md), or give --anonymous "
      "to let everybody in as the role anon");
}

Roles ReadRoles(const std::optional<SettingsFile>& file) {
  return file ? Roles::Parse(file->text, file->name) : Roles();
}

HotTables HotTablesOf(const ServeOptions& options) {
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

ServedResponse Page(int status, std::string_view type, std::string text) {
  ServedResponse served;
  served.response.status = status;
  served.response.headers = {{"Content-Type", std::string(type)},
                             {"Cache-Control", "no-store"}};
  served.response.body = TextBody(std::move(text));
  return served;
}

}  // namespace

/// In the order in which each uses those before it.
class LakeServer::Parts : public ServerObserver {
 public:
  Parts(const ServeOptions& options, const Settings& settings,
        const std::optional<SettingsFile>& file)
      : context_{settings, [this] { return store_.get(); }, HotTablesOf(options)},
        store_(OpenObjectStore(options.lake, /*create=*/false, options.s3)),
        engine_(OpenEngine(options.rest.engine, context_)),
        version_(LakeVersion(store_.get())),
        api_(engine_.get(), ReadLakeSchema(store_.get()), options.rest),
        roles_(ReadRoles(file)),
        service_({[this](const ApiRequest& request, const Access& access,
                         std::stop_token cancel, std::chrono::milliseconds time) {
                    return api_.Handle(request, access, std::move(cancel), time);
                  },
                  [this] { return api_.schema(); }},
                 Authenticator(OpenDoors(options, settings)), roles_),
        server_(
            options.listen, options.limits,
            [this](const ApiRequest& request, std::stop_token cancel,
                   std::chrono::milliseconds time) {
              return service_.Handle(request, std::move(cancel), time);
            },
            [this](const ApiRequest& request) { return AnswerAtOnce(request); }, this),
        watcher_({[this] { return LakeVersion(store_.get()); },
                  [this] { api_.SetSchema(ReadLakeSchema(store_.get())); },
                  [](const std::string& what) {
                    std::fprintf(stderr,
                                 "shoestring: the lake's version that was read "
                                 "last is served on: %s\n",
                                 what.c_str());
                  }},
                 version_, options.refresh) {
    CheckPredicates();
  }

  std::string address() const { return server_.address(); }
  void Run() { server_.Run(); }
  std::vector<std::string> Remarks() const;

 private:
  std::optional<ServedResponse> AnswerAtOnce(const ApiRequest& request);
  LakeFigures Figures() const;
  void CheckPredicates();
  void CheckPredicate(const Access& access, const ApiTable& table);

  void OnRequest(const RequestRecord& record) override {
    metrics_.Count(record);
    log_.Write(record);
  }
  void OnConnections(size_t open) override { metrics_.SetConnections(open); }
  void OnWaiting(size_t requests) override { metrics_.SetWaiting(requests); }

  EngineContext context_;
  std::unique_ptr<ObjectStore> store_;
  std::unique_ptr<Engine> engine_;
  const std::string version_;  ///< Of the lake, before its schema was read.
  RestApi api_;
  const Roles roles_;
  const ApiService service_;
  ServerMetrics metrics_;
  AccessLog log_;
  HttpServer server_;
  LakeWatcher watcher_;
};

std::optional<ServedResponse> LakeServer::Parts::AnswerAtOnce(const ApiRequest& request) {
  constexpr std::string_view kText = "text/plain; charset=utf-8";
  constexpr std::string_view kMetrics = "text/plain; version=0.0.4; charset=utf-8";
  constexpr int kOk = 200;
  constexpr int kUnavailable = 503;
  std::optional<ServedResponse> page;
  if (request.path == "/healthz") page = Page(kOk, kText, "ok\n");
  if (request.path == "/readyz") {
    page = server_.stopping() ? Page(kUnavailable, kText, "stopping\n")
                              : Page(kOk, kText, "ready\n");
  }
  if (request.path == "/metrics") {
    page = Page(kOk, kMetrics, metrics_.Format(Figures()));
  }
  if (!page) return service_.AnswerAtOnce(request);
  if (request.method == "HEAD") page->response.body.reset();
  return page;
}

LakeFigures LakeServer::Parts::Figures() const {
  const auto schema = api_.schema();
  return {schema->state.sequence, static_cast<int64_t>(schema->tables.size()),
          watcher_.failures(), store_->statistics()};
}

/// A predicate that cannot be read is found when the server starts, not when the first
/// user asks.
void LakeServer::Parts::CheckPredicates() {
  const auto schema = api_.schema();
  for (const std::string& role : roles_.Names()) {
    const Access access = roles_.AccessOf({role, "{}"}, *schema);
    for (const auto& [name, table] : access.tables) {
      if (!table.rows.empty()) CheckPredicate(access, schema->tables.at(name));
    }
  }
}

void LakeServer::Parts::CheckPredicate(const Access& access, const ApiTable& table) {
  constexpr int kFirstError = 400;
  constexpr std::chrono::seconds kTime{30};
  ApiRequest request;
  request.method = "GET";
  request.path = "/" + table.name;
  request.query = "limit=0";
  request.headers = {{"accept-profile", table.schema}};
  const ApiResponse response = api_.Handle(request, access, {}, kTime);
  if (response.status < kFirstError) return;
  throw Fail(ErrorKind::kInvalidArgument,
             "[roles.{}] {}: what is declared cannot be asked for: {}", access.role,
             table.lake_name, response.body ? response.body->Next().value_or("") : "");
}

std::vector<std::string> LakeServer::Parts::Remarks() const {
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

LakeServer::LakeServer(const ServeOptions& options, const Settings& settings,
                       const std::optional<SettingsFile>& file)
    : parts_(std::make_unique<Parts>(options, settings, file)) {}

LakeServer::~LakeServer() = default;

std::string LakeServer::address() const { return parts_->address(); }

std::vector<std::string> LakeServer::Remarks() const { return parts_->Remarks(); }

void LakeServer::Run() { parts_->Run(); }

}  // namespace shoestring
