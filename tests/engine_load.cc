// Asks one engine from eight threads at once, and compares with what it says to one.
//
// usage: engine_load ENGINE SQL
//
// SQL has one placeholder in the engine's way, an integer; the engine is found as
// `shoestring query` finds it. Ends with 0 when all of 200 answers were right.
#include <arrow/api.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

#include "base/error.h"
#include "engine/engine_registry.h"
#include "engine/value_text.h"

using namespace shoestring;

namespace {

constexpr int kThreads = 8;
constexpr int kQueriesOfAThread = 25;

std::string Ask(Engine* engine, const std::string& sql, int64_t parameter) {
  const auto result = engine->Run({sql, {parameter}}, {}, {});
  std::string answer;
  while (const auto batch = result->Next()) {
    for (int64_t row = 0; row < batch->num_rows(); ++row) {
      for (const auto& column : batch->columns()) {
        AppendJson(*column, row, &answer);
        answer += ' ';
      }
    }
  }
  return answer;
}

int Run(Engine* engine, const std::string& sql) {
  std::vector<std::string> expected;
  for (int i = 0; i < kQueriesOfAThread; ++i) expected.push_back(Ask(engine, sql, i));
  std::atomic<int> errors = 0;
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kQueriesOfAThread; ++i) {
        const int parameter = (i + 3 * thread) % kQueriesOfAThread;
        try {
          if (Ask(engine, sql, parameter) != expected[parameter]) ++wrong;
        } catch (const Error& error) {
          ++errors;
          std::fprintf(stderr, "%s\n", error.what());
        }
      }
    });
  }
  threads.clear();
  std::printf("%d queries, %d errors, %d wrong answers\n", kThreads * kQueriesOfAThread,
              errors.load(), wrong.load());
  return errors == 0 && wrong == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    std::unique_ptr<ObjectStore> store;
    EngineContext context{Settings::Load(), [&] {
                            store = OpenObjectStore(context.settings.Require("", "lake"),
                                                    /*create=*/false);
                            return store.get();
                          }};
    return Run(OpenEngine(argv[1], context).get(), argv[2]);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
