// What can be said of a tmpfs when it is mounted: tmpfs(5), mount options.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "lib/result.h"

namespace kernel::fs {

struct TmpfsOptions {
  std::optional<std::uint32_t> permissions;  // of the root; mount(2) takes 1777
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::optional<std::uint64_t> pages;   // file data that fits, 0: as much as there is memory
  std::optional<std::uint64_t> inodes;  // 0: any number

  // "size=64k,mode=700,uid=1,gid=2,nr_inodes=9,nr_blocks=9". kInval for what is not among these or is malformed.
  // `memory_pages` is what a size in percent is a share of.
  static Result<TmpfsOptions> parse(std::string_view text, std::uint64_t memory_pages);
};

}  // namespace kernel::fs
