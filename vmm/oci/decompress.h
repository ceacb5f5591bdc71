// gzip and zstd, told by their first bytes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "vmm/oci/byte_source.h"

namespace husk::oci {

// The unpacked bytes of `packed`, to its very end: members and frames that follow one another are one stream (RFC 1952,
// RFC 8878). What is not compressed is passed on; what is compressed otherwise is an error that names how. `name` is for
// messages. `packed` must outlive it.
std::unique_ptr<ByteSource> unpack(ByteSource& packed, const std::string& name);

// Whether unpack() would do more than pass the bytes on, by the first bytes of it.
bool is_packed(std::span<const std::byte> begin);

}  // namespace husk::oci
