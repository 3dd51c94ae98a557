#include "api/lake_server.h"

#include "api/access_log.h"
#include "api/http_server.h"
#include "api/server_metrics.h"

namespace shoestring {

namespace {

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
      : service_(options.service, settings, file),
        server_(
            options.listen, options.limits,
            [this](const ApiRequest& request, std::stop_token cancel,
                   std::chrono::milliseconds time) {
              return service_.Handle(request, std::move(cancel), time);
            },
            [this](const ApiRequest& request) { return AnswerAtOnce(request); }, this) {}

  std::string address() const { return server_.address(); }
  void Run() { server_.Run(); }
  std::vector<std::string> Remarks() const { return service_.Remarks(); }

 private:
  std::optional<ServedResponse> AnswerAtOnce(const ApiRequest& request);

  void OnRequest(const RequestRecord& record) override {
    metrics_.Count(record);
    log_.Write(record);
  }
  void OnConnections(size_t open) override { metrics_.SetConnections(open); }
  void OnWaiting(size_t requests) override { metrics_.SetWaiting(requests); }

  const LakeService service_;
  ServerMetrics metrics_;
  AccessLog log_;
  HttpServer server_;
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
    page = Page(kOk, kMetrics, metrics_.Format(service_.Figures()));
  }
  if (!page) return service_.AnswerAtOnce(request);
  if (request.method == "HEAD") page->response.body.reset();
  return page;
}

LakeServer::LakeServer(const ServeOptions& options, const Settings& settings,
                       const std::optional<SettingsFile>& file)
    : parts_(std::make_unique<Parts>(options, settings, file)) {}

LakeServer::~LakeServer() = default;

std::string LakeServer::address() const { return parts_->address(); }

std::vector<std::string> LakeServer::Remarks() const { return parts_->Remarks(); }

void LakeServer::Run() { parts_->Run(); }

}  // namespace shoestring
