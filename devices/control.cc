#include "devices/control.h"

#include <algorithm>
#include <cstring>

#include "abi/husk_abi.h"

namespace husk {

using abi::ControlRegister;

constexpr std::uint64_t kVectorAlignment = 64;  // XSAVE's
constexpr std::uint64_t kPreparedUnit = abi::kPreparedUnitPages * abi::kPageSize;
constexpr std::uint32_t kPreparedUnitsMask = (1U << abi::kPreparedUnitsBits) - 1;

void ControlDevice::read(std::uint64_t offset, std::span<std::byte> data) {
  std::ranges::fill(data, std::byte{0});
  if (data.size() != sizeof(std::uint32_t)) return;
  std::uint32_t value = 0;
  switch (static_cast<ControlRegister>(offset)) {
    case ControlRegister::kSignals:
      value = pending_signals_.exchange(0);
      break;
    case ControlRegister::kWindowSize:
      value = host_.window_size();
      break;
    default:
      break;  // write-only, or no register
  }
  std::memcpy(data.data(), &value, sizeof value);
}

void ControlDevice::write(std::uint64_t offset, std::span<const std::byte> data) {
  std::uint32_t value = 0;
  if (data.size() != sizeof value) return;
  std::memcpy(&value, data.data(), sizeof value);
  switch (static_cast<ControlRegister>(offset)) {
    case ControlRegister::kExit:
      host_.guest_exited(static_cast<std::uint8_t>(value), static_cast<std::uint8_t>(value >> 8));
      break;
    case ControlRegister::kPanic:
      host_.guest_panicked();
      break;
    case ControlRegister::kFlushLog:
      host_.flush_guest_log();
      break;
    case ControlRegister::kSaveVectors:
      host_.save_vectors(Gpa{std::uint64_t{value} * kVectorAlignment});
      break;
    case ControlRegister::kLoadVectors:
      host_.load_vectors(Gpa{std::uint64_t{value} * kVectorAlignment});
      break;
    case ControlRegister::kPrepareRam:
      host_.prepare_ram(Gpa{(value >> abi::kPreparedUnitsBits) * kPreparedUnit},
                        (value & kPreparedUnitsMask) * kPreparedUnit);
      break;
    default:
      break;  // read-only, or no register
  }
}

bool ControlDevice::forward_signal(int signal) {
  if (signal < 1 || signal > kMaxSignal) return false;
  pending_signals_.fetch_or(std::uint32_t{1} << signal);
  interrupt_.raise();
  return true;
}

}  // namespace husk
