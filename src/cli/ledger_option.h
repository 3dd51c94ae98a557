#pragma once

#include <string>

#include "base/settings.h"

namespace shoestring {

/// Where queries are written down: `ledger` of the settings (SHOESTRING_LEDGER), without
/// it the file in this user's state folder. Empty for "off", and without a home.
std::string LedgerPath(const Settings& settings);

}  // namespace shoestring
