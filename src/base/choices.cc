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

std::vector<std::vector<std::string>> ChoicesFor(
    const std::vector<std::string>& wanted,
    const std::map<std::string, std::vector<std::string>>& known) {
  std::vector<std::vector<std::string>> each;
  for (const std::string& name : wanted) {
    const auto found = known.find(name);
    if (found == known.end()) return {};
    each.push_back(found->second);
  }
  return Choices(each);
}

}  // namespace shoestring
