#include "api/api_error.h"
#include "api/field_grammar.h"
#include "api/request_grammar.h"

namespace shoestring {

namespace {

/// select=, columns= and order=: what shapes an answer.
class SelectReader {
 public:
  SelectReader(GrammarReader* in, NestingLimit limit) : in_(*in), limit_(limit) {}

  bool Items(std::vector<SelectItem>* items) {
    if (limit_.left-- <= 0) {
      throw ApiError(400, "PGRST100", "The select parameter is nested too deeply");
    }
    bool some = false;
    const auto one = [&] { return Item(items); };
    const auto comma = [&] { return in_.Lexeme([&] { return in_.Char(','); }); };
    const bool read = in_.Optional([&] { return in_.SeparatedBy(one, comma); }, &some);
    ++limit_.left;
    return read;
  }

 private:
  bool Item(std::vector<SelectItem>* items) {
    SelectItem item;
    const bool read =
        in_.Either({[&] { return Embed(&item, [&] { return Spread(&item); }); },
                    [&] { return Embed(&item, [&] { return Relation(&item); }); },
                    [&] { return Plain(&item); }});
    if (read) items->push_back(std::move(item));
    return read;
  }

  bool Embed(SelectItem* item, const GrammarReader::Rule& head) {
    const bool begun = in_.Try([&] {
      *item = SelectItem();
      return head();
    });
    if (!begun) return false;
    item->embed = true;
    return in_.Char('(') && Items(&item->items) && in_.Char(')');
  }

  bool Spread(SelectItem* item) {
    return in_.Lexeme([&] {
      if (!in_.String("...") || !ReadFieldName(in_, &item->relation)) return false;
      item->spread = true;
      return EmbedParameters(item) && BeforeItems();
    });
  }

  bool Relation(SelectItem* item) {
    return in_.Lexeme([&] {
      if (!Alias(item) || !ReadFieldName(in_, &item->relation)) return false;
      if (item->relation == "count") return false;
      return EmbedParameters(item) && BeforeItems();
    });
  }

  bool BeforeItems() {
    return in_.Try([&] { return in_.LookAhead([&] { return in_.String("("); }); });
  }

  bool Alias(SelectItem* item) {
    std::string alias;
    bool found = false;
    const bool read = in_.Optional(
        [&] {
          return in_.Try([&] {
            alias.clear();
            return ReadFieldName(in_, &alias) && in_.Char(':') &&
                   in_.NotFollowedBy([&] { return in_.Char(':'); });
          });
        },
        &found);
    if (found) item->alias = alias;
    return read;
  }

  bool EmbedParameters(SelectItem* item) {
    const auto one = [&] { return EmbedParameter(item); };
    return in_.Optional(one) && in_.Optional(one);
  }

  bool EmbedParameter(SelectItem* item) {
    std::string hint;
    return in_.Char('!') &&
           in_.Either({[&] { return in_.Try([&] { return in_.String("left"); }); },
                       [&] {
                         const bool inner = in_.Try([&] { return in_.String("inner"); });
                         item->inner = item->inner || inner;
                         return inner;
                       },
                       [&] {
                         const bool read =
                             in_.Try([&] { return ReadFieldName(in_, &hint); });
                         if (read && !item->hint) item->hint = hint;
                         return read;
                       }});
  }

  bool Plain(SelectItem* item) {
    return in_.Lexeme([&] {
      return in_.Either({[&] { return in_.Try([&] { return Star(item); }); },
                         [&] { return in_.Try([&] { return CountOfRows(item); }); },
                         [&] { return FieldItem(item); }});
    });
  }

  bool Star(SelectItem* item) {
    *item = SelectItem();
    item->field.name = "*";
    return in_.String("*") && ItemEnd();
  }

  bool CountOfRows(SelectItem* item) {
    *item = SelectItem();
    item->field.name = "*";
    item->aggregate = Aggregate::kCount;
    return Alias(item) && in_.String("count()") && Cast(&item->aggregate_cast) &&
           ItemEnd();
  }

  bool FieldItem(SelectItem* item) {
    *item = SelectItem();
    return Alias(item) && ReadField(in_, &item->field) && Cast(&item->cast) &&
           in_.Optional([&] {
             return in_.Try([&] {
               return in_.Char('.') && AggregateName(item) && in_.String("()");
             });
           }) &&
           Cast(&item->aggregate_cast) && ItemEnd();
  }

  bool AggregateName(SelectItem* item) {
    const auto name = [&](const char* text, Aggregate aggregate) {
      if (!in_.Try([&] { return in_.String(text); })) return false;
      item->aggregate = aggregate;
      return true;
    };
    return in_.Either({[&] { return name("sum", Aggregate::kSum); },
                       [&] { return name("avg", Aggregate::kAvg); },
                       [&] { return name("count", Aggregate::kCount); },
                       [&] { return name("max", Aggregate::kMax); },
                       [&] { return name("min", Aggregate::kMin); }});
  }

  bool Cast(std::optional<std::string>* cast) {
    std::string name;
    bool found = false;
    const bool read = in_.Optional(
        [&] { return in_.String("::") && ReadIdentifier(in_, &name); }, &found);
    if (found) *cast = Stripped(name);
    return read;
  }

  bool ItemEnd() {
    const auto ahead = [&](std::string_view text) {
      return in_.Try([&] { return in_.LookAhead([&] { return in_.String(text); }); });
    };
    return in_.Either({[&] { return ahead(")"); }, [&] { return ahead(","); },
                       [&] { return in_.Try([&] { return in_.End(); }); }});
  }

  GrammarReader& in_;
  NestingLimit limit_;
};

bool ReadDirection(GrammarReader& in, OrderTerm* term) {
  const auto word = [&](const char* text, bool descending) {
    if (!in.Try([&] { return ReadDot(in) && in.String(text); })) return false;
    term->descending = descending;
    return true;
  };
  return in.Either(
      {[&] { return word("asc", false); }, [&] { return word("desc", true); }});
}

bool ReadNulls(GrammarReader& in, OrderTerm* term) {
  const auto word = [&](const char* text, bool first) {
    if (!in.Try([&] { return ReadDot(in) && in.String(text); })) return false;
    term->nulls_first = first;
    return true;
  };
  return in.Either({[&] { return word("nullsfirst", true); },
                    [&] { return word("nullslast", false); }});
}

bool ReadOrderEnd(GrammarReader& in, OrderTerm* term) {
  const auto end = [&] {
    return in.Either({[&] {
                        return in.Try(
                            [&] { return in.LookAhead([&] { return in.Char(','); }); });
                      },
                      [&] { return in.Try([&] { return in.End(); }); }});
  };
  return in.Optional([&] { return ReadDirection(in, term); }) &&
         in.Optional([&] { return ReadNulls(in, term); }) && end();
}

bool ReadOrderTerm(GrammarReader& in, OrderTerm* term) {
  const auto of_relation = [&] {
    *term = OrderTerm();
    std::string relation;
    if (!ReadFieldName(in, &relation) || !in.Char('(')) return false;
    term->relation = relation;
    return ReadField(in, &term->field) && in.Char(')') && ReadOrderEnd(in, term);
  };
  const auto of_field = [&] {
    *term = OrderTerm();
    return ReadField(in, &term->field) && ReadOrderEnd(in, term);
  };
  return in.Lexeme([&] {
    return in.Either({[&] { return in.Try(of_relation); }, of_field});
  });
}

}  // namespace

std::vector<SelectItem> ParseSelect(std::string_view text, NestingLimit limit) {
  GrammarReader in(text, fmt::format("failed to parse select parameter ({})", text));
  std::vector<SelectItem> items;
  if (!SelectReader(&in, limit).Items(&items)) in.Throw();
  return items;
}

std::vector<OrderTerm> ParseOrder(std::string_view text) {
  GrammarReader in(text, fmt::format("failed to parse order ({})", text));
  std::vector<OrderTerm> terms;
  const auto one = [&] {
    OrderTerm term;
    if (!ReadOrderTerm(in, &term)) return false;
    terms.push_back(std::move(term));
    return true;
  };
  if (!in.SeparatedBy(one, [&] { return in.Char(','); })) in.Throw();
  return terms;
}

std::vector<std::string> ParseColumns(std::string_view text) {
  GrammarReader in(text, fmt::format("failed to parse columns parameter ({})", text));
  std::vector<std::string> names;
  const auto one = [&] {
    std::string name;
    if (!ReadFieldName(in, &name)) return false;
    names.push_back(std::move(name));
    return true;
  };
  const auto comma = [&] { return in.Lexeme([&] { return in.Char(','); }); };
  if (!in.SeparatedBy(one, comma)) in.Throw();
  return names;
}

}  // namespace shoestring
