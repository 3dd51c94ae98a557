#include "cli/prompt.h"

#include <histedit.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <iterator>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/user_folders.h"
#include "cli/lake_listing.h"
#include "engine/statement_splitter.h"

namespace shoestring {

namespace {

constexpr const char* kHelp =
    "Statements end with a semicolon and may take several lines.\n"
    "  \\d         the tables of the lake\n"
    "  \\d TABLE   the columns of a table\n"
    "  \\q         leave (or Ctrl-D)\n"
    "  Ctrl-C     drop the line, or stop the running query\n";

constexpr int kHistoryLength = 1000;

/// While it lives, Ctrl-C waits to be read from a descriptor instead of ending the
/// process: a handler could run just before a read that then waits for ever.
class InterruptQueue {
 public:
  InterruptQueue() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, &before_);
    descriptor_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  ~InterruptQueue() {
    close(descriptor_);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  InterruptQueue(const InterruptQueue&) = delete;
  InterruptQueue& operator=(const InterruptQueue&) = delete;

  /// Waits for a byte of standard input, and returns true if Ctrl-C came first.
  bool ComesBeforeInput() const {
    pollfd waits[] = {{descriptor_, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    while (poll(waits, std::size(waits), -1) < 0 && errno == EINTR) {
    }
    signalfd_siginfo info;
    return read(descriptor_, &info, sizeof(info)) == sizeof(info);
  }

 private:
  sigset_t before_{};
  int descriptor_ = -1;
};

/// Empty without a home, or when the folder cannot be made.
std::string HistoryFile() {
  const std::string folder = StateFolder();
  if (folder.empty()) return "";
  try {
    MakePrivateFolder(folder);
  } catch (const Error&) {
    return "";
  }
  return folder + "/history";
}

/// Lines from the terminal, with editing and history.
class LineReader {
 public:
  LineReader()
      : history_(history_init(), history_end),
        editor_(el_init("shoestring", stdin, stdout, stderr), el_end),
        file_(HistoryFile()) {
    HistEvent event;
    history(history_.get(), &event, H_SETSIZE, kHistoryLength);
    history(history_.get(), &event, H_SETUNIQUE, 1);
    if (!file_.empty()) history(history_.get(), &event, H_LOAD, file_.c_str());
    el_set(editor_.get(), EL_CLIENTDATA, this);
    el_set(editor_.get(), EL_PROMPT, Prompt);
    el_set(editor_.get(), EL_EDITOR, "emacs");
    el_set(editor_.get(), EL_HIST, history, history_.get());
    el_set(editor_.get(), EL_BIND, "^R", "em-inc-search-prev", nullptr);
    el_wset(editor_.get(), EL_GETCFN, ReadCharacter);
    el_source(editor_.get(), nullptr);
  }

  enum class Got { kLine, kInterrupt, kEnd };

  Got Read(bool continued, std::string* line) {
    interrupted_ = false;
    continued_ = continued;
    int length = 0;
    const char* text = el_gets(editor_.get(), &length);
    if (interrupted_) return Got::kInterrupt;
    if (text == nullptr || length <= 0) return Got::kEnd;
    line->assign(text, static_cast<size_t>(length));
    return Got::kLine;
  }

  /// One entry, on one line unless a comment to the line's end forbids that.
  void Remember(std::string statement) {
    if (statement.find("--") == std::string::npos) {
      for (char& c : statement) c = c == '\n' ? ' ' : c;
    }
    while (!statement.empty() && (statement.back() == ' ' || statement.back() == '\n')) {
      statement.pop_back();
    }
    if (statement.empty()) return;
    HistEvent event;
    history(history_.get(), &event, H_ENTER, statement.c_str());
    if (!file_.empty()) history(history_.get(), &event, H_SAVE, file_.c_str());
  }

 private:
  static LineReader* Of(EditLine* editor) {
    LineReader* reader = nullptr;
    el_get(editor, EL_CLIENTDATA, &reader);
    return reader;
  }

  static char* Prompt(EditLine* editor) {
    static char first[] = "shoestring> ";
    static char more[] = "        ..> ";
    return Of(editor)->continued_ ? more : first;
  }

  /// libedit's own reader tries again after an interrupt; this one gives up.
  static int ReadCharacter(EditLine* editor, wchar_t* character) {
    LineReader* reader = Of(editor);
    std::mbstate_t state{};
    for (;;) {
      if (reader->interrupts_.ComesBeforeInput()) {
        reader->interrupted_ = true;
        return -1;
      }
      char byte = 0;
      const ssize_t count = read(STDIN_FILENO, &byte, 1);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return static_cast<int>(count);
      const size_t used = std::mbrtowc(character, &byte, 1, &state);
      if (used == static_cast<size_t>(-2)) continue;
      if (used == static_cast<size_t>(-1)) *character = L'?';
      return 1;
    }
  }

  const InterruptQueue interrupts_;
  std::unique_ptr<History, decltype(&history_end)> history_;
  std::unique_ptr<EditLine, decltype(&el_end)> editor_;
  const std::string file_;
  bool continued_ = false;
  bool interrupted_ = false;
};

std::string Trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\r\n;");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r\n;") + 1 - first);
}

/// Shows what goes wrong and lets the user go on.
template <typename Function>
void Guarded(Function&& function) {
  try {
    function();
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
}

void RunCommand(ObjectStore* store, const std::string& command) {
  if (command == "\\?" || command == "\\h" || command == "help") {
    std::fputs(kHelp, stdout);
  } else if (command.starts_with("\\d") && store == nullptr) {
    throw Fail(ErrorKind::kUnsupported,
               "\\d shows a lake, which this engine does not read by itself; ask its "
               "information_schema.tables");
  } else if (command == "\\d" || command == "\\dt") {
    std::fputs(TablesAsText(store).c_str(), stdout);
  } else if (command.starts_with("\\d ")) {
    std::fputs(DescriptionAsText(store, Trimmed(command.substr(3))).c_str(), stdout);
  } else {
    throw Fail(ErrorKind::kInvalidArgument, "No such command, \\? lists them: {}",
               command);
  }
}

bool Leaves(const std::string& line) {
  return line == "\\q" || line == "quit" || line == "exit";
}

}  // namespace

void RunPrompt(ObjectStore* store, const std::function<void(const std::string&)>& run) {
  std::setlocale(LC_CTYPE, "");
  LineReader reader;
  std::fputs("Statements end with a semicolon; \\? for help, \\q to leave.\n", stderr);
  std::string pending;
  for (;;) {
    std::string line;
    const auto got = reader.Read(!pending.empty(), &line);
    if (got == LineReader::Got::kEnd) break;
    if (got == LineReader::Got::kInterrupt) {
      std::fputc('\n', stdout);
      pending.clear();
      continue;
    }
    const std::string trimmed = Trimmed(line);
    const bool first = pending.empty();
    if (first && Leaves(trimmed)) return;
    if (first && (trimmed.starts_with("\\") || trimmed == "help")) {
      reader.Remember(trimmed);
      Guarded([&] { RunCommand(store, trimmed); });
      continue;
    }
    SplitSql split = SplitStatements(pending + line);
    pending = std::move(split.rest);
    for (const std::string& statement : split.statements) {
      reader.Remember(Trimmed(statement) + ";");
      Guarded([&] { run(statement); });
    }
  }
  std::fputc('\n', stdout);
}

}  // namespace shoestring
