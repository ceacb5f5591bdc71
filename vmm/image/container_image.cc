#include "vmm/image/container_image.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <utility>

#include "vmm/cache/cache_file.h"
#include "vmm/drawn_user.h"
#include "vmm/error.h"
#include "vmm/image/helper.h"
#include "vmm/image/image_file.h"
#include "vmm/image/import_protocol.h"
#include "vmm/image/named_image.h"
#include "vmm/image/stable_image.h"

namespace husk::image {
namespace {

constexpr std::string_view kSourceSuffix = ".source";
constexpr std::size_t kMaxSource = 8192;
constexpr const char* kProgram = "husk-import";
// What a file of an import may have at the most, however much room there is (vmm/oci/limits.h has the image's own limit).
constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 30;

std::string image_name(const std::string& key) {
  return key + std::string(kImageSuffix);
}

std::uint64_t room_in(const Folder& folder) {
  struct statvfs space {};
  if (::fstatvfs(folder.fd(), &space) != 0) throw Error::from_errno("look for free space in", folder.path());
  return std::min(std::uint64_t{space.f_bavail} * space.f_frsize, kMostBytes);
}

// As it is found again from another directory: for `ls` and `prune`.
std::string lasting_source(const ContainerSource& source) {
  return source.path.empty() ? "-" : canonical_path(source.path);
}

// One import: the conversation with husk-import, and what it leaves.
class Import {
 public:
  Import(const ContainerSource& source, const CacheDir& cache)
      : source_(source), folder_(cache.make(CacheDir::Part::kContainers)) {}
  Import(const Import&) = delete;
  Import& operator=(const Import&) = delete;
  // The lock's file goes with it, also after an error.
  ~Import() {
    if (lock_) ::unlinkat(folder_.fd(), (key_ + std::string(cache::kLockSuffix)).c_str(), 0);
  }

  RootImage run(const std::string* name, const CacheDir& cache);

 private:
  void ask(int output, int spool);
  bool answer(std::string_view line);
  RootImage keep(cache::TemporaryFile& file);
  OpenedImage find() const { return open_image(folder_, image_name(key_), &digest_); }

  const ContainerSource& source_;
  const Folder folder_;
  cache::Digest digest_{};  // of the configuration; key_ is its text, empty until it is known
  std::string key_;
  std::optional<cache::Lock> lock_;  // on the key, from when it is known on
  RootImage known_;
  std::size_t config_bytes_ = 0;
};

// It may have been taken over by what it reads: what it says is checked, and only ever chooses among its own image's files.
bool Import::answer(std::string_view line) {
  if (line.starts_with(kSaysImage) && key_.empty()) {
    const std::string_view key = line.substr(kSaysImage.size());
    const std::optional<cache::Digest> digest = cache::from_hex(key);
    if (!digest) return false;
    digest_ = *digest;
    key_ = key;
    lock_.emplace(folder_, key_);
    known_ = find().image;
    return !known_.fd;
  }
  if (line.starts_with(kSaysConfig)) {
    const std::string_view text = line.substr(kSaysConfig.size());
    std::from_chars(text.data(), text.data() + text.size(), config_bytes_);
  }
  return true;
}

void Import::ask(int output, int spool) {
  const UniqueFd input = source_.open();
  if (!input) throw Error::from_errno("open", source_.text);
  run_helper_program({.task = "import",
                      .object = source_.text,
                      .notice = "importing " + source_.text + "; it is kept",
                      .name = kProgram,
                      .arguments = {std::string(source_.layout), source_.reference, std::to_string(input.get()),
                                    std::to_string(output), std::to_string(spool), std::to_string(room_in(folder_)),
                                    std::to_string(draw_user()), std::to_string(::getpid())},
                      .descriptors = {input.get(), output, spool}},
                     [this](std::string_view line) { return answer(line); });
  if (key_.empty()) throw Error("import", source_.text, "what reads it has not said which image it is");
}

RootImage Import::keep(cache::TemporaryFile& file) {
  seal_image(file.fd(), file.path(), digest_, config_bytes_);
  add_checksum(file.fd(), file.path());
  cache::TemporaryFile source(folder_, key_);
  source.write(lasting_source(source_));
  source.publish(key_ + std::string(kSourceSuffix));
  file.publish(image_name(key_));
  OpenedImage opened = find();
  if (!opened.image.fd) throw Error("open image", folder_.path_of(image_name(key_)), opened.damage, "run again");
  return std::move(opened.image);
}

RootImage Import::run(const std::string* name, const CacheDir& cache) {
  cache::sweep(folder_);
  RootImage image;
  {
    cache::TemporaryFile output(folder_, "import");
    // An archive that is compressed, or comes through a pipe, has to be read in another order than it has.
    std::optional<cache::TemporaryFile> spool;
    if (!source_.is_directory()) spool.emplace(folder_, "import");
    ask(output.fd(), spool ? spool->fd() : -1);
    spool.reset();
    image = known_.fd ? std::move(known_) : keep(output);
  }
  if (name != nullptr) name_container(folder_, key_, *name, lasting_source(source_), cache);
  return image;
}

}  // namespace

RootImage container_image(const ContainerSource& source, const CacheDir& cache) {
  return Import(source, cache).run(nullptr, cache);
}

RootImage import_container(const ContainerSource& source, const std::string& name, const CacheDir& cache) {
  return Import(source, cache).run(&name, cache);
}

std::vector<UnnamedContainer> list_containers(const CacheDir& cache) {
  std::vector<UnnamedContainer> result;
  const std::optional<Folder> folder = cache.find(CacheDir::Part::kContainers);
  if (!folder) return result;
  for (const std::string& file : folder->names()) {
    const std::string key = file.substr(0, file.find('.'));
    if (!cache::from_hex(key) || file != image_name(key)) continue;
    const OpenedImage opened = open_image(*folder, file);
    if ((!opened.image.fd && opened.damage.empty()) || opened.links > 1) continue;
    std::string source = folder->read(key + std::string(kSourceSuffix), kMaxSource);
    const bool is_there =
        !source.empty() && (::access(source.c_str(), F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR));
    result.push_back({.key = key,
                      .source = std::move(source),
                      .is_there = is_there,
                      .bytes = opened.file_size,
                      .created_s = opened.created_s,
                      .damage = opened.damage});
  }
  std::ranges::sort(result, {}, &UnnamedContainer::source);
  return result;
}

std::uint64_t remove_container(const CacheDir& cache, const std::string& key) {
  const std::optional<Folder> folder = cache.find(CacheDir::Part::kContainers);
  if (!folder) return 0;
  std::optional<cache::Lock> lock = cache::Lock::try_take(*folder, key);
  if (!lock) return 0;
  struct stat status {};
  const bool is_there = ::fstatat(folder->fd(), image_name(key).c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
  std::uint64_t freed = 0;
  if (is_there && status.st_nlink == 1 && folder->remove(image_name(key))) {
    freed = static_cast<std::uint64_t>(status.st_blocks) * 512;
    folder->remove(key + std::string(kSourceSuffix));
  }
  lock->remove_file();
  return freed;
}

}  // namespace husk::image
