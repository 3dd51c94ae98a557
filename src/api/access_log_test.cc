#include "api/access_log.h"

#include <gtest/gtest.h>

namespace shoestring {
namespace {

RequestRecord Record(std::string path) {
  RequestRecord record;
  record.id = "id";
  record.client = "127.0.0.1";
  record.method = "GET";
  record.path = std::move(path);
  record.status = 200;
  record.role = "anon";
  record.bytes = 12;
  record.took = std::chrono::microseconds(1500);
  return record;
}

TEST(AccessLog, ALineIsAJsonObject) {
  EXPECT_EQ(FormatAccessLine(Record("/rest/v1/companies"), "2026-01-31T23:59:59.000Z"),
            R"({"time":"2026-01-31T23:59:59.000Z","id":"id","client":"127.0.0.1",)"
            R"("method":"GET","path":"/rest/v1/companies","status":200,"bytes":12,)"
            R"("ms":1.5E0,"waited_ms":0E0,"role":"anon","outcome":"complete"})");
}

TEST(AccessLog, WhatCouldBeAKeyIsNotShown) {
  const auto shown = [](const std::string& path) {
    const std::string line = FormatAccessLine(Record(path), "");
    const size_t begin = line.find(R"("path":")") + 8;
    return line.substr(begin, line.find('"', begin) - begin);
  };
  EXPECT_EQ(shown("/rest/v1/sb_secret_abc/x"), "/rest/v1/.../x");
  EXPECT_EQ(shown("/eyJhbGciOiJIUzI1NiJ9.e30.abc"), "/...");
  EXPECT_EQ(shown("/" + std::string(64, 'a')), "/...");
  EXPECT_EQ(shown("/" + std::string(63, 'a')), "/" + std::string(63, 'a'));
  EXPECT_EQ(shown("/a\xFF\x01\n"), "/a???");
  EXPECT_EQ(shown(""), "");
  EXPECT_LT(shown(std::string(100000, '/')).size(), 1000U);
}

}  // namespace
}  // namespace shoestring
