// The guest kernel's file system over an image that nobody made: each input is an EROFS image, mounted as a guest mounts
// its root. All of it is walked and read as a payload could, then changed, and walked again. Nothing may crash, hang, touch
// memory outside the image, wait for a lock that nobody would give back, or keep memory for ever.
//
// The first 64 of the 1024 bytes that EROFS leaves alone choose what is changed.
//
// A libFuzzer target (CMakeLists.txt). The kernel's sources are compiled for the host, with tests/unit/guest_fs/shim in
// place of the machine.
#include <sanitizer/asan_interface.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fs/dentry_cache.h"
#include "fs/erofs/image.h"
#include "fs/extended_attributes.h"
#include "fs/file.h"
#include "fs/fs_context.h"
#include "fs/mount.h"
#include "fs/path.h"
#include "fs/ram/ram_fs.h"
#include "fs/vfs.h"
#include "mm/io_buffer.h"
#include "mm/memory_object.h"
#include "tests/unit/guest_fs/shim/kernel.h"

namespace husk::test {
namespace {

namespace fs = kernel::fs;
using kernel::Ref;

constexpr std::size_t kOperationBytes = 64;
constexpr std::size_t kSuperBlock = fs::erofs::kSuperOffset;
constexpr std::uint64_t kFrames = 512;  // a copy of a file that claims to be large is ENOSPC soon
constexpr unsigned kMostVisits = 400;   // of names in one walk
constexpr unsigned kMostNames = 200;    // of one directory
constexpr unsigned kDeepest = 6;
constexpr std::size_t kPiece = 5000;  // of a read: more than a page

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "FAILED: %s\n", what);
  std::abort();
}

struct FreeMemory {
  void operator()(std::byte* memory) const { std::free(memory); }
};

// The image in memory of exactly its size, at a page's start: the address sanitizer watches what lies behind it.
class ImageBytes {
 public:
  explicit ImageBytes(std::span<const std::uint8_t> input) : size_(input.size()) {
    void* memory = nullptr;
    if (::posix_memalign(&memory, kernel::mm::kPageSize, size_) != 0) fail("no memory");
    memory_.reset(static_cast<std::byte*>(memory));
    std::memcpy(memory_.get(), input.data(), size_);
    // The three fields without which there is nothing to see; what they are compared with is tested elsewhere.
    put(offsetof(fs::erofs::SuperBlock, magic), fs::erofs::kSuperMagic);
    put(offsetof(fs::erofs::SuperBlock, block_shift), static_cast<std::uint8_t>(fs::erofs::kBlockShift));
  }
  std::span<const std::byte> bytes() const { return {memory_.get(), size_}; }
  ~ImageBytes() { ASAN_UNPOISON_MEMORY_REGION(memory_.get(), size_); }
  ImageBytes(const ImageBytes&) = delete;
  ImageBytes& operator=(const ImageBytes&) = delete;

  // Between the devices of an image that the reader has accepted nothing is mapped.
  void poison_gaps() const {
    fs::erofs::SuperBlock super;
    std::memcpy(&super, memory_.get() + kSuperBlock, sizeof super);
    if ((super.feature_incompat & fs::erofs::kFeatureDeviceTable) == 0) return;
    std::size_t end = std::size_t{super.blocks} << fs::erofs::kBlockShift;
    for (std::size_t i = 0; i <= super.extra_devices; ++i) {
      fs::erofs::DeviceSlot slot;
      std::size_t next = size_;
      std::size_t behind = size_;
      if (i < super.extra_devices) {
        std::memcpy(&slot, memory_.get() + (super.device_slot + i) * sizeof slot, sizeof slot);
        next = std::size_t{slot.first_block} << fs::erofs::kBlockShift;
        behind = next + (std::size_t{slot.blocks} << fs::erofs::kBlockShift);
      }
      ASAN_POISON_MEMORY_REGION(memory_.get() + end, next - end);
      end = behind;
    }
  }

 private:
  template <typename T>
  void put(std::size_t field, T value) {
    std::memcpy(memory_.get() + kSuperBlock + field, &value, sizeof value);
  }
  std::unique_ptr<std::byte, FreeMemory> memory_;
  std::size_t size_;
};

// A kernel with an empty root directory; each image is mounted at /m and unmounted.
class Machine {
 public:
  Machine() {
    auto mounted = fs::add_mount(fs::RamFs::create("tmpfs", 0755).take(), fs::Path{}, "root", 0).take();
    root_ = fs::Path{mounted, mounted->root};
    kernel_.task().fs = kernel::make_ref<fs::FsContext>(root_, root_).take();
    // What init of a container may do.
    kernel_.task().credentials.capabilities.effective = kernel::task::CapabilitySet::all();
    if (!fs::make_directory(root_, "m", 0755)) fail("no directory to mount on");
  }
  const fs::Path& root() const { return root_; }
  std::uint64_t frames_used() const { return kernel_.frames_used; }

 private:
  Kernel kernel_{kFrames};
  fs::Path root_;
};

class Names final : public fs::DirectoryVisitor {
 public:
  bool entry(std::string_view name, std::uint64_t, fs::FileType, std::uint64_t next) override {
    if (next <= position) fail("a directory's positions do not advance");
    position = next;
    names.emplace_back(name);
    return names.size() < kMostNames;
  }
  std::vector<std::string> names;
  std::uint64_t position = 0;
};

class Visit {
 public:
  explicit Visit(const fs::Path& root) : root_(root) {}

  // Every name that can be reached, within bounds.
  void walk() {
    visits_ = 0;
    walk_directory("m", 0);
  }

  void change(std::span<const std::byte> program) {
    for (; program.size() >= 4 && !paths_.empty(); program = program.subspan(4)) {
      const auto number = [&](std::size_t i) { return static_cast<unsigned>(program[i]); };
      change_one(number(0), paths_[number(1) % paths_.size()], paths_[number(2) % paths_.size()], number(3));
    }
  }

 private:
  void walk_directory(const std::string& path, unsigned depth) {
    if (depth > kDeepest) return;
    auto opened = fs::open(root_, path, fs::kReadOnly | fs::kDirectoryOnly, 0);
    if (!opened) return;
    Names found;
    static_cast<void>(opened.value()->iterate(found).ok());
    for (const std::string& name : found.names) {
      if (name == "." || name == "..") continue;
      if (++visits_ > kMostVisits) return;
      look_at(path + "/" + name, depth);
    }
    static_cast<void>(fs::resolve(root_, path + "/absent", fs::LastLink::kFollow).ok());
  }

  void look_at(const std::string& path, unsigned depth) {
    auto found = fs::resolve(root_, path, fs::LastLink::kKeep);
    if (!found) return;
    paths_.push_back(path);
    fs::Inode& inode = *found.value().dentry->inode();
    static_cast<void>(inode.metadata().ok());
    read_attributes(found.value());
    if (inode.is_directory()) {
      walk_directory(path, depth + 1);
    } else if (inode.is_symlink()) {
      static_cast<void>(inode.read_link().ok());
      static_cast<void>(fs::resolve(root_, path, fs::LastLink::kFollow).ok());
    } else if (inode.is_regular()) {
      read_file(path);
    }
  }

  void read_attributes(const fs::Path& path) {
    auto list = fs::list_extended_attributes(path);
    if (!list) return;
    const std::span<const std::byte> names = list.value().span();
    for (std::size_t at = 0; at < names.size();) {
      const char* name = reinterpret_cast<const char*>(names.data()) + at;
      const std::size_t length = strnlen(name, names.size() - at);
      if (length == 0 || at + length == names.size()) fail("a list of attributes has no names");
      static_cast<void>(fs::get_extended_attribute(path, {name, length}).ok());
      at += length + 1;
    }
    static_cast<void>(fs::get_extended_attribute(path, fs::kFileCapabilities).ok());
  }

  void read_file(const std::string& path) {
    auto opened = fs::open(root_, path, fs::kReadOnly, 0);
    if (!opened) return;
    fs::File& file = *opened.value();
    std::vector<std::byte> piece(kPiece);
    const std::uint64_t size = file.inode().metadata().value().size;
    for (const std::uint64_t offset : {std::uint64_t{0}, size / 2, size > 100 ? size - 100 : 0, size}) {
      auto got = file.read_at(offset, std::span(piece));
      if (got && offset + got.value() > size) fail("more was read than the file has");
    }
    constexpr int kSeekData = 3, kSeekHole = 4;
    static_cast<void>(file.seek(1, kSeekData).ok());
    static_cast<void>(file.seek(1, kSeekHole).ok());
    auto object = file.memory_object();
    if (!object) return;
    Ref<kernel::mm::PendingPage> pending;
    for (const std::uint64_t page :
         {std::uint64_t{0}, std::uint64_t{1}, size / 8192, size / 4096, ~std::uint64_t{0} >> 12}) {
      auto frame = object.value()->page(page, kernel::mm::MemoryObject::Access::kRead, pending);
      if (frame) sum(frame.value().data());
      const kernel::mm::Pfn resident = object.value()->resident_page(page);
      if (resident != kernel::mm::kNoFrame) sum(kernel::mm::frame_data(resident));
    }
  }

  // All of a page is in memory.
  void sum(const std::byte* page) {
    for (std::size_t i = 0; i < kernel::mm::kPageSize; ++i) sum_ = sum_ + static_cast<unsigned>(page[i]);
  }

  void write(const std::string& path, std::uint64_t offset) {
    auto opened = fs::open(root_, path, fs::kWriteOnly | fs::kNonBlock, 0);
    if (!opened) return;
    const std::byte text[] = {std::byte{'x'}, std::byte{'y'}};
    kernel::mm::IoBuffer buffer = kernel::mm::IoBuffer::kernel_source(text);
    static_cast<void>(opened.value()->write_at(offset, buffer).ok());
  }

  void change_one(unsigned operation, const std::string& path, const std::string& other, unsigned value) {
    const auto found = [&]() { return fs::resolve(root_, path, fs::LastLink::kKeep); };
    switch (operation % 14) {
      case 0:
        return write(path, value);
      case 1:
        return write(path, std::uint64_t{value} << 12);
      case 2:
        if (auto place = found()) static_cast<void>(fs::truncate(place.value(), value * 100).ok());
        return;
      case 3:
        static_cast<void>(fs::rename(root_, path, root_, other, value % 3).ok());
        return;
      case 4:
        static_cast<void>(fs::rename(root_, path, root_, other + "/new" + std::to_string(value % 4), 0).ok());
        return;
      case 5:
        if (auto place = found()) static_cast<void>(fs::make_link(place.value(), root_, other + "/link").ok());
        return;
      case 6:
        static_cast<void>(fs::unlink(root_, path).ok());
        return;
      case 7:
        static_cast<void>(fs::remove_directory(root_, path).ok());
        return;
      case 8:
        static_cast<void>(fs::make_directory(root_, path + "/new" + std::to_string(value % 4), 0755).ok());
        return;
      case 9:
        static_cast<void>(fs::make_symlink(other, root_, path + "/symlink").ok());
        return;
      case 10:
        if (auto place = found()) static_cast<void>(fs::change_permissions(place.value(), value * 16).ok());
        return;
      case 11:
        if (auto place = found()) static_cast<void>(fs::change_owner(place.value(), value, value).ok());
        return;
      case 12:
        if (auto place = found()) {
          const std::string name = "user." + std::to_string(value % 4);
          const std::vector<std::byte> bytes(value * 300);
          static_cast<void>(fs::set_extended_attribute(place.value(), name, bytes, 0).ok());
        }
        return;
      default:
        if (auto place = found()) {
          const std::string_view names[] = {"user.a", fs::kFileCapabilities, "trusted.a", "user.0"};
          static_cast<void>(fs::remove_extended_attribute(place.value(), names[value % 4]).ok());
        }
    }
  }

  const fs::Path root_;
  std::vector<std::string> paths_;
  unsigned visits_ = 0;
  volatile unsigned sum_ = 0;
};

void play(std::span<const std::uint8_t> input) {
  static Machine machine;
  const std::uint64_t before = machine.frames_used();
  const ImageBytes memory(input);
  std::string_view why;
  auto image = fs::erofs::Image::open(memory.bytes(), why);
  if (!image) {
    if (why.empty()) fail("an image is refused, and nothing says why");
    return;
  }
  std::vector<std::byte> operations(memory.bytes().begin(), memory.bytes().begin() + kOperationBytes);
  memory.poison_gaps();
  auto file_system = fs::RamFs::create_over(image.value());
  if (!file_system) return;
  {
    const fs::Path point = fs::resolve(machine.root(), "m", fs::LastLink::kFollow).take();
    auto mounted = fs::add_mount(file_system.take(), point, "image", 0).take();
    Visit visit(machine.root());
    visit.walk();
    visit.change(operations);
    visit.walk();
    if (!fs::remove_mount(fs::Path{mounted, mounted->root}, true)) fail("the image cannot be unmounted");
  }
  fs::dentry_cache().drop_all();
  if (machine.frames_used() != before) fail("pages were not given back");
}

}  // namespace
}  // namespace husk::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < husk::test::kSuperBlock + sizeof(kernel::fs::erofs::SuperBlock)) return -1;
  husk::test::play({data, size});
  return 0;
}
