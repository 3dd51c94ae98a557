#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cost/ledger.h"
#include "engine/engine.h"

namespace shoestring {

/// Hands what each query came to to `record`, once, when its result ends or goes: also of
/// those that failed while they ran, but not of statements that were refused. `record`
/// must not throw, and is called by several threads. `inner` must outlive it.
std::unique_ptr<Engine> MakeRecordedEngine(
    Engine* inner, std::string name, std::function<void(const LedgerEntry&)> record);

}  // namespace shoestring
