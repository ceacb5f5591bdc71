// An EROFS image made from a directory by mkfs.erofs, in page-aligned memory, and a kernel whose root it is.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "fs/fs.h"
#include "fs/fs_context.h"
#include "mm/address.h"
#include "shim/kernel.h"
#include "tests/unit/temporary_tree.h"

namespace husk::test {

struct FreeMemory {
  void operator()(std::byte* memory) const { std::free(memory); }
};

class ErofsImage {
 public:
  // `options` as mkfs.erofs takes them ("-E noinline_data").
  explicit ErofsImage(const std::filesystem::path& directory, const std::string& options = "") {
    TemporaryTree scratch;
    const std::string file = scratch / "image.erofs";
    const std::string command =
        "mkfs.erofs --quiet -T0 " + options + " '" + file + "' '" + directory.string() + "' >/dev/null 2>&1";
    if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
    std::ifstream stream(file, std::ios::binary);
    const std::vector<char> bytes((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    assign({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()});
  }
  explicit ErofsImage(std::span<const std::byte> bytes) { assign(bytes); }

  std::span<std::byte> bytes() { return {memory_.get(), size_}; }
  std::uint64_t gpa() const { return kernel::mm::physical_of(memory_.get()); }

 private:
  void assign(std::span<const std::byte> bytes) {
    size_ = bytes.size();
    memory_.reset(static_cast<std::byte*>(std::aligned_alloc(4096, (size_ + 4095) / 4096 * 4096)));
    std::copy(bytes.begin(), bytes.end(), memory_.get());
  }
  std::unique_ptr<std::byte, FreeMemory> memory_;
  std::size_t size_ = 0;
};

}  // namespace husk::test
