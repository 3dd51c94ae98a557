// Stands in for libFuzzer: takes each input of a corpus, or the one input that is named,
// once, and ends where it would.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

std::vector<uint8_t> Read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void Try(const std::filesystem::path& path) {
  // An input that breaks something is the last one that is named.
  std::printf("%s\n", path.filename().c_str());
  std::fflush(stdout);
  const std::vector<uint8_t> input = Read(path);
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || !std::filesystem::exists(argv[1])) {
    std::fprintf(stderr, "usage: %s CORPUS|INPUT\n", argv[0]);
    return 2;
  }
  if (std::filesystem::is_regular_file(argv[1])) {
    Try(argv[1]);
    return 0;
  }
  int inputs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    Try(entry.path());
    ++inputs;
  }
  std::printf("%d inputs\n", inputs);
  return inputs == 0 ? 1 : 0;
}
