#include "vmm/image/container_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "vmm/error.h"
#include "vmm/image/import_protocol.h"

namespace husk::image {
namespace {

struct Transport {
  std::string_view prefix;
  std::string_view layout;
  bool has_reference;
};
// containers-transports(5).
constexpr std::array kTransports = {Transport{"oci:", kOciDirectory, true}, Transport{"dir:", kSkopeoDirectory, false},
                                    Transport{"oci-archive:", kOciArchive, true},
                                    Transport{"docker-archive:", kDockerArchive, true}};
constexpr const char* kForms = "as oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:NAME] or dir:DIR";

bool has_file(const std::string& directory, const char* name) {
  return ::access((directory + "/" + name).c_str(), F_OK) == 0;
}

}  // namespace

bool ContainerSource::is_directory() const {
  return layout == kOciDirectory || layout == kSkopeoDirectory;
}

UniqueFd ContainerSource::open() const {
  if (path.empty()) return UniqueFd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOCTTY | O_CLOEXEC | (is_directory() ? O_DIRECTORY : 0)));
  if (!fd) throw Error::from_errno("open", path);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) throw Error::from_errno("open", path);
  if (!is_directory() && S_ISDIR(status.st_mode)) throw Error("open", path, "it is a directory, and no archive");
  return fd;
}

std::optional<ContainerSource> parse_container_source(const std::string& text) {
  if (text == "-") return ContainerSource{.text = "standard input", .layout = kAnyArchive, .path = {}, .reference = {}};
  for (const Transport& transport : kTransports) {
    if (!text.starts_with(transport.prefix)) continue;
    const std::string rest = text.substr(transport.prefix.size());
    const std::size_t colon = transport.has_reference ? rest.find(':') : std::string::npos;
    ContainerSource source{.text = text, .layout = transport.layout, .path = rest.substr(0, colon), .reference = {}};
    if (colon != std::string::npos) source.reference = rest.substr(colon + 1);
    if (source.path.empty() || (colon != std::string::npos && source.reference.empty())) {
      throw Error("use image", text, "there is nothing behind a ':'", kForms);
    }
    return source;
  }
  return std::nullopt;
}

std::optional<ContainerSource> container_at(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  ContainerSource source{.text = path, .layout = kAnyArchive, .path = path, .reference = {}};
  if (S_ISREG(status.st_mode) || S_ISFIFO(status.st_mode)) return source;
  if (!S_ISDIR(status.st_mode)) return std::nullopt;
  if (has_file(path, "oci-layout")) {
    source.layout = kOciDirectory;
  } else if (has_file(path, "manifest.json") && has_file(path, "version")) {
    source.layout = kSkopeoDirectory;
  } else {
    return std::nullopt;
  }
  return source;
}

}  // namespace husk::image
