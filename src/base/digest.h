#pragma once

#include <string>
#include <string_view>

namespace shoestring {

// Cryptographic digests, as HTTP services ask for them. Each gives its raw bytes.

std::string Sha256(std::string_view content);
std::string HmacSha256(std::string_view key, std::string_view content);
/// Nothing but a checksum that old servers want; empty where OpenSSL forbids it (FIPS).
std::string Md5(std::string_view content);

/// Lower-case hexadecimal digits.
std::string HexOf(std::string_view bytes);
std::string Base64Of(std::string_view bytes);

}  // namespace shoestring
