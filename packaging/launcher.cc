// Starts the program of a package with the package's own loader and libraries, so that
// nothing of the machine's is needed or taken. It is linked statically and stands in
// <package>/bin, or, as Lambda's `bootstrap`, in <package> itself.
#include <sys/auxv.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

#if defined(__aarch64__)
constexpr const char* kLoader = "/lib/ld-linux-aarch64.so.1";
#else
constexpr const char* kLoader = "/lib/ld-linux-x86-64.so.2";
#endif
constexpr const char* kProgram = "/libexec/shoestring";
constexpr const char* kCertificates = "/share/ca-certificates.crt";

// Where distributions keep the certificates that a machine trusts.
constexpr const char* kMachineCertificates[] = {
    "/etc/ssl/certs/ca-certificates.crt",  // Debian, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",    // Fedora, Amazon Linux
    "/etc/ssl/ca-bundle.pem",              // SUSE
};

bool Exists(const std::string& path) { return access(path.c_str(), R_OK) == 0; }

std::string Parent(const std::string& path) { return path.substr(0, path.rfind('/')); }

// This file's own place, through symbolic links; without /proc by the name it was run by.
std::string OwnPath() {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  if (length > 0) return {path, static_cast<size_t>(length)};
  const auto* name = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  if (name != nullptr && realpath(name, path) != nullptr) return path;
  return "/";
}

std::string PackageFolder() {
  const std::string folder = Parent(OwnPath());
  return Exists(folder + kLoader) ? folder : Parent(folder);
}

// What the user or the machine trusts comes first; the package's own is for bare
// machines.
void ChooseCertificates(const std::string& package) {
  for (const char* machine : kMachineCertificates) {
    if (Exists(machine)) return void(setenv("SSL_CERT_FILE", machine, 0));
  }
  setenv("SSL_CERT_FILE", (package + kCertificates).c_str(), 0);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string package = PackageFolder();
  ChooseCertificates(package);
  const std::string loader = package + kLoader, libraries = package + "/lib",
                    program = package + kProgram;
  std::vector<const char*> arguments = {
      loader.c_str(),    "--inhibit-cache", "--library-path",
      libraries.c_str(), "--argv0",         argc > 0 ? argv[0] : "shoestring",
      program.c_str()};
  arguments.insert(arguments.end(), argv + (argc > 0 ? 1 : 0), argv + argc);
  arguments.push_back(nullptr);
  execv(loader.c_str(), const_cast<char* const*>(arguments.data()));
  std::fprintf(stderr, "shoestring: %s cannot be started: %s. Unpack the package anew.\n",
               loader.c_str(), std::strerror(errno));
  constexpr int kNotFound = 3;
  return kNotFound;
}
