#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "lake/object_store.h"
#include "lake/seal.h"

namespace shoestring {

/// Something in the lake, or between it and its source, that is not as it should be.
struct Fault {
  std::string table;
  std::string partition;  ///< "year=2024/month=3"; empty when it is not of one.
  std::string file;       ///< Its key; several with commas between; empty without one.
  std::string problem;   ///< One word: missing, changed, unreadable, rows, extra, source.
  std::string expected;  ///< For people.
  std::string found;
  std::string way_out;
};

/// "t, partition year=2024/month=3, data/t/…: missing. Expected …; found …. Way out: …"
std::string Describe(const Fault& fault);

struct ProofProgress {
  int64_t bytes = 0;  ///< Of data files, so far.
  int64_t bytes_expected = 0;
};

struct ProofOptions {
  int jobs = 1;
  int64_t memory = 256'000'000;  ///< Bytes, for all of them.
  std::stop_token stop;
  std::function<void(const ProofProgress&)> on_progress = [](const ProofProgress&) {};
};

/// Reads every data file of fresh copies back from the store, enters the rows found into
/// the seals, and compares them with what the source had for each partition. All faults.
std::vector<Fault> ProveCopies(ObjectStore* store, std::vector<Seal>* seals,
                               const ProofOptions& options);

/// Reads every data file of the seals back from the store and compares bytes and rows
/// with what the seals say. All faults.
std::vector<Fault> ProveFiles(ObjectStore* store, const std::vector<Seal>& seals,
                              const ProofOptions& options);

}  // namespace shoestring
