#include "base/aws_credentials.h"

#include <pugixml.hpp>

#include <array>
#include <boost/json.hpp>
#include <cstdio>
#include <ctime>

#include "base/error.h"
#include "base/json.h"

namespace shoestring {

namespace {

using std::chrono::system_clock;

/// Fetched anew when they end so soon.
constexpr std::chrono::minutes kMargin(5);
constexpr int kMostProfiles = 10;  ///< In a chain of source_profile.
constexpr std::string_view kContainerOrigin = "http://169.254.170.2";
constexpr std::string_view kInstanceOrigin = "http://169.254.169.254";

constexpr std::string_view kNone =
    "No AWS credentials found: looked into the environment (AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY), the shared files (profile {}), web identity, container and "
    "instance. Way out: set one of them, or --s3-anonymous for a public bucket";

HttpLimits MetadataLimits() {
  // Where there is no such service, nothing answers at all.
  return {.connect = std::chrono::seconds(1),
          .silence = std::chrono::seconds(2),
          .total = std::chrono::seconds(3),
          .body_bytes = 1 << 20,
          .direct = true};
}

HttpLimits ServiceLimits() {
  return {.silence = std::chrono::seconds(4),
          .total = std::chrono::seconds(8),
          .body_bytes = 1 << 20};
}

/// Tokens go nowhere but to this machine or task, unless they are encrypted.
void CheckContainerOrigin(const std::string& origin) {
  if (origin.starts_with("https://")) return;
  for (const std::string_view host : {"localhost", "127.0.0.1", "[::1]", "169.254.170.2",
                                      "169.254.170.23", "[fd00:ec2::23]"}) {
    const std::string allowed = fmt::format("http://{}", host);
    if (origin == allowed || origin.starts_with(allowed + ":")) return;
  }
  throw Fail(ErrorKind::kPermission,
             "AWS_CONTAINER_CREDENTIALS_FULL_URI names another machine without https: {}",
             origin);
}

bool IsComplete(const AwsCredentials& credentials) {
  return !credentials.access_key.empty() && !credentials.secret_key.empty();
}

bool EndsSoon(const AwsCredentials& credentials) {
  return credentials.expires && *credentials.expires - kMargin < system_clock::now();
}

/// What a command prints; kPermission when it fails.
std::string OutputOf(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "re"), pclose);
  std::string output;
  std::array<char, 4096> piece{};
  size_t size = 0;
  while (pipe && (size = fread(piece.data(), 1, piece.size(), pipe.get())) > 0) {
    output.append(piece.data(), size);
  }
  if (output.empty()) {
    throw Fail(
        ErrorKind::kPermission,
        "The profile's credential_process printed nothing. Way out: run it by hand "
        "and see why");
  }
  return output;
}

/// One look-up of the chain, by one thread.
class Search {
 public:
  Search(const AwsConfig& config, HttpClient* client)
      : config_(config), environment_(config.environment()), client_(client) {}

  std::optional<AwsCredentials> Run() {
    const std::string& profile = config_.profile();
    if (auto found = FromEnvironment()) return found;
    if (auto found = FromRole(profile, 0)) return found;
    if (auto found = FromWebIdentity()) return found;
    if (auto found = FromProfile(profile)) return found;
    if (auto found = FromContainer()) return found;
    return FromInstance();
  }

 private:
  std::optional<AwsCredentials> FromEnvironment() const {
    AwsCredentials found{.access_key = environment_("AWS_ACCESS_KEY_ID").value_or(""),
                         .secret_key = environment_("AWS_SECRET_ACCESS_KEY").value_or(""),
                         .session_token = environment_("AWS_SESSION_TOKEN").value_or("")};
    if (found.access_key.empty() && found.secret_key.empty()) return std::nullopt;
    if (!IsComplete(found)) {
      throw Fail(ErrorKind::kPermission,
                 "Only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set; both "
                 "are needed");
    }
    return found;
  }

  std::optional<AwsCredentials> FromKeys(const std::string& profile) const {
    AwsCredentials found{
        .access_key = config_.Setting(profile, "aws_access_key_id").value_or(""),
        .secret_key = config_.Setting(profile, "aws_secret_access_key").value_or(""),
        .session_token = config_.Setting(profile, "aws_session_token").value_or("")};
    if (!IsComplete(found)) return std::nullopt;
    return found;
  }

  std::optional<AwsCredentials> FromProfile(const std::string& profile) const {
    if (auto found = FromKeys(profile)) return found;
    if (const auto command = config_.Setting(profile, "credential_process")) {
      return ParseCredentialsJson(OutputOf(*command), "credential_process");
    }
    if (config_.Setting(profile, "sso_session") ||
        config_.Setting(profile, "sso_start_url")) {
      throw Fail(ErrorKind::kUnsupported,
                 "The profile signs in by SSO. Way out: credential_process = aws "
                 "configure export-credentials --profile {} --format process, in a "
                 "profile of its own",
                 profile);
    }
    return std::nullopt;
  }

  std::optional<AwsCredentials> FromRole(const std::string& profile, int depth) {
    const auto role = config_.Setting(profile, "role_arn");
    if (!role) return std::nullopt;
    if (const auto file = config_.Setting(profile, "web_identity_token_file")) {
      return AssumeByWebIdentity(*role, *file,
                                 config_.Setting(profile, "role_session_name"));
    }
    HttpPairs form = {
        {"Action", "AssumeRole"},
        {"Version", "2011-06-15"},
        {"RoleArn", *role},
        {"RoleSessionName",
         config_.Setting(profile, "role_session_name").value_or("shoestring")}};
    if (const auto id = config_.Setting(profile, "external_id")) {
      form.emplace_back("ExternalId", *id);
    }
    if (const auto duration = config_.Setting(profile, "duration_seconds")) {
      form.emplace_back("DurationSeconds", *duration);
    }
    const AwsCredentials source = SourceOfRole(profile, depth);
    return AskSts(form, &source);
  }

  /// Who may assume the role of a profile.
  AwsCredentials SourceOfRole(const std::string& profile, int depth) {
    std::optional<AwsCredentials> source;
    if (const auto other = config_.Setting(profile, "source_profile")) {
      source = FromSourceProfile(*other, *other == profile ? kMostProfiles : depth + 1,
                                 *other == profile);
    } else if (const auto place = config_.Setting(profile, "credential_source")) {
      if (*place == "Environment") source = FromEnvironment();
      if (*place == "EcsContainer") source = FromContainer();
      if (*place == "Ec2InstanceMetadata") source = FromInstance();
    }
    if (source) return *source;
    throw Fail(ErrorKind::kPermission,
               "Nothing to assume the role with: source_profile or credential_source of "
               "this profile is missing, or names what has no credentials: {}",
               profile);
  }

  /// A profile may name itself: then its own keys count.
  std::optional<AwsCredentials> FromSourceProfile(const std::string& profile, int depth,
                                                  bool own_keys) {
    if (own_keys) return FromProfile(profile);
    if (depth >= kMostProfiles) {
      throw Fail(ErrorKind::kInvalidArgument,
                 "The profiles name each other as source_profile: {}", profile);
    }
    if (auto found = FromRole(profile, depth)) return found;
    return FromProfile(profile);
  }

  std::optional<AwsCredentials> FromWebIdentity() {
    const auto file = environment_("AWS_WEB_IDENTITY_TOKEN_FILE");
    const auto role = environment_("AWS_ROLE_ARN");
    if (!file || !role) return std::nullopt;
    return AssumeByWebIdentity(*role, *file, environment_("AWS_ROLE_SESSION_NAME"));
  }

  AwsCredentials AssumeByWebIdentity(const std::string& role, const std::string& file,
                                     const std::optional<std::string>& session) {
    const auto token = ReadTextFile(file);
    if (!token) {
      throw Fail(ErrorKind::kPermission, "Web identity token cannot be read: {}", file);
    }
    return AskSts({{"Action", "AssumeRoleWithWebIdentity"},
                   {"Version", "2011-06-15"},
                   {"RoleArn", role},
                   {"RoleSessionName", session.value_or("shoestring")},
                   {"WebIdentityToken", *token}},
                  nullptr);
  }

  AwsCredentials AskSts(const HttpPairs& form, const AwsCredentials* signer) {
    const std::string region = config_.Region().value_or("us-east-1");
    const std::string body = HttpRequest{.query = form}.QueryText();
    HttpRequest request{
        .method = "POST",
        .origin = config_.Endpoint("sts").value_or(
            fmt::format("https://sts.{}.amazonaws.com{}", region,
                        region.starts_with("cn-") ? ".cn" : "")),
        .headers = {{"content-type", "application/x-www-form-urlencoded"}},
        .body = body};
    if (signer != nullptr) {
      SignAwsRequest(*signer, {region, "sts"}, system_clock::now(), &request);
    }
    const HttpAnswer answer = client_->Send(request, ServiceLimits());
    if (answer.ok()) return ParseStsAnswer(answer.body);
    if (answer.fault != HttpFault::kNone || answer.status >= 500) {
      throw Fail(ErrorKind::kUnavailable, "STS does not answer at {}: {}", request.origin,
                 answer.status != 0 ? std::to_string(answer.status) : answer.detail);
    }
    pugi::xml_document document;
    document.load_buffer(answer.body.data(), answer.body.size());
    throw Fail(ErrorKind::kPermission,
               "STS refuses the role. Way out: the role's trust policy must let this "
               "identity in: {}: {}",
               document.select_node("//Error/Code").node().child_value(), form[2].second);
  }

  std::optional<AwsCredentials> FromContainer() {
    HttpRequest request;
    const auto relative = environment_("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const auto full = environment_("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (!relative && !full) return std::nullopt;
    const std::string url = relative ? std::string(kContainerOrigin) + *relative : *full;
    const size_t host = url.find("://");
    const size_t path = host == std::string::npos ? host : url.find('/', host + 3);
    request.origin = url.substr(0, path);
    if (path != std::string::npos) request.path = url.substr(path);
    std::optional<std::string> token = environment_("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (const auto file = environment_("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
      token = ReadTextFile(*file);
    }
    if (token) request.headers.emplace_back("authorization", *token);
    CheckContainerOrigin(request.origin);
    const HttpAnswer answer = client_->Send(request, MetadataLimits());
    if (!answer.ok()) {
      throw Fail(ErrorKind::kUnavailable,
                 "The container's credentials are not given out at {}: {}",
                 request.origin,
                 answer.status != 0 ? std::to_string(answer.status) : answer.detail);
    }
    return ParseCredentialsJson(answer.body, "container credentials");
  }

  /// Nothing where there is no such service.
  std::optional<AwsCredentials> FromInstance() {
    if (environment_("AWS_EC2_METADATA_DISABLED") == "true") return std::nullopt;
    HttpRequest request{.method = "PUT",
                        .origin = environment_("AWS_EC2_METADATA_SERVICE_ENDPOINT")
                                      .value_or(std::string(kInstanceOrigin)),
                        .path = "/latest/api/token",
                        .headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}}};
    while (request.origin.ends_with('/')) request.origin.pop_back();
    const HttpAnswer token = client_->Send(request, MetadataLimits());
    if (!token.ok()) return std::nullopt;
    request.method = "GET";
    request.headers = {{"x-aws-ec2-metadata-token", token.body}};
    request.path = "/latest/meta-data/iam/security-credentials/";
    const HttpAnswer role = client_->Send(request, MetadataLimits());
    if (!role.ok()) return std::nullopt;
    const std::string name = role.body.substr(0, role.body.find_first_of("\r\n"));
    request.path += UriEncode(name, /*keep_slash=*/false);
    const HttpAnswer answer = client_->Send(request, MetadataLimits());
    if (!answer.ok()) return std::nullopt;
    return ParseCredentialsJson(answer.body, "instance credentials");
  }

  const AwsConfig& config_;
  const Environment& environment_;
  HttpClient* client_;
};

std::string FirstText(const JsonView& json, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const auto value = json.Find(name)) return std::string(value->Text());
  }
  return "";
}

}  // namespace

AwsCredentialChain::AwsCredentialChain(const AwsConfig* config, HttpClient* client)
    : config_(config), client_(client) {}

AwsCredentials AwsCredentialChain::Get() {
  const std::lock_guard lock(mutex_);
  if (current_ && !EndsSoon(*current_)) return *current_;
  std::optional<AwsCredentials> found;
  try {
    found = Search(*config_, client_).Run();
  } catch (const Error&) {
    // The old ones hold for some minutes yet.
    if (!current_ || *current_->expires < system_clock::now()) throw;
    return *current_;
  }
  if (!found) {
    throw Fail(ErrorKind::kPermission, fmt::runtime(kNone), config_->profile());
  }
  current_ = std::move(found);
  return *current_;
}

bool AwsCredentialChain::Refresh() {
  const std::lock_guard lock(mutex_);
  if (!current_) return true;
  // Keys in a file may have been renewed there by somebody else.
  std::optional<AwsCredentials> found = Search(*config_, client_).Run();
  if (!found || (found->access_key == current_->access_key &&
                 found->session_token == current_->session_token)) {
    return false;
  }
  current_ = std::move(found);
  return true;
}

std::string AwsCredentialChain::WithoutSecrets(std::string text) {
  AwsCredentials credentials;
  try {
    credentials = Get();
  } catch (const Error&) {
    return "";
  }
  for (const std::string& secret :
       {credentials.access_key, credentials.secret_key, credentials.session_token}) {
    for (size_t at = secret.empty() ? std::string::npos : text.find(secret);
         at != std::string::npos; at = text.find(secret)) {
      text.replace(at, secret.size(), "…");
    }
  }
  return text;
}

AwsCredentials ParseCredentialsJson(std::string_view text, std::string_view what) {
  const boost::json::value value = ParseJson(text, what);
  const JsonView json(value, std::string(what));
  AwsCredentials credentials{.access_key = FirstText(json, {"AccessKeyId"}),
                             .secret_key = FirstText(json, {"SecretAccessKey"}),
                             .session_token = FirstText(json, {"SessionToken", "Token"}),
                             .expires = ParseAwsTime(FirstText(json, {"Expiration"}))};
  if (!IsComplete(credentials)) {
    throw Fail(ErrorKind::kCorrupt, "No AccessKeyId and SecretAccessKey in: {}", what);
  }
  return credentials;
}

AwsCredentials ParseStsAnswer(std::string_view xml) {
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size())) {
    throw Fail(ErrorKind::kCorrupt, "STS's answer is no XML");
  }
  // <AssumeRoleResponse><AssumeRoleResult><Credentials>
  const pugi::xml_node found = document.first_child().first_child().child("Credentials");
  AwsCredentials credentials{.access_key = found.child_value("AccessKeyId"),
                             .secret_key = found.child_value("SecretAccessKey"),
                             .session_token = found.child_value("SessionToken"),
                             .expires = ParseAwsTime(found.child_value("Expiration"))};
  if (!IsComplete(credentials)) {
    throw Fail(ErrorKind::kCorrupt, "No credentials in STS's answer");
  }
  return credentials;
}

std::optional<system_clock::time_point> ParseAwsTime(std::string_view text) {
  const std::string copy(text);
  std::tm utc{};
  const char* rest = strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
  if (rest == nullptr) return std::nullopt;
  return system_clock::from_time_t(timegm(&utc));
}

}  // namespace shoestring
