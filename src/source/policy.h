#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "source/connection.h"

namespace shoestring {

/// A policy of row-level security.
struct Policy {
  std::string name;
  std::string command;  ///< SELECT, …, ALL.
  bool permissive = true;
  std::vector<std::string> roles;
  std::string using_text;
  std::string check_text;
  std::vector<std::string> calls;  ///< "auth.uid"; not those of pg_catalog.
};

/// Those of tables, by their oids; `oids` is the text of an oid[].
std::map<uint32_t, std::vector<Policy>> ReadPolicies(Connection* connection,
                                                     const std::string& oids);

}  // namespace shoestring
