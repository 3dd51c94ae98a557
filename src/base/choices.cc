#include "base/choices.h"

#include <utility>

namespace shoestring {

std::vector<std::vector<std::string>> Choices(
    const std::vector<std::vector<std::string>>& each) {
  std::vector<std::vector<std::string>> choices = {{}};
  for (const auto& names : each) {
    std::vector<std::vector<std::string>> longer;
    for (const auto& choice : choices) {
      for (const std::string& name : names) {
        if (longer.size() == kMostChoices) break;
        longer.push_back(choice);
        longer.back().push_back(name);
      }
    }
    choices = std::move(longer);
  }
  return choices;
}

}  // namespace shoestring
