// Signs the requests that come as lines of JSON, for test_signer.py: a line each with the
// authorization header of ours. Not a part of the product.
#include <boost/json.hpp>
#include <chrono>
#include <iostream>
#include <string>

#include "base/aws_signer.h"
#include "base/json.h"

namespace {

using namespace shoestring;

HttpPairs Pairs(const JsonView& json) {
  HttpPairs pairs;
  for (const JsonView& pair : json.Items()) {
    const auto both = pair.Items();
    pairs.emplace_back(both.at(0).Text(), both.at(1).Text());
  }
  return pairs;
}

std::string Sign(const JsonView& json) {
  const std::string body(json["body"].Text());
  HttpRequest request{.method = std::string(json["method"].Text()),
                      .origin = std::string(json["origin"].Text()),
                      .path = std::string(json["path"].Text()),
                      .query = Pairs(json["query"]),
                      .headers = Pairs(json["headers"]),
                      .body = body};
  const AwsCredentials credentials{
      .access_key = std::string(json["access_key"].Text()),
      .secret_key = std::string(json["secret_key"].Text()),
      .session_token = std::string(json["session_token"].Text())};
  const AwsScope scope{std::string(json["region"].Text()),
                       std::string(json["service"].Text())};
  SignAwsRequest(credentials, scope,
                 std::chrono::system_clock::from_time_t(json["time"].Integer()),
                 &request);
  boost::json::object answer{{"url", request.Url()}};
  for (const auto& [name, value] : request.headers) {
    if (name == "authorization") answer["authorization"] = value;
  }
  return boost::json::serialize(answer);
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const boost::json::value value = ParseJson(line, "request");
    std::cout << Sign(JsonView(value, "request")) << "\n";
  }
}
