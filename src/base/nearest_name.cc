#include "base/nearest_name.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace shoestring {

namespace {

/// Pieces of `size` letters, and how often each is there.
std::map<std::string, int> Pieces(const std::string& name, size_t size) {
  std::map<std::string, int> pieces;
  const std::string padded = "-" + name + "-";
  for (size_t i = 0; i + size <= padded.size(); ++i) ++pieces[padded.substr(i, size)];
  return pieces;
}

double Length(const std::map<std::string, int>& pieces) {
  double sum = 0;
  for (const auto& [piece, count] : pieces) sum += static_cast<double>(count) * count;
  return std::sqrt(sum);
}

double Cosine(const std::map<std::string, int>& left,
              const std::map<std::string, int>& right) {
  double product = 0;
  for (const auto& [piece, count] : left) {
    const auto found = right.find(piece);
    if (found != right.end()) product += static_cast<double>(count) * found->second;
  }
  return product == 0 ? 0 : product / (Length(left) * Length(right));
}

std::string Lower(std::string name) {
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return std::tolower(c); });
  return name;
}

}  // namespace

size_t EditDistance(std::string_view left, std::string_view right) {
  std::vector<size_t> row(right.size() + 1);
  for (size_t i = 0; i < row.size(); ++i) row[i] = i;
  for (size_t i = 0; i < left.size(); ++i) {
    size_t corner = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < right.size(); ++j) {
      const size_t changed = corner + (left[i] == right[j] ? 0 : 1);
      corner = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, corner + 1});
    }
  }
  return row.back();
}

std::string NearestName(const std::vector<std::string>& names, const std::string& name,
                        double least) {
  const std::string wanted = Lower(name);
  for (const size_t size : {3, 2}) {
    const auto pieces = Pieces(wanted, size);
    std::string nearest;
    double best = 0;
    for (const std::string& each : names) {
      const std::string other = Lower(each);
      if (Cosine(pieces, Pieces(other, size)) <= 0) continue;
      const double longest = static_cast<double>(std::max(other.size(), wanted.size()));
      const double likeness =
          1 - static_cast<double>(EditDistance(wanted, other)) / longest;
      if (likeness >= least && likeness > best) {
        best = likeness;
        nearest = each;
      }
    }
    if (!nearest.empty()) return nearest;
  }
  return "";
}

}  // namespace shoestring
