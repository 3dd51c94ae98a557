#pragma once

#include <string>

namespace shoestring {

// Where a program keeps things of its user between runs. Both are empty for one without
// a home.

/// $XDG_STATE_HOME/shoestring, without it ~/.local/state/shoestring: history, ledger.
std::string StateFolder();
/// $XDG_CACHE_HOME/shoestring, without it ~/.cache/shoestring: what can be made again.
std::string CacheFolder();

/// Makes a folder that nobody but this user may enter, and those above it as usual.
/// Throws kPermission when it is somebody else's, kUnavailable when it cannot be made.
void MakePrivateFolder(const std::string& path);

}  // namespace shoestring
