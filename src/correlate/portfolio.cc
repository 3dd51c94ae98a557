#include "correlate/portfolio.h"

#include <algorithm>
#include <functional>
#include <unordered_map>
#include <utility>

namespace shoestring {

namespace {

constexpr int kQuarters = 4;  // Of a year.

struct SecurityHash {
  size_t operator()(const Security* security) const {
    return std::hash<std::string_view>()(security->id) ^
           static_cast<size_t>(kQuarters * security->quarter.year +
                               security->quarter.number);
  }
};
struct SameSecurity {
  bool operator()(const Security* a, const Security* b) const { return *a == *b; }
};

struct Known {
  const Security* security = nullptr;
  std::string_view ticker;
  uint32_t place = 0;
};

/// The securities of all lines, each with the first of its tickers.
struct Securities {
  explicit Securities(const std::vector<Holding>& holdings) {
    of_line.reserve(holdings.size());
    known.reserve(holdings.size());
    for (const Holding& line : holdings) {
      Known& security = known[&line.security];
      security.security = &line.security;
      const bool first = security.ticker.empty() || line.ticker < security.ticker;
      if (!line.ticker.empty() && first) security.ticker = line.ticker;
      of_line.push_back(&security);
    }
  }

  std::unordered_map<const Security*, Known, SecurityHash, SameSecurity> known;
  std::vector<const Known*> of_line;
};

/// Of one filing, or of what counts of several: in the order of their securities, each
/// once, without weights.
using Values = std::vector<Position>;
/// By day and name.
using Filings = std::map<std::pair<std::string_view, std::string_view>, Values>;

void AddUp(Values* values) {
  std::ranges::sort(*values, {}, &Position::security);
  size_t kept = 0;
  for (const Position& line : *values) {
    const bool again = kept > 0 && (*values)[kept - 1].security == line.security;
    if (again) {
      (*values)[kept - 1].value += line.value;
    } else {
      (*values)[kept++] = line;
    }
  }
  values->resize(kept);
}

bool Restates(const Values& later, const Values& before) {
  const auto repeated = std::ranges::count_if(later, [&](const Position& position) {
    return std::ranges::binary_search(before, position.security, {}, &Position::security);
  });
  return 2 * repeated >= static_cast<int64_t>(before.size());
}

void AddFiling(Values filing, Values* counted) {
  AddUp(&filing);
  if (Restates(filing, *counted)) {
    *counted = std::move(filing);
    return;
  }
  counted->insert(counted->end(), filing.begin(), filing.end());
  AddUp(counted);
}

/// What counts of one fund's filings for one quarter.
Values Counted(Filings filings) {
  Values counted;
  for (auto& [filing, values] : filings) AddFiling(std::move(values), &counted);
  return counted;
}

/// Puts them in order, and labels them.
void Index(Securities* securities, Portfolios* portfolios) {
  std::vector<Known*> in_order;
  for (auto& [security, known] : securities->known) in_order.push_back(&known);
  std::ranges::sort(in_order, [](const Known* a, const Known* b) {
    return *a->security < *b->security;
  });
  std::unordered_map<std::string_view, uint32_t> numbers;
  for (Known* known : in_order) {
    known->place = static_cast<uint32_t>(portfolios->securities.size());
    portfolios->securities.push_back(*known->security);
    const std::string_view label =
        known->ticker.empty() ? std::string_view(known->security->id) : known->ticker;
    portfolios->labels.emplace_back(label);
    const auto next = static_cast<uint32_t>(numbers.size());
    portfolios->label_of.push_back(numbers.try_emplace(label, next).first->second);
  }
}

bool SameFiling(const Holding& a, const Holding& b) {
  return a.security.quarter == b.security.quarter && a.fund == b.fund &&
         a.filed == b.filed && a.filing == b.filing;
}

/// The lines of each fund's filings for each quarter, as they come.
std::map<std::pair<std::string_view, Quarter>, Filings> Sorted(
    const std::vector<Holding>& holdings, const Securities& securities) {
  std::map<std::pair<std::string_view, Quarter>, Filings> filed;
  Values* values = nullptr;
  for (size_t i = 0; i < holdings.size(); ++i) {
    const Holding& line = holdings[i];
    // Mostly they lie together.
    if (!values || !SameFiling(line, holdings[i - 1])) {
      Filings& filings = filed[{line.fund, line.security.quarter}];
      values = &filings[{line.filed, line.filing}];
    }
    values->push_back({securities.of_line[i]->place, line.value});
  }
  return filed;
}

/// Adds a quarter's positions; each weight is a share of that quarter alone.
void AddQuarter(const Values& values, bool options, const Portfolios& index,
                Portfolio* to) {
  const size_t first = to->positions.size();
  Money total;
  for (const Position& position : values) {
    if (options || index.securities[position.security].kind == Kind::kShares) {
      to->positions.push_back(position);
      total += position.value;
    } else {
      to->options.push_back(position);
      to->options_total += position.value;
    }
  }
  to->total += total;
  if (to->positions.size() > first) ++to->quarters;
  const double whole = MoneyNumber(total);
  for (size_t i = first; i < to->positions.size(); ++i) {
    Position& position = to->positions[i];
    position.weight = MoneyNumber(position.value) / whole;
  }
}

}  // namespace

const Portfolio* Portfolios::Find(std::string_view fund) const {
  const auto found = std::ranges::lower_bound(funds, fund, {}, &Portfolio::fund);
  return found == funds.end() || found->fund != fund ? nullptr : &*found;
}

Portfolios BuildPortfolios(const std::vector<Holding>& holdings, bool options) {
  Portfolios portfolios;
  Securities securities(holdings);
  Index(&securities, &portfolios);
  auto filed = Sorted(holdings, securities);
  for (auto& [key, filings] : filed) {
    const auto& [fund, quarter] = key;
    const bool is_new = portfolios.funds.empty() || portfolios.funds.back().fund != fund;
    if (is_new) portfolios.funds.push_back({.fund = std::string(fund)});
    AddQuarter(Counted(std::move(filings)), options, portfolios,
               &portfolios.funds.back());
  }
  for (Portfolio& portfolio : portfolios.funds) {
    for (Position& each : portfolio.positions) each.weight /= portfolio.quarters;
  }
  return portfolios;
}

}  // namespace shoestring
