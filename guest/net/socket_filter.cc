#include "net/socket_filter.h"

#include <bit>
#include <limits>
#include <optional>

#include "lib/random.h"
#include "net/netlink/abi.h"

namespace kernel::net {

namespace {

constexpr std::size_t kMostInstructions = 4096;  // BPF_MAXINSNS
constexpr std::size_t kCells = 16;               // BPF_MEMWORDS

// <linux/bpf_common.h>: class, then size and mode of a load, or operation and source.
enum Code : std::uint16_t {
  kLoad = 0x00,
  kLoadX = 0x01,
  kStore = 0x02,
  kStoreX = 0x03,
  kCompute = 0x04,
  kJump = 0x05,
  kReturn = 0x06,
  kMisc = 0x07,
  kClassMask = 0x07,

  kWord = 0x00,
  kHalf = 0x08,
  kByte = 0x10,
  kSizeMask = 0x18,

  kImmediate = 0x00,
  kAbsolute = 0x20,
  kIndirect = 0x40,
  kMemory = 0x60,
  kLength = 0x80,
  kHeaderLength = 0xa0,  // 4 * (byte & 15): of an IPv4 header
  kModeMask = 0xe0,

  kAdd = 0x00,
  kSubtract = 0x10,
  kMultiply = 0x20,
  kDivide = 0x30,
  kOr = 0x40,
  kAnd = 0x50,
  kShiftLeft = 0x60,
  kShiftRight = 0x70,
  kNegate = 0x80,
  kModulo = 0x90,
  kXor = 0xa0,
  kAlways = 0x00,
  kEqual = 0x10,
  kGreater = 0x20,
  kGreaterOrEqual = 0x30,
  kAnyBit = 0x40,
  kOperationMask = 0xf0,
  kSourceX = 0x08,

  kReturnA = 0x10,
  kToX = 0x00,
  kToA = 0x80,
};

// <linux/filter.h>: loads from offsets that no packet has are something else.
constexpr std::uint32_t kAncillary = 0xffff'f000;                                   // SKF_AD_OFF
constexpr std::int32_t kNetworkOffset = -0x10'0000, kLinkLayerOffset = -0x20'0000;  // SKF_NET_OFF, SKF_LL_OFF
enum Ancillary : std::uint32_t {
  kProtocol = 0,
  kPacketType = 4,
  kInterface = 8,
  kAttribute = 12,
  kNestedAttribute = 16,
  kMarkOfPacket = 20,
  kQueue = 24,
  kHardware = 28,
  kReceiveHash = 32,
  kProcessor = 36,
  kXorX = 40,
  kVlanTag = 44,
  kVlanTagPresent = 48,
  kPayloadOffset = 52,
  kRandom = 56,
  kVlanProtocol = 60,
  kAncillaryEnd = 64,
};
constexpr std::uint32_t kLoopbackHardware = 772;  // ARPHRD_LOOPBACK

bool is_ancillary(const FilterInstruction& at) {
  return at.value >= kAncillary && at.value - kAncillary < kAncillaryEnd && at.value % 4 == 0;
}

// chk_code_allowed() of Linux, and what of the value depends on nothing else.
bool instruction_is_valid(const FilterInstruction& at) {
  if (at.code > 0xff) return false;
  const auto operation = at.code & kOperationMask;
  switch (at.code & kClassMask) {
    case kLoad:
      switch (at.code & kModeMask) {
        case kAbsolute:
          if ((at.code & kSizeMask) == kSizeMask) return false;
          return at.value < kAncillary || is_ancillary(at);
        case kIndirect:
          return (at.code & kSizeMask) != kSizeMask;
        case kImmediate:
        case kLength:
          return (at.code & kSizeMask) == kWord;
        case kMemory:
          return (at.code & kSizeMask) == kWord && at.value < kCells;
        default:
          return false;
      }
    case kLoadX:
      switch (at.code & (kModeMask | kSizeMask)) {
        case kImmediate:
        case kLength:
        case kHeaderLength | kByte:
          return true;
        case kMemory:
          return at.value < kCells;
        default:
          return false;
      }
    case kStore:
    case kStoreX:
      return (at.code & ~kClassMask) == 0 && at.value < kCells;
    case kCompute:
      switch (operation) {
        case kNegate:
          return !(at.code & kSourceX);
        case kDivide:
        case kModulo:
          return (at.code & kSourceX) || at.value != 0;
        case kShiftLeft:
        case kShiftRight:
          return (at.code & kSourceX) || at.value < 32;
        default:
          return operation <= kXor;
      }
    case kJump:
      return operation == kAlways ? !(at.code & kSourceX) : operation <= kAnyBit;
    case kReturn:
      return at.code == kReturn || at.code == (kReturn | kReturnA);
    default:
      return at.code == (kMisc | kToX) || at.code == (kMisc | kToA);
  }
}

bool is_jump(const FilterInstruction& at) {
  return (at.code & kClassMask) == kJump;
}

// Where a jump can lead from `index`; it does not overflow, because the program is short.
bool jumps_are_inside(std::span<const FilterInstruction> program, std::size_t index) {
  const FilterInstruction& at = program[index];
  const std::size_t behind = program.size() - index - 1;
  if ((at.code & kOperationMask) == kAlways) return at.value < behind;
  return at.if_true < behind && at.if_false < behind;
}

// On every way to a load from a cell it was written (check_load_and_stores() of Linux). All jumps go forwards, so one
// pass sees each instruction after all that lead to it. False, too, if memory is lacking.
bool cells_are_written(std::span<const FilterInstruction> program) {
  constexpr std::uint16_t kAll = 0xffff;
  Vector<std::uint16_t> written;  // on each way that jumps there
  if (!written.resize(program.size())) return false;
  for (std::uint16_t& cells : written) cells = kAll;
  std::uint16_t now = 0;
  for (std::size_t i = 0; i < program.size(); ++i) {
    const FilterInstruction& at = program[i];
    now &= written[i];
    switch (at.code & kClassMask) {
      case kStore:
      case kStoreX:
        now |= static_cast<std::uint16_t>(1u << at.value);
        break;
      case kLoad:
      case kLoadX:
        if ((at.code & kModeMask) == kMemory && !(now >> at.value & 1)) return false;
        break;
      case kJump:
        if ((at.code & kOperationMask) == kAlways) {
          written[i + 1 + at.value] &= now;
        } else {
          written[i + 1 + at.if_true] &= now;
          written[i + 1 + at.if_false] &= now;
        }
        now = kAll;
        break;
      default:
        break;
    }
  }
  return true;
}

// `size` bytes, in network order. Nothing: they are not all in the packet.
std::optional<std::uint32_t> load(const FilteredPacket& packet, std::uint32_t offset, std::size_t size) {
  const auto given = static_cast<std::int32_t>(offset);
  std::int64_t place = given;
  if (given >= 0) {
    place += static_cast<std::int64_t>(packet.start);
  } else if (given >= kNetworkOffset) {
    place += static_cast<std::int64_t>(packet.network) - kNetworkOffset;
  } else if (given >= kLinkLayerOffset && packet.device != 0) {
    place -= kLinkLayerOffset;
  } else {
    return std::nullopt;
  }
  const std::size_t whole = packet.headers.size() + packet.data.size();
  if (static_cast<std::uint64_t>(place) + size > whole) return std::nullopt;
  std::uint32_t value = 0;
  for (std::size_t i = static_cast<std::size_t>(place), end = i + size; i < end; ++i) {
    const std::byte byte = i < packet.headers.size() ? packet.headers[i] : packet.data[i - packet.headers.size()];
    value = value << 8 | std::to_integer<std::uint32_t>(byte);
  }
  return value;
}

// The place of the first netlink attribute of a type, at or behind `from`; of `inside`: within the attribute there. 0: none
// (bpf_skb_get_nlattr() of Linux). A netlink message is all data.
std::uint32_t find_attribute(const FilteredPacket& packet, std::uint32_t from, std::uint32_t type, bool inside) {
  using Header = netlink::AttributeHeader;
  if (packet.start != packet.headers.size()) return 0;
  std::size_t at = from, end = packet.data.size();
  const auto whole = [&](Header& header) {
    if (end < sizeof header || at > end - sizeof header) return false;
    memcpy(&header, packet.data.data() + at, sizeof header);
    return header.length >= sizeof header && header.length <= end - at;
  };
  Header header;
  if (inside) {
    if (!whole(header)) return 0;
    end = at + header.length;
    at += sizeof header;
  }
  for (; whole(header); at += netlink::aligned(header.length)) {
    if ((header.type & netlink::kAttributeTypeMask) == type) return static_cast<std::uint32_t>(at);
  }
  return 0;
}

// Nothing: the packet is dropped.
std::optional<std::uint32_t> ancillary(const FilteredPacket& packet, std::uint32_t which, std::uint32_t a,
                                       std::uint32_t x) {
  switch (which) {
    case kProtocol:
      return packet.protocol;
    case kInterface:
      if (packet.device == 0) return std::nullopt;
      return packet.device;
    case kHardware:
      if (packet.device == 0) return std::nullopt;
      return kLoopbackHardware;
    case kAttribute:
      return find_attribute(packet, a, x, false);
    case kNestedAttribute:
      return find_attribute(packet, a, x, true);
    case kMarkOfPacket:
      return packet.mark;
    case kXorX:
      return a ^ x;
    case kPayloadOffset:
      return static_cast<std::uint32_t>(packet.device != 0 ? packet.headers.size() - packet.start : 0);
    case kRandom:
      return random_value<std::uint32_t>();
    default:  // PACKET_HOST, the only queue, no hash, the first processor, no VLAN
      return 0;
  }
}

std::optional<std::uint32_t> compute(std::uint16_t operation, std::uint32_t a, std::uint32_t with) {
  switch (operation) {
    case kAdd:
      return a + with;
    case kSubtract:
      return a - with;
    case kMultiply:
      return a * with;
    case kDivide:
      if (with == 0) return std::nullopt;
      return a / with;
    case kModulo:
      if (with == 0) return std::nullopt;
      return a % with;
    case kOr:
      return a | with;
    case kAnd:
      return a & with;
    case kXor:
      return a ^ with;
    case kShiftLeft:
      return a << (with & 31);
    case kShiftRight:
      return a >> (with & 31);
    default:
      return -a;  // kNegate
  }
}

bool holds(std::uint16_t condition, std::uint32_t a, std::uint32_t with) {
  switch (condition) {
    case kEqual:
      return a == with;
    case kGreater:
      return a > with;
    case kGreaterOrEqual:
      return a >= with;
    default:
      return a & with;  // kAnyBit
  }
}

constexpr std::size_t size_of_load(std::uint16_t code) {
  return (code & kSizeMask) == kWord ? 4 : (code & kSizeMask) == kHalf ? 2 : 1;
}

}  // namespace

bool filter_is_valid(std::span<const FilterInstruction> program) {
  if (program.empty() || program.size() > kMostInstructions) return false;
  for (std::size_t i = 0; i < program.size(); ++i) {
    if (!instruction_is_valid(program[i])) return false;
    if (is_jump(program[i]) && !jumps_are_inside(program, i)) return false;
  }
  return (program.back().code & kClassMask) == kReturn && cells_are_written(program);
}

Result<Ref<SocketFilter>> SocketFilter::from_option(const OptionInput& value) {
  // Linux's struct sock_fprog.
  struct UserProgram {
    std::uint16_t length;
    std::uint16_t padding[3];
    std::uint64_t instructions;
  };
  static_assert(sizeof(UserProgram) == kOptionSize);
  const auto given = TRY(value.value<UserProgram>());
  if (given.instructions == 0 || given.length == 0 || given.length > kMostInstructions) return Errno::kInval;
  Ref<SocketFilter> filter = TRY(make_ref<SocketFilter>());
  TRY(filter->program_.resize(given.length));
  TRY(mm::copy_from_user(filter->program_.data(), given.instructions, filter->program_.span().size_bytes()));
  if (!filter_is_valid(filter->program())) return Errno::kInval;
  return filter;
}

std::uint32_t SocketFilter::run(const FilteredPacket& packet) const {
  std::uint32_t a = 0, x = 0;
  std::uint32_t cells[kCells] = {};
  for (std::size_t i = 0; i < program_.size(); ++i) {
    const FilterInstruction& at = program_[i];
    const std::uint32_t operand = at.code & kSourceX ? x : at.value;
    const auto operation = static_cast<std::uint16_t>(at.code & kOperationMask);
    std::optional<std::uint32_t> loaded = at.value;
    switch (at.code & kClassMask) {
      case kLoad:
      case kLoadX:
        switch (at.code & kModeMask) {
          case kAbsolute:
            loaded = at.value >= kAncillary ? ancillary(packet, at.value - kAncillary, a, x)
                                            : load(packet, at.value, size_of_load(at.code));
            break;
          case kIndirect:
            loaded = load(packet, x + at.value, size_of_load(at.code));
            break;
          case kMemory:
            loaded = cells[at.value];
            break;
          case kLength:
            loaded = static_cast<std::uint32_t>(packet.size());
            break;
          case kHeaderLength:
            loaded = load(packet, at.value, 1);
            if (loaded) *loaded = (*loaded & 15) * 4;
            break;
          default:
            break;
        }
        if (!loaded) return 0;
        ((at.code & kClassMask) == kLoad ? a : x) = *loaded;
        break;
      case kStore:
        cells[at.value] = a;
        break;
      case kStoreX:
        cells[at.value] = x;
        break;
      case kCompute: {
        const auto computed = compute(operation, a, operand);
        if (!computed) return 0;
        a = *computed;
        break;
      }
      case kJump:
        i += operation == kAlways ? at.value : holds(operation, a, operand) ? at.if_true : at.if_false;
        break;
      case kReturn:
        return at.code & kReturnA ? a : at.value;
      default:
        (at.code & kToA ? a : x) = at.code & kToA ? x : a;
        break;
    }
  }
  return 0;  // not come to: the last instruction returns
}

}  // namespace kernel::net
