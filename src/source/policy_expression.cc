#include "source/policy_expression.h"

#include <algorithm>
#include <array>
#include <utility>

#include "source/policy_tokens.h"

namespace shoestring {

namespace {

using Kind = RowCondition::Kind;
using TokenKind = SqlToken::Kind;

constexpr size_t kLongestText = 64 << 10;
constexpr int kDeepest = 50;

constexpr std::string_view kAnon = "anon";

/// Column names that mean something else as a parameter of a URL.
constexpr std::array<std::string_view, 10> kReserved = {
    "select", "columns", "on_conflict", "order", "limit",
    "offset", "and",     "or",          "not",   "apikey"};

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kOperators = {
    {{"=", "eq"},
     {"<>", "neq"},
     {"!=", "neq"},
     {"<", "lt"},
     {"<=", "lte"},
     {">", "gt"},
     {">=", "gte"}}};

/// What an operand is.
struct Operand {
  enum class Kind {
    kCondition,  ///< A boolean expression.
    kColumn,     ///< text: its name.
    kLiteral,    ///< text: its value.
    kNull,
    kClaims,  ///< All claims, or an object in them; text: the path so far.
    kClaim,   ///< text: the path of one, as a text.
    kRole,    ///< The caller's role.
    kList,    ///< Of literals.
  };
  Kind kind = Kind::kNull;
  std::string text;
  std::vector<std::string> list;
  RowCondition condition;
  bool is_cast = false;  ///< A column's value as a text.
};

/// What is thrown, and caught, inside of this file: an expression that is not understood.
struct NotUnderstood {};

RowCondition Constant(bool truth) {
  RowCondition condition;
  condition.kind = truth ? Kind::kTrue : Kind::kFalse;
  return condition;
}

RowCondition Filter(std::string column, std::string_view op,
                    std::vector<std::string> texts, bool claim = false) {
  RowCondition condition;
  condition.kind = Kind::kFilter;
  condition.column = std::move(column);
  condition.op = op;
  condition.texts = std::move(texts);
  condition.claim = claim;
  return condition;
}

RowCondition Negate(RowCondition part) {
  if (part.kind == Kind::kTrue || part.kind == Kind::kFalse) {
    return Constant(part.kind == Kind::kFalse);
  }
  RowCondition condition;
  condition.kind = Kind::kNot;
  condition.parts.push_back(std::move(part));
  return condition;
}

std::string_view Flipped(std::string_view op) {
  if (op == "lt") return "gt";
  if (op == "lte") return "gte";
  if (op == "gt") return "lt";
  if (op == "gte") return "lte";
  return op;
}

/// Braces are placeholders in a predicate, and stand for nothing else there.
bool IsPlain(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) {
    return c >= ' ' && c != 0x7F && c != '{' && c != '}';
  });
}

bool IsColumnName(std::string_view name) {
  const bool reserved = std::ranges::find(kReserved, name) != kReserved.end();
  return !reserved && !name.empty() && (name[0] < '0' || name[0] > '9') &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  (c >= '0' && c <= '9') || c == '_';
         });
}

std::string JoinPath(const std::string& path, const std::string& name) {
  // A dot, or a brace, would be read as part of the placeholder.
  if (!IsPlain(name) || name.empty() || name.find('.') != std::string::npos) {
    throw NotUnderstood();
  }
  return path.empty() ? name : path + "." + name;
}

class Reader {
 public:
  Reader(std::vector<SqlToken> tokens, std::string_view role)
      : tokens_(std::move(tokens)), role_(role) {}

  RowCondition Run() {
    RowCondition condition = AsCondition(ReadOr());
    if (Peek().kind != TokenKind::kEnd) throw NotUnderstood();
    return condition;
  }

 private:
  // ---- Tokens

  const SqlToken& Peek() const { return tokens_[at_]; }
  bool Is(TokenKind kind, std::string_view text) const {
    return Peek().kind == kind && Peek().text == text;
  }
  bool Skip(TokenKind kind, std::string_view text) {
    if (!Is(kind, text)) return false;
    ++at_;
    return true;
  }
  bool SkipWord(std::string_view word) { return Skip(TokenKind::kName, word); }
  bool SkipSymbol(std::string_view symbol) { return Skip(TokenKind::kSymbol, symbol); }
  void NeedSymbol(std::string_view symbol) {
    if (!SkipSymbol(symbol)) throw NotUnderstood();
  }
  std::string NeedText() {
    if (Peek().kind != TokenKind::kText) throw NotUnderstood();
    return tokens_[at_++].text;
  }

  // ---- The grammar, loosest first

  Operand ReadOr() {
    if (++depth_ > kDeepest) throw NotUnderstood();
    Operand first = ReadAnd();
    if (Is(TokenKind::kName, "or")) {
      std::vector<RowCondition> parts = {AsCondition(std::move(first))};
      while (SkipWord("or")) parts.push_back(AsCondition(ReadAnd()));
      first = FromCondition(AnyOf(std::move(parts)));
    }
    --depth_;
    return first;
  }

  Operand ReadAnd() {
    Operand first = ReadNot();
    if (!Is(TokenKind::kName, "and")) return first;
    std::vector<RowCondition> parts = {AsCondition(std::move(first))};
    while (SkipWord("and")) parts.push_back(AsCondition(ReadNot()));
    return FromCondition(AllOf(std::move(parts)));
  }

  Operand ReadNot() {
    bool negated = false;
    while (SkipWord("not")) negated = !negated;
    Operand operand = ReadComparison();
    if (!negated) return operand;
    return FromCondition(Negate(AsCondition(std::move(operand))));
  }

  Operand ReadComparison() {
    Operand left = ReadOperand();
    if (SkipWord("is")) return FromCondition(ReadIs(left));
    for (const auto& [symbol, op] : kOperators) {
      if (!SkipSymbol(symbol)) continue;
      if (SkipWord("any")) return FromCondition(ReadList(left, op, "eq", "in"));
      if (SkipWord("all")) return FromCondition(ReadList(left, op, "neq", "not.in"));
      return FromCondition(Compare(left, op, ReadOperand()));
    }
    return left;
  }

  RowCondition ReadIs(const Operand& operand) {
    const bool negated = SkipWord("not");
    std::string_view value = "null";
    if (SkipWord("true")) {
      value = "true";
    } else if (SkipWord("false")) {
      value = "false";
    } else if (!SkipWord("null")) {
      throw NotUnderstood();
    }
    RowCondition condition = Is(operand, value);
    return negated ? Negate(std::move(condition)) : condition;
  }

  RowCondition Is(const Operand& operand, std::string_view value) const {
    if (operand.kind == Operand::Kind::kColumn) {
      return Filter(operand.text, "is", {std::string(value)});
    }
    // Whoever has signed in has a subject, and nobody else has.
    if (operand.kind == Operand::Kind::kClaim && operand.text == "sub" &&
        value == "null") {
      return Constant(role_ == kAnon);
    }
    throw NotUnderstood();
  }

  RowCondition ReadList(const Operand& left, std::string_view op, std::string_view wanted,
                        std::string_view name) {
    NeedSymbol("(");
    const Operand list = ReadOr();
    NeedSymbol(")");
    if (op != wanted || list.kind != Operand::Kind::kList || list.list.empty()) {
      throw NotUnderstood();
    }
    if (left.kind == Operand::Kind::kRole) {
      const bool found = std::ranges::find(list.list, role_) != list.list.end();
      return Constant(found == (name == "in"));
    }
    if (left.kind != Operand::Kind::kColumn) throw NotUnderstood();
    return Filter(left.text, name, list.list);
  }

  RowCondition Compare(const Operand& left, std::string_view op,
                       const Operand& right) const {
    using enum Operand::Kind;
    if (left.kind != kColumn && right.kind == kColumn) {
      return Compare(right, Flipped(op), left);
    }
    const bool equality = op == "eq" || op == "neq";
    if (left.kind == kRole && right.kind == kLiteral && equality) {
      return Constant((right.text == role_) == (op == "eq"));
    }
    if (left.kind == kLiteral && right.kind == kRole) return Compare(right, op, left);
    // As texts, values are in another order.
    if (left.kind != kColumn || (left.is_cast && !equality)) throw NotUnderstood();
    if (right.kind == kLiteral) return Filter(left.text, op, {right.text});
    if (right.kind == kClaim) return Filter(left.text, op, {right.text}, true);
    if (right.kind == kRole) return Filter(left.text, op, {std::string(role_)});
    const bool truth = right.kind == kCondition && right.condition.parts.empty();
    if (truth && op == "eq" && right.condition.kind == Kind::kTrue) {
      return Filter(left.text, "is", {"true"});
    }
    if (truth && op == "eq" && right.condition.kind == Kind::kFalse) {
      return Filter(left.text, "is", {"false"});
    }
    throw NotUnderstood();
  }

  // ---- Operands

  Operand ReadOperand() {
    Operand operand = ReadPrimary();
    for (;;) {
      if (SkipSymbol("::")) {
        SkipType();
        operand.is_cast = operand.is_cast || operand.kind == Operand::Kind::kColumn;
      } else if (SkipSymbol("->")) {
        operand = Member(operand, Operand::Kind::kClaims);
      } else if (SkipSymbol("->>")) {
        operand = Member(operand, Operand::Kind::kClaim);
      } else {
        return operand;
      }
    }
  }

  Operand Member(const Operand& object, Operand::Kind kind) {
    if (object.kind != Operand::Kind::kClaims) throw NotUnderstood();
    Operand member;
    member.kind = kind;
    member.text = JoinPath(object.text, NeedText());
    while (SkipSymbol("::")) SkipType();
    if (member.text == "role" && kind == Operand::Kind::kClaim) {
      member.kind = Operand::Kind::kRole;
    }
    return member;
  }

  /// "text", "character varying(20)", "timestamp with time zone", "text[]", "s.t".
  void SkipType() {
    const auto is_name = [this] {
      return Peek().kind == TokenKind::kName || Peek().kind == TokenKind::kQuotedName;
    };
    if (!is_name()) throw NotUnderstood();
    ++at_;
    while (SkipWord("varying") || SkipWord("precision")) continue;
    if (SkipSymbol(".")) {
      if (!is_name()) throw NotUnderstood();
      ++at_;
    }
    if (SkipSymbol("(")) {
      while (Peek().kind == TokenKind::kNumber || Is(TokenKind::kSymbol, ",")) ++at_;
      NeedSymbol(")");
    }
    if (SkipWord("with") || SkipWord("without")) {
      if (!SkipWord("time") || !SkipWord("zone")) throw NotUnderstood();
    }
    while (SkipSymbol("[")) NeedSymbol("]");
  }

  Operand ReadPrimary() {
    if (SkipSymbol("(")) return ReadParenthesis();
    if (Peek().kind == TokenKind::kText) return Literal(NeedText());
    if (SkipSymbol("-")) return Literal("-" + ReadNumber());
    if (Peek().kind == TokenKind::kNumber) return Literal(ReadNumber());
    if (SkipWord("true")) return FromCondition(Constant(true));
    if (SkipWord("false")) return FromCondition(Constant(false));
    if (SkipWord("null")) return {};
    if (SkipWord("array")) return ReadArray();
    return ReadName();
  }

  std::string ReadNumber() {
    if (Peek().kind != TokenKind::kNumber) throw NotUnderstood();
    return tokens_[at_++].text;
  }

  /// An expression, or a SELECT of one, by which policies have it computed once.
  Operand ReadParenthesis() {
    const bool select = SkipWord("select");
    Operand operand = ReadOr();
    if (select && SkipWord("as")) {
      if (Peek().kind != TokenKind::kName && Peek().kind != TokenKind::kQuotedName) {
        throw NotUnderstood();
      }
      ++at_;
    }
    NeedSymbol(")");
    return operand;
  }

  Operand ReadArray() {
    NeedSymbol("[");
    Operand list;
    list.kind = Operand::Kind::kList;
    do {
      const Operand item = ReadOperand();
      if (item.kind != Operand::Kind::kLiteral) throw NotUnderstood();
      list.list.push_back(item.text);
    } while (SkipSymbol(","));
    NeedSymbol("]");
    return list;
  }

  Operand ReadName() {
    const SqlToken name = Peek();
    if (name.kind != TokenKind::kName && name.kind != TokenKind::kQuotedName) {
      throw NotUnderstood();
    }
    ++at_;
    if (SkipSymbol(".")) {
      const std::string function = name.text + "." + Peek().text;
      if (Peek().kind != TokenKind::kName) throw NotUnderstood();
      ++at_;
      NeedSymbol("(");
      NeedSymbol(")");
      return AuthFunction(function);
    }
    if (SkipSymbol("(")) return Setting(name.text);
    if (!IsColumnName(name.text)) throw NotUnderstood();
    Operand column;
    column.kind = Operand::Kind::kColumn;
    column.text = name.text;
    return column;
  }

  static Operand AuthFunction(const std::string& name) {
    Operand operand;
    operand.kind = Operand::Kind::kClaim;
    if (name == "auth.uid") {
      operand.text = "sub";
    } else if (name == "auth.email") {
      operand.text = "email";
    } else if (name == "auth.jwt") {
      operand.kind = Operand::Kind::kClaims;
    } else if (name == "auth.role") {
      operand.kind = Operand::Kind::kRole;
    } else {
      throw NotUnderstood();
    }
    return operand;
  }

  /// current_setting('request.jwt.claims'[, true]), or that of a single claim.
  Operand Setting(const std::string& function) {
    constexpr std::string_view kClaim = "request.jwt.claim.";
    if (function != "current_setting") throw NotUnderstood();
    const std::string name = NeedText();
    while (SkipSymbol("::")) SkipType();
    if (SkipSymbol(",") && !SkipWord("true") && !SkipWord("false")) throw NotUnderstood();
    NeedSymbol(")");
    Operand operand;
    if (name == "request.jwt.claims") {
      operand.kind = Operand::Kind::kClaims;
    } else if (name.starts_with(kClaim)) {
      operand.kind = Operand::Kind::kClaim;
      operand.text = JoinPath("", name.substr(kClaim.size()));
      if (operand.text == "role") operand.kind = Operand::Kind::kRole;
    } else {
      throw NotUnderstood();
    }
    return operand;
  }

  static Operand Literal(std::string text) {
    if (!IsPlain(text)) throw NotUnderstood();
    Operand operand;
    operand.kind = Operand::Kind::kLiteral;
    operand.text = std::move(text);
    return operand;
  }

  static Operand FromCondition(RowCondition condition) {
    Operand operand;
    operand.kind = Operand::Kind::kCondition;
    operand.condition = std::move(condition);
    return operand;
  }

  static RowCondition AsCondition(Operand operand) {
    if (operand.kind == Operand::Kind::kCondition) return std::move(operand.condition);
    if (operand.kind == Operand::Kind::kColumn && !operand.is_cast) {
      return Filter(operand.text, "is", {"true"});
    }
    throw NotUnderstood();
  }

  const std::vector<SqlToken> tokens_;
  const std::string_view role_;
  size_t at_ = 0;
  int depth_ = 0;
};

/// AND, or OR, of the parts, without those that change nothing.
RowCondition Combine(Kind kind, std::vector<RowCondition> parts) {
  const Kind neutral = kind == Kind::kAnd ? Kind::kTrue : Kind::kFalse;
  const Kind decisive = kind == Kind::kAnd ? Kind::kFalse : Kind::kTrue;
  RowCondition result;
  result.kind = kind;
  for (RowCondition& part : parts) {
    if (part.kind == decisive) return Constant(decisive == Kind::kTrue);
    if (part.kind == neutral) continue;
    if (part.kind == kind) {
      std::ranges::move(part.parts, std::back_inserter(result.parts));
    } else {
      result.parts.push_back(std::move(part));
    }
  }
  if (result.parts.empty()) return Constant(neutral == Kind::kTrue);
  if (result.parts.size() == 1) {
    RowCondition only = std::move(result.parts.front());
    return only;
  }
  return result;
}

// ---- Writing

/// What a URL would take for something else, and what could not be seen, is encoded.
std::string UrlEncoded(std::string_view text) {
  constexpr std::string_view kEncoded = "%&+#;";
  std::string encoded;
  for (const char c : text) {
    if (kEncoded.find(c) == kEncoded.npos) {
      encoded += c;
    } else {
      constexpr std::string_view kDigits = "0123456789ABCDEF";
      encoded += '%';
      encoded += kDigits[static_cast<unsigned char>(c) >> 4];
      encoded += kDigits[static_cast<unsigned char>(c) & 15];
    }
  }
  return encoded;
}

/// In a list or a logic tree, where commas and parentheses end a value.
std::string QuotedValue(std::string_view text) {
  constexpr std::string_view kMeaningful = R"x( ,.:()"\)x";
  if (!text.empty() && text.find_first_of(kMeaningful) == text.npos) {
    return UrlEncoded(text);
  }
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return UrlEncoded(quoted + "\"");
}

std::string ValueText(const RowCondition& filter, bool in_tree) {
  if (filter.claim) return "{" + filter.texts.at(0) + "}";
  if (filter.op == "in" || filter.op == "not.in") {
    std::string list;
    for (const auto& text : filter.texts) {
      list += (list.empty() ? "" : ",") + QuotedValue(text);
    }
    return "(" + list + ")";
  }
  return in_tree ? QuotedValue(filter.texts.at(0)) : UrlEncoded(filter.texts.at(0));
}

/// As a part of a logic tree: "a.eq.1", "not.and(…)".
std::string TreeText(const RowCondition& condition) {
  if (condition.kind == Kind::kFilter) {
    return condition.column + "." + condition.op + "." + ValueText(condition, true);
  }
  if (condition.kind == Kind::kNot) {
    const RowCondition& part = condition.parts.at(0);
    if (part.kind != Kind::kFilter) return "not." + TreeText(part);
    return part.column + ".not." + part.op + "." + ValueText(part, true);
  }
  std::string text;
  for (const auto& part : condition.parts) {
    text += (text.empty() ? "" : ",") + TreeText(part);
  }
  return (condition.kind == Kind::kAnd ? "and(" : "or(") + text + ")";
}

/// As a parameter: "a=eq.1", "or=(…)".
std::string ParameterText(const RowCondition& condition) {
  if (condition.kind == Kind::kFilter) {
    return condition.column + "=" + condition.op + "." + ValueText(condition, false);
  }
  if (condition.kind == Kind::kNot && condition.parts.at(0).kind == Kind::kFilter) {
    const RowCondition& part = condition.parts.at(0);
    return part.column + "=not." + part.op + "." + ValueText(part, false);
  }
  std::string text = TreeText(condition);
  text.insert(text.find('('), "=");
  return text;
}

}  // namespace

RowCondition AllOf(std::vector<RowCondition> parts) {
  return Combine(Kind::kAnd, std::move(parts));
}

RowCondition AnyOf(std::vector<RowCondition> parts) {
  return Combine(Kind::kOr, std::move(parts));
}

std::optional<RowCondition> ReadPolicyExpression(std::string_view text,
                                                 std::string_view role) {
  if (text.size() > kLongestText) return std::nullopt;
  auto tokens = TokenizeSql(text);
  if (!tokens) return std::nullopt;
  try {
    return Reader(*std::move(tokens), role).Run();
  } catch (const NotUnderstood&) {
    return std::nullopt;
  }
}

std::string FormatRows(const RowCondition& condition) {
  if (condition.kind == Kind::kTrue) return "all";
  if (condition.kind == Kind::kFalse) return "";
  if (condition.kind != Kind::kAnd) return ParameterText(condition);
  std::string text;
  for (const auto& part : condition.parts) {
    text += (text.empty() ? "" : "&") + ParameterText(part);
  }
  return text;
}

}  // namespace shoestring
