// The commands of Connection that are sent together.
#include <libpq-fe.h>

#include <exception>

#include "source/connection.h"

namespace shoestring {

namespace {

// What fits into the buffers of any socket is sent without waiting, so that a stop is
// heeded meanwhile.
constexpr size_t kMostUnanswered = 16 << 10;

/// How many of the commands, at least one, to send before their answers are read.
size_t CountSendable(std::span<const Command> commands) {
  size_t count = 0;
  for (size_t bytes = 0; count < commands.size(); ++count) {
    bytes += commands[count].sql.size();
    for (const auto& parameter : commands[count].parameters) bytes += parameter.size();
    if (count > 0 && bytes > kMostUnanswered) break;
  }
  return count;
}

}  // namespace

std::vector<Rows> Connection::ExecuteAll(const std::vector<Command>& commands) {
  std::vector<Rows> answers;
  std::span<const Command> rest(commands);
  while (!rest.empty()) {
    const size_t count = CountSendable(rest);
    for (Rows& rows : RunPipeline(rest.first(count))) answers.push_back(std::move(rows));
    rest = rest.subspan(count);
  }
  return answers;
}

std::vector<Rows> Connection::RunPipeline(std::span<const Command> commands) {
  if (PQenterPipelineMode(connection_.get()) == 0) ThrowLost();
  for (const auto& [sql, parameters, subject] : commands) {
    if (Send(sql, parameters) == 0) ThrowLost();
  }
  Sent(PQpipelineSync(connection_.get()));
  std::vector<Rows> answers;
  std::exception_ptr failure;
  for (const auto& command : commands) {
    pg_result* result = LastResult();
    answers.emplace_back(result);
    const auto status = PQresultStatus(result);
    if (failure || status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) continue;
    try {
      const Subject about(this, command.subject);
      ThrowResult(result);
    } catch (const Error&) {
      failure = std::current_exception();
    }
  }
  const Rows synced(LastResult());
  PQexitPipelineMode(connection_.get());
  if (failure) std::rethrow_exception(failure);
  return answers;
}

}  // namespace shoestring
