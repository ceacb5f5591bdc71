// Container images that nobody made: layers, put into an EROFS image, and the files that say which layers an image has.
// An error is what most of them deserve; a crash, a hang and memory beyond the limits are findings.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>

#include "vmm/config/image_config_text.h"
#include "vmm/error.h"
#include "vmm/image/erofs/writer.h"
#include "vmm/image/helper.h"
#include "vmm/oci/decompress.h"
#include "vmm/oci/image.h"
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

void put_layers(std::string_view text, int fd) {
  image::erofs::ErofsWriter writer(fd, {.limits = {.image = kMostImage, .entries = 10'000, .memory = 8 << 20}});
  LayerWriter layers(writer);
  // Two layers of it: what the second does to the first is half of the code.
  const std::size_t half = text.size() / 1024 * 512;
  for (const std::string_view part : {text.substr(0, half), text.substr(half)}) {
    TextSource source(part);
    const std::unique_ptr<ByteSource> unpacked = unpack(source, "layer");
    TarReader tar(*unpacked, "layer");
    layers.add_layer(tar, "layer");
  }
  writer.finish();
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

void try_one(std::string_view text, int fd) {
  const unsigned kind = static_cast<unsigned char>(text[0]) % 6;
  text.remove_prefix(1);
  try {
    if (kind < 3) return put_layers(kind == 0 ? std::string(text) : with_checksums(std::string(text)), fd);
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
  static const int fd = ::memfd_create("image", 0);
  husk::oci::try_one({reinterpret_cast<const char*>(data), size}, fd);
  return 0;
}
