// A flattened device tree for tests, made by libfdt: an implementation that is not ours.
#pragma once

#include <libfdt.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace husk::test {

class TreeBuilder {
 public:
  TreeBuilder() : buffer_(16384) {
    check(fdt_create(data(), static_cast<int>(buffer_.size())));
    check(fdt_finish_reservemap(data()));
    begin("");
  }
  TreeBuilder& begin(const char* name) { return check(fdt_begin_node(data(), name)); }
  TreeBuilder& end() { return check(fdt_end_node(data())); }
  TreeBuilder& u32(const char* name, std::uint32_t value) { return check(fdt_property_u32(data(), name, value)); }
  TreeBuilder& u64(const char* name, std::uint64_t value) { return check(fdt_property_u64(data(), name, value)); }
  TreeBuilder& text(const char* name, std::string_view value) { return raw(name, std::string(value) + '\0'); }
  TreeBuilder& raw(const char* name, const std::string& value) {
    return check(fdt_property(data(), name, value.data(), static_cast<int>(value.size())));
  }
  TreeBuilder& reg(std::uint64_t address, std::uint64_t size) {
    const fdt64_t cells[2] = {cpu_to_fdt64(address), cpu_to_fdt64(size)};
    return check(fdt_property(data(), "reg", cells, sizeof cells));
  }
  // Ends the root node too. The tree, without the rest of the buffer.
  std::vector<std::byte> finish() {
    end();
    check(fdt_finish(data()));
    return {buffer_.begin(), buffer_.begin() + fdt_totalsize(data())};
  }

 private:
  void* data() { return buffer_.data(); }
  TreeBuilder& check(int error) {
    if (error != 0) throw std::runtime_error(fdt_strerror(error));
    return *this;
  }
  std::vector<std::byte> buffer_;
};

}  // namespace husk::test
