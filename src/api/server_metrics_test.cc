#include "api/server_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoestring {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ServerMetrics, CountsByMethodStatusAndTime) {
  ServerMetrics metrics;
  RequestRecord record;
  record.method = "GET";
  record.status = 200;
  record.bytes = 10;
  record.took = std::chrono::milliseconds(5);
  metrics.Count(record);
  record.took = std::chrono::seconds(40);
  record.outcome = Outcome::kClientGone;
  metrics.Count(record);
  record.method = "EVIL\"\n";
  metrics.Count(record);
  metrics.SetConnections(3);
  const std::string text = metrics.Format({.sequence = 7});
  for (const char* line :
       {"shoestring_http_requests_total{method=\"GET\",status=\"200\"} 2\n",
        "shoestring_http_requests_total{method=\"other\",status=\"200\"} 1\n",
        "shoestring_http_request_seconds_bucket{le=\"0.005\"} 1\n",
        "shoestring_http_request_seconds_bucket{le=\"30\"} 1\n",
        "shoestring_http_request_seconds_bucket{le=\"+Inf\"} 3\n",
        "shoestring_http_request_seconds_count 3\n",
        "shoestring_http_response_bytes_total 30\n",
        "shoestring_http_clients_gone_total 2\n", "shoestring_http_connections 3\n",
        "shoestring_lake_sequence 7\n",
        "shoestring_store_requests_total{kind=\"get\"} 0\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, Not(HasSubstr("EVIL")));
}

}  // namespace
}  // namespace shoestring
