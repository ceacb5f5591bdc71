// SO_ATTACH_FILTER: a program of the classic Berkeley Packet Filter (S. McCanne, V. Jacobson, "The BSD Packet Filter",
// 1993; Documentation/networking/filter.rst of Linux), which says of each packet how many of its bytes a socket gets: 0 is
// none.
//
// The payload's program is checked once, by Linux's rules (bpf_check_classic() of net/core/filter.c): known instructions
// only, jumps only forwards and within it, memory cells only after they were written, the last instruction returns. So
// running it ends, after no more steps than it has instructions, and what can still go wrong is a load from beyond the
// packet, which drops it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "lib/ref.h"
#include "lib/result.h"
#include "lib/vector.h"
#include "net/option_value.h"

namespace kernel::net {

// Linux's struct sock_filter.
struct FilterInstruction {
  std::uint16_t code;
  std::uint8_t if_true, if_false;  // of a jump: how many instructions are skipped
  std::uint32_t value;
};
static_assert(sizeof(FilterInstruction) == 8);

// A packet as a filter sees it: headers that were made for it, and the data behind them.
struct FilteredPacket {
  std::span<const std::byte> headers = {};
  std::span<const std::byte> data = {};
  std::size_t start = 0;    // in the headers: offset 0 of the program's loads
  std::size_t network = 0;  // in the headers: SKF_NET_OFF. SKF_LL_OFF is their beginning
  std::uint16_t protocol = 0;
  std::uint32_t device = 0;  // 0: none
  std::uint32_t mark = 0;

  std::size_t size() const { return headers.size() - start + data.size(); }
};

class SocketFilter final : public RefCounted {
 public:
  static constexpr std::size_t kOptionSize = 16;  // of struct sock_fprog
  // From one of those: kInval, kFault, kNoMem.
  static Result<Ref<SocketFilter>> from_option(const OptionInput& value);
  // 0: the packet is dropped. More than its size: all of it.
  std::uint32_t run(const FilteredPacket& packet) const;
  std::span<const FilterInstruction> program() const { return program_.span(); }

 private:
  Vector<FilterInstruction> program_;
};

// The rules. For the unit tests, too.
bool filter_is_valid(std::span<const FilterInstruction> program);

}  // namespace kernel::net
