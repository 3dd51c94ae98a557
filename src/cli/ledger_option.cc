#include "cli/ledger_option.h"

#include "base/user_folders.h"

namespace shoestring {

std::string LedgerPath(const Settings& settings) {
  std::string set = settings.Get("", "ledger", "");
  if (set == "off") return "";
  if (!set.empty()) return set;
  const std::string folder = StateFolder();
  return folder.empty() ? "" : folder + "/ledger.jsonl";
}

}  // namespace shoestring
