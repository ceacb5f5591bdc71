#include "vmm/image/container_image.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <functional>
#include <optional>
#include <utility>

#include "vmm/cache/cache_file.h"
#include "vmm/drawn_user.h"
#include "vmm/error.h"
#include "vmm/image/helper.h"
#include "vmm/image/image_file.h"
#include "vmm/image/import_protocol.h"
#include "vmm/image/layer_store.h"
#include "vmm/image/named_image.h"
#include "vmm/image/stable_image.h"
#include "vmm/log.h"
#include "vmm/number.h"

namespace husk::image {
namespace {

constexpr std::string_view kSourceSuffix = ".source";
constexpr std::size_t kMaxSource = 8192;
constexpr const char* kProgram = "husk-import";
// What a file of an import may have at the most, however much room there is (vmm/oci/limits.h has the image's own limit).
constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 30;
// What the layers that are read may have together, unpacked; of one, husk-import has the same limit.
constexpr std::uint64_t kMostUnpacked = std::uint64_t{256} << 30;

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

// What husk-import says behind `what`; nothing if it says something else.
std::optional<std::uint64_t> number_in(std::string_view line, std::string_view what) {
  return line.starts_with(what) ? parse_number(line.substr(what.size())) : std::nullopt;
}

// One import: the conversations with husk-import, and what they leave.
class Import {
 public:
  Import(const ContainerSource& source, const CacheDir& cache)
      : source_(source),
        cache_(cache),
        folder_(cache.make(CacheDir::Part::kContainers)),
        layer_folder_(cache.make(CacheDir::Part::kLayers)) {}
  Import(const Import&) = delete;
  Import& operator=(const Import&) = delete;
  ~Import();

  RootImage run(const std::string* name);

 private:
  struct Layer {
    cache::Digest diff_id{};
    OpenedImage opened;  // held, once it is known
  };

  void find_image();
  void hear_what_it_is(std::string_view line);
  void provide(std::size_t number);
  void make_layer(std::size_t number);
  RootImage make_index();
  void ask(std::string_view task, int output, const std::string& layers, const std::vector<int>& more,
           const std::function<void(std::string_view)>& hear);
  RootImage find() const { return open_with_layers(folder_, image_name(key_), cache_, &digest_).image; }

  const ContainerSource& source_;
  const CacheDir& cache_;
  const Folder folder_, layer_folder_;
  std::string part_;  // what of it is being imported, for who waits
  UniqueFd input_;
  std::optional<cache::TemporaryFile> spool_;
  bool is_spooled_ = false;
  cache::Digest digest_{};  // of the configuration; key_ is its text, empty until it is known
  std::string key_;
  std::optional<cache::Lock> lock_;  // on the key, from when it is known on
  std::vector<Layer> layers_;
  std::vector<cache::Digest> made_;  // layers that this import has made
  std::uint64_t unpacked_left_ = kMostUnpacked;
  bool is_done_ = false;
};

// Nothing is left of an import that has failed.
Import::~Import() {
  layers_.clear();
  if (!is_done_ && !made_.empty()) {
    try {
      remove_unused_layers(cache_, made_);
    } catch (const std::exception& error) {
      log::write(log::Severity::kWarning, error.what());
    }
  }
  // The lock's file goes with it.
  if (lock_) ::unlinkat(folder_.fd(), (key_ + std::string(cache::kLockSuffix)).c_str(), 0);
}

void Import::ask(std::string_view task, int output, const std::string& layers, const std::vector<int>& more,
                 const std::function<void(std::string_view)>& hear) {
  const int spool = spool_ ? spool_->fd() : -1;
  // What was copied is read from there by the tasks that follow.
  const int input = is_spooled_ ? spool : input_.get();
  std::vector<int> descriptors{input};
  for (const int descriptor : {output, is_spooled_ ? -1 : spool}) {
    if (descriptor >= 0) descriptors.push_back(descriptor);
  }
  descriptors.insert(descriptors.end(), more.begin(), more.end());
  run_helper_program(
      {.task = "import",
       .object = source_.text,
       .notice = "importing " + source_.text + part_ + "; it is kept",
       .name = kProgram,
       .arguments = {std::string(task), std::string(source_.layout), source_.reference, std::to_string(input),
                     std::to_string(output), std::to_string(is_spooled_ ? -1 : spool), std::to_string(room_in(folder_)),
                     std::to_string(draw_user()), std::to_string(::getpid()), key_, layers},
       .descriptors = std::move(descriptors)},
      [&hear](std::string_view line) {
        hear(line);
        return true;
      });
}

// It may have been taken over by what it reads: what it says is checked, and only ever chooses among files of the store.
void Import::hear_what_it_is(std::string_view line) {
  const auto digest_in = [line](std::string_view what) {
    return line.starts_with(what) ? cache::from_hex(line.substr(what.size())) : std::nullopt;
  };
  if (line == kSaysSpooled) {
    is_spooled_ = spool_.has_value();
  } else if (const auto image = digest_in(kSaysImage); image && key_.empty()) {
    digest_ = *image;
    key_ = cache::to_hex(*image);
  } else if (const auto layer = digest_in(kSaysLayer); layer && layers_.size() < erofs::kMaxDevices) {
    layers_.push_back({.diff_id = *layer, .opened = {}});
  }
}

void Import::find_image() {
  input_ = source_.open();
  if (!input_) throw Error::from_errno("open", source_.text);
  // An archive that is compressed, or comes through a pipe, has to be read in another order than it has.
  if (!source_.is_directory()) spool_.emplace(folder_, "import");
  ask(kFindTask, -1, {}, {}, [this](std::string_view line) { hear_what_it_is(line); });
  if (!is_spooled_) spool_.reset();
  if (key_.empty()) throw Error("import", source_.text, "what reads it has not said which image it is");
}

// The layer, from the store, or from the image if it is not there or damaged.
void Import::provide(std::size_t number) {
  Layer& layer = layers_[number];
  cache::Lock lock(layer_folder_, cache::to_hex(layer.diff_id));
  layer.opened = open_layer(layer_folder_, layer.diff_id);
  try {
    if (!layer.opened.image.fd) make_layer(number);
    hold_layer(layer.opened.image.fd.get());
  } catch (...) {
    lock.remove_file();
    throw;
  }
  lock.remove_file();
}

void Import::make_layer(std::size_t number) {
  Layer& layer = layers_[number];
  cache::TemporaryFile file(layer_folder_, "import");
  part_ = ", layer " + std::to_string(number + 1) + " of " + std::to_string(layers_.size());
  std::uint64_t unpacked = unpacked_left_;
  ask(kLayerTask, file.fd(), std::to_string(number) + ":" + std::to_string(unpacked_left_), {},
      [&unpacked](std::string_view line) { unpacked = number_in(line, kSaysUnpacked).value_or(unpacked); });
  part_.clear();
  unpacked_left_ -= std::min(unpacked, unpacked_left_);
  seal_image(file.fd(), file.path(), layer.diff_id);
  add_checksum(file.fd(), file.path());
  file.publish(layer_file(layer.diff_id));
  made_.push_back(layer.diff_id);
  layer.opened = open_layer(layer_folder_, layer.diff_id);
  if (!layer.opened.image.fd) {
    throw Error("open layer", layer_folder_.path_of(layer_file(layer.diff_id)), layer.opened.damage, "run again");
  }
}

RootImage Import::make_index() {
  std::vector<int> descriptors;
  std::string list;
  std::vector<erofs::Device> devices;
  for (const Layer& layer : layers_) {
    const int fd = layer.opened.image.fd.get();
    descriptors.push_back(fd);
    list.append(list.empty() ? "" : ",").append(std::to_string(fd));
    devices.push_back(
        {.tag = layer.diff_id, .contents = layer.opened.contents, .blocks = layer.opened.file_size / erofs::kBlock});
  }
  cache::TemporaryFile file(folder_, "import");
  std::uint64_t config_bytes = 0;
  ask(kIndexTask, file.fd(), list, descriptors,
      [&config_bytes](std::string_view line) { config_bytes = number_in(line, kSaysConfig).value_or(config_bytes); });
  seal_image(file.fd(), file.path(), digest_, config_bytes, devices);
  add_checksum(file.fd(), file.path());
  cache::TemporaryFile source(folder_, key_);
  source.write(lasting_source(source_));
  source.publish(key_ + std::string(kSourceSuffix));
  file.publish(image_name(key_));
  OpenedImage opened = open_with_layers(folder_, image_name(key_), cache_, &digest_);
  if (!opened.image.fd) throw Error("open image", folder_.path_of(image_name(key_)), opened.damage, "run again");
  return std::move(opened.image);
}

RootImage Import::run(const std::string* name) {
  cache::sweep(folder_);
  cache::sweep(layer_folder_);
  find_image();
  lock_.emplace(folder_, key_);
  RootImage image = find();
  if (!image.fd) {
    for (std::size_t i = 0; i < layers_.size(); ++i) provide(i);
    image = find();  // where only a layer was missing
  }
  if (!image.fd) image = make_index();
  spool_.reset();
  is_done_ = true;
  if (name != nullptr) name_container(folder_, key_, *name, lasting_source(source_), cache_);
  return image;
}

}  // namespace

RootImage container_image(const ContainerSource& source, const CacheDir& cache) {
  return Import(source, cache).run(nullptr);
}

RootImage import_container(const ContainerSource& source, const std::string& name, const CacheDir& cache) {
  return Import(source, cache).run(&name);
}

std::vector<UnnamedContainer> list_containers(const CacheDir& cache) {
  std::vector<UnnamedContainer> result;
  const std::optional<Folder> folder = cache.find(CacheDir::Part::kContainers);
  if (!folder) return result;
  for (const std::string& file : folder->names()) {
    const std::string key = file.substr(0, file.find('.'));
    if (!cache::from_hex(key) || file != image_name(key)) continue;
    const OpenedImage opened = open_with_layers(*folder, file, cache);
    if ((!opened.image.fd && opened.damage.empty()) || opened.links > 1) continue;
    std::string source = folder->read(key + std::string(kSourceSuffix), kMaxSource);
    const bool is_there =
        !source.empty() && (::access(source.c_str(), F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR));
    result.push_back({.key = key,
                      .source = std::move(source),
                      .is_there = is_there,
                      .bytes = size_with_layers(opened),
                      .layers = opened.layers,
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
  if (is_there && status.st_nlink == 1) {
    const OpenedImage opened = open_image(*folder, image_name(key));
    if (folder->remove(image_name(key))) {
      freed = static_cast<std::uint64_t>(status.st_blocks) * 512;
      folder->remove(key + std::string(kSourceSuffix));
      // A damaged one does not say which it has.
      freed +=
          opened.damage.empty() ? remove_unused_layers(cache, diff_ids_of(opened.layers)) : remove_unused_layers(cache);
    }
  }
  lock->remove_file();
  return freed;
}

}  // namespace husk::image
