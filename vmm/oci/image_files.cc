#include "vmm/oci/image_files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>
#include <vector>

#include "common/text_lines.h"
#include "common/unique_fd.h"
#include "vmm/error.h"
#include "vmm/oci/limits.h"
#include "vmm/oci/tar_reader.h"

namespace husk::oci {
namespace {

class OwnedFileSource : public FileSource {
 public:
  OwnedFileSource(UniqueFd fd, std::uint64_t size, std::string name)
      : FileSource(fd.get(), 0, size, std::move(name)), fd_(std::move(fd)) {}

 private:
  UniqueFd fd_;
};

std::string join(const std::vector<std::string_view>& parts) {
  std::string path;
  for (const std::string_view part : parts) path.append(path.empty() ? "" : "/").append(part);
  return path;
}

}  // namespace

std::vector<std::string_view> path_parts(std::string_view path, const std::string& where) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::string_view part = take_field(path, '/');
    if (part == "..") throw Error("read", where, "there is a '..' in a name");
    if (!part.empty() && part != ".") parts.push_back(part);
  }
  return parts;
}

std::optional<std::string> ImageFiles::read(const std::string& name) {
  const std::unique_ptr<ByteSource> source = open(name);
  if (source == nullptr) return std::nullopt;
  std::string text;
  std::vector<std::byte> buffer(64 * 1024);
  while (const std::size_t got = source->read(buffer)) {
    text.append(reinterpret_cast<const char*>(buffer.data()), got);
    if (text.size() > kMaxDocument) {
      throw Error("read", name, "it has more than the " + std::to_string(kMaxDocument) + " bytes that it may have");
    }
  }
  return text;
}

std::unique_ptr<ByteSource> DirectoryFiles::open(const std::string& name) {
  const open_how how{.flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                     .mode = 0,
                     .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
  UniqueFd fd(static_cast<int>(::syscall(SYS_openat2, directory_, name.c_str(), &how, sizeof how)));
  if (!fd && (errno == ENOENT || errno == ENOTDIR)) return nullptr;
  if (!fd && errno == ELOOP) throw Error("open", name, "it is a symbolic link, or behind one");
  if (!fd) throw Error::from_errno("open", name);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) throw Error::from_errno("open", name);
  if (!S_ISREG(status.st_mode)) throw Error("open", name, "it is not a regular file");
  return std::make_unique<OwnedFileSource>(std::move(fd), static_cast<std::uint64_t>(status.st_size), name);
}

ArchiveFiles::ArchiveFiles(int fd, std::uint64_t size) : fd_(fd) {
  const std::string where = "the archive";
  FileSource source(fd, 0, size, where);
  TarReader reader(source, where);
  TarEntry entry;
  while (reader.next(entry)) {
    using Type = TarEntry::Type;
    std::vector<std::string_view> parts = path_parts(entry.name, where);
    std::string name = join(parts);
    if (entry.type == Type::kFile) {
      if (entry.is_sparse) throw Error("read", where, "'" + name + "' is stored as a sparse file");
      add(std::move(name), {.offset = reader.position(), .size = entry.size, .link = {}});
    } else if (entry.type == Type::kHardLink) {
      add(std::move(name), {.link = join(path_parts(entry.target, where))});
    } else if (entry.type == Type::kSymlink && !parts.empty()) {
      // docker and podman write a layer that an image has twice as a link: "../OTHER/layer.tar".
      parts.pop_back();
      std::string_view target = entry.target;
      if (target.starts_with('/')) parts.clear();
      while (!target.empty()) {
        const std::string_view part = take_field(target, '/');
        if (part == ".." && !parts.empty()) parts.pop_back();
        if (part != ".." && part != "." && !part.empty()) parts.push_back(part);
      }
      add(std::move(name), {.link = join(parts)});
    }
  }
  if (members_.empty()) throw Error("read", where, "there is nothing in it", "give a tar archive of an image");
}

void ArchiveFiles::add(std::string name, Member member) {
  if (members_.size() >= kMaxMembers) throw Error("read", "the archive", "it has more than 65,536 files");
  if (!members_.emplace(name, std::move(member)).second) {
    throw Error("read", "the archive", "it has two files of the name '" + name + "'");
  }
}

std::unique_ptr<ByteSource> ArchiveFiles::open(const std::string& name) {
  std::string at = join(path_parts(name, "the archive"));
  for (unsigned links = 0; links <= kMaxMemberLinks; ++links) {
    const auto found = members_.find(at);
    if (found == members_.end()) return nullptr;
    if (!found->second.link) return std::make_unique<FileSource>(fd_, found->second.offset, found->second.size, name);
    at = *found->second.link;
  }
  throw Error("read", name, "its links lead to no file");
}

}  // namespace husk::oci
