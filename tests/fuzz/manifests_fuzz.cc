// Container images that nobody made: layers, put into EROFS images, what these come to, and the files that say which layers an
// image has.
// An error is what most of them deserve; a crash, a hang and memory beyond the limits are findings.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "vmm/config/image_config_text.h"
#include "vmm/error.h"
#include "vmm/image/erofs/reader.h"
#include "vmm/image/erofs/writer.h"
#include "vmm/image/helper.h"
#include "vmm/oci/decompress.h"
#include "vmm/oci/image.h"
#include "vmm/oci/layer_merger.h"
#include "vmm/oci/layer_writer.h"

namespace husk::image {
void helper_note(std::string_view) {}
}  // namespace husk::image

namespace husk::oci {
namespace {

class TextSource : public ByteSource {
 public:
  explicit TextSource(std::string_view text) : text_(text) {}
  std::size_t read(std::span<std::byte> into) override {
    const std::size_t count = std::min(into.size(), text_.size());
    if (count != 0) std::memcpy(into.data(), text_.data(), count);
    text_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view text_;
};

// Sparse files may claim anything.
constexpr std::uint64_t kMostImage = std::uint64_t{1} << 30;

constexpr image::erofs::Limits kLimits{.image = kMostImage, .entries = 10'000, .memory = 8 << 20};

image::erofs::Device put_layer(std::string_view text, int fd) {
  image::erofs::ErofsWriter writer(fd, {.uuid = {}, .limits = kLimits, .devices = {}});
  TextSource source(text);
  const std::unique_ptr<ByteSource> unpacked = unpack(source, "layer");
  TarReader tar(*unpacked, "layer");
  LayerWriter(writer).add_layer(tar, "layer");
  writer.finish();
  image::erofs::Device device;
  device.blocks = image::erofs::Reader(fd, {}).blocks();
  return device;
}

void put_index(const std::vector<image::erofs::Device>& devices, const std::vector<int>& layers, int fd) {
  image::erofs::ErofsWriter writer(fd, {.uuid = {}, .limits = kLimits, .devices = devices});
  LayerMerger merger(writer);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    merger.add_layer(image::erofs::Reader(layers[i], {}), i, "layer");
  }
  writer.finish();
}

struct Files {
  int layers[2] = {::memfd_create("layer", 0), ::memfd_create("layer", 0)};
  int index = ::memfd_create("index", 0);
};

void put_layers(std::string_view text, const Files& files) {
  // Two layers of it: what the second does to the first is half of the code.
  const std::size_t half = text.size() / 1024 * 512;
  const std::vector<image::erofs::Device> devices = {put_layer(text.substr(0, half), files.layers[0]),
                                                     put_layer(text.substr(half), files.layers[1])};
  put_index(devices, {files.layers[0], files.layers[1]}, files.index);
}

// What should be a layer's image, and is anything. Its superblock is as it should be: nobody finds a magic number.
void merge_rubbish(std::string_view text, const Files& files) {
  std::string image(text.substr(0, text.size() / 4096 * 4096));
  if (image.empty()) return;
  const auto put = [&image](std::size_t offset, auto value) {
    std::memcpy(image.data() + offset, &value, sizeof value);
  };
  put(1024, image::erofs::kMagic);
  put(1036, std::uint8_t{12});
  put(1024 + 36, static_cast<std::uint32_t>(image.size() / 4096));
  if (::ftruncate(files.layers[0], 0) != 0 || ::pwrite(files.layers[0], image.data(), image.size(), 0) < 0) return;
  image::erofs::Device device;
  device.blocks = image.size() / 4096;
  put_index({device}, {files.layers[0]}, files.index);
}

// A fuzzer does not find a checksum; so that it need not, each block that has a type and a size gets its own.
std::string with_checksums(std::string text) {
  for (std::size_t at = 0; at + 512 <= text.size(); at += 512) {
    char* block = text.data() + at;
    if (std::memcmp(block + 257, "ustar", 5) != 0) continue;
    std::memset(block + 148, ' ', 8);
    unsigned sum = 0;
    for (int i = 0; i < 512; ++i) sum += static_cast<unsigned char>(block[i]);
    std::snprintf(block + 148, 7, "%06o", sum);
  }
  return text;
}

// Files by their number; whatever is asked for beyond is the last one.
class FuzzedFiles : public ImageFiles {
 public:
  explicit FuzzedFiles(std::string_view text) {
    for (const char* name : {"oci-layout", "index.json", "manifest.json"}) {
      const std::size_t end = text.find('\0');
      files_[name] = text.substr(0, end);
      text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
    rest_ = text;
  }
  std::unique_ptr<ByteSource> open(const std::string& name) override {
    const auto found = files_.find(name);
    return std::make_unique<TextSource>(found == files_.end() ? std::string_view(rest_) : found->second);
  }

 private:
  std::map<std::string, std::string_view> files_;
  std::string_view rest_;
};

void find(std::string_view text, unsigned layout) {
  FuzzedFiles files(text);
  const Image found = find_image(files, static_cast<Layout>(layout), {});
  const auto again = config::parse_image_config_text(config::image_config_text(found.config));
  if (!again || !(*again == found.config)) __builtin_trap();
}

void try_one(std::string_view text, const Files& files) {
  const unsigned kind = static_cast<unsigned char>(text[0]) % 7;
  text.remove_prefix(1);
  try {
    if (kind == 6) return merge_rubbish(text, files);
    if (kind < 3) return put_layers(kind == 0 ? std::string(text) : with_checksums(std::string(text)), files);
    find(text, kind - 3);
  } catch (const Error&) {
  }
  // The parts that digests keep from whoever has no SHA-256 to spare.
  try {
    Image image;
    image.layers.resize(1);
    read_configuration(text, image);
    config::image_config_text(image.config);
  } catch (const Error&) {
  }
}

}  // namespace
}  // namespace husk::oci

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const husk::oci::Files files;
  husk::oci::try_one({reinterpret_cast<const char*>(data), size}, files);
  return 0;
}
