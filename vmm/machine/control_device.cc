#include "vmm/machine/control_device.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "abi/husk_abi.h"

namespace husk::machine {
namespace {

// Rows and columns of the terminal on standard output, 0 when there is none.
std::uint32_t window_size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 && ::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return (std::uint32_t{size.ws_row} << 16) | size.ws_col;
}

}  // namespace

void ControlDevice::read(std::uint64_t offset, std::span<std::byte> data) {
  std::uint32_t value = 0;
  if (data.size() == sizeof value) {
    switch (static_cast<abi::ControlRegister>(offset)) {
      case abi::ControlRegister::kSignals:
        value = std::exchange(signals_, 0);
        break;
      case abi::ControlRegister::kWindowSize:
        value = window_size();
        break;
      default:
        break;
    }
  }
  std::ranges::fill(data, std::byte{0});
  std::memcpy(data.data(), &value, std::min(data.size(), sizeof value));
}

void ControlDevice::write(std::uint64_t offset, std::span<const std::byte> data) {
  std::uint32_t value = 0;
  if (data.size() != sizeof value) return;
  std::memcpy(&value, data.data(), sizeof value);
  switch (static_cast<abi::ControlRegister>(offset)) {
    case abi::ControlRegister::kExit:
      listener_.guest_exited(static_cast<std::uint8_t>(value), static_cast<std::uint8_t>(value >> 8));
      break;
    case abi::ControlRegister::kPanic:
      listener_.guest_panicked();
      break;
    case abi::ControlRegister::kFlushLog:
      listener_.flush_log_requested();
      break;
    default:
      break;
  }
}

void ControlDevice::post_signals(std::uint32_t mask) {
  signals_ |= mask;
  if (signals_ != 0) line_.raise();
}

}  // namespace husk::machine
