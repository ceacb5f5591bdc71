// memfd_create(2): a regular file in RAM without a name in the tree, and the seals that it may carry (fcntl(2), "File
// sealing").
#pragma once

#include <cstdint>
#include <string_view>

#include "fs/file.h"

namespace kernel::fs {

inline constexpr std::uint32_t kSealSeal = 1;
inline constexpr std::uint32_t kSealShrink = 2;
inline constexpr std::uint32_t kSealGrow = 4;
inline constexpr std::uint32_t kSealWrite = 8;
inline constexpr std::uint32_t kSealFutureWrite = 16;

Result<Ref<File>> make_memory_file(std::string_view name, bool allow_sealing);

// F_GET_SEALS, F_ADD_SEALS. kInval if the file cannot be sealed.
Result<std::uint64_t> seals(File& file);
// kBusy for a seal against writing while a shared mapping can write.
Result<void> add_seals(File& file, std::uint32_t seals);
// Whether a new shared mapping of the file must never become writable.
bool is_sealed_against_writing(File& file);

}  // namespace kernel::fs
