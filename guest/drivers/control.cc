#include "drivers/control.h"

#include "abi/husk_abi.h"
#include "arch/x86_64/per_cpu.h"
#include "arch/x86_64/privileged.h"
#include "arch/x86_64/vector_state.h"
#include "boot_parameters.h"
#include "drivers/driver.h"
#include "drivers/mmio.h"
#include "drivers/ports.h"
#include "guest_stats.h"
#include "lib/log.h"
#include "lib/time.h"
#include "mm/address.h"
#include "mm/frame.h"

namespace kernel::drivers {
namespace {

using husk::abi::ControlRegister;

constinit bool g_ending = false;
constinit HostSignalHandler* g_take_signals = nullptr;
constinit std::uint32_t g_noticed_signals = 0;
constinit std::uint64_t g_look_again_ns = 0;

// Where KVM emulates CPL 0 an interrupt may miss every moment in which it is let in, for seconds: so often the device
// itself is asked, too. An exit each time, which is nothing beside what such a kernel does meanwhile.
constexpr std::uint64_t kLookNs = 20'000'000;

// To let interrupts in takes some 20 us where each instruction is emulated, and less than one where the CPU executes it,
// which then takes an interrupt that waits.
constexpr std::uint64_t kLeastEmulatedNs = 5'000;

constexpr unsigned kSignalStatus = 128;
constexpr unsigned kPanicStatus = 125;

// Whether the machine has ports instead of the control device.
bool has_ports() {
  return boot_parameters().ports.present;
}

std::uint64_t address(ControlRegister which) {
  return husk::abi::kControlGpa + static_cast<std::uint32_t>(which);
}

// An area is aligned to 64 bytes (arch/x86_64/vector_state.h), so that a register of 32 bits reaches 256 GiB.
std::uint32_t area_number(const std::byte* area) {
  return static_cast<std::uint32_t>(mm::physical_of(area) / 64);
}
void save_vectors(std::byte* area) {
  write_register(address(ControlRegister::kSaveVectors), area_number(area));
}
void load_vectors(const std::byte* area) {
  write_register(address(ControlRegister::kLoadVectors), area_number(area));
}
constinit arch::VectorDevice g_vectors = {.components = 0, .save = save_vectors, .load = load_vectors};

void prepare_ram(mm::Pfn first, std::uint64_t frames) {
  write_register(
      address(ControlRegister::kPrepareRam),
      static_cast<std::uint32_t>(first.value / husk::abi::kPreparedUnitPages << husk::abi::kPreparedUnitsBits |
                                 frames / husk::abi::kPreparedUnitPages));
}

// The kernel panicked; its last words are in the log.
[[noreturn]] void end_after_panic() {
  if (has_ports()) end_machine_by_port(kPanicStatus);
  write_register(address(ControlRegister::kPanic), 1);
  for (;;) __builtin_ia32_pause();
}

}  // namespace

void register_log_sink() {
  set_log_sink(
      {.ring = mm::physical_pointer<husk::abi::GuestLog>(husk::abi::kGuestLogGpa), .end_after_panic = end_after_panic});
}

void offer_vector_device() {
  g_vectors.components = boot_parameters().vector_components;
  if (g_vectors.components != 0) arch::use_vector_device(g_vectors);
}

void offer_prepared_ram() {
  if (!has_ports()) mm::set_ram_preparer(prepare_ram);
}

void end_machine(int code, int signal) {
  g_ending = true;
  if (signal == 0) finish_devices();
  publish_guest_stats();
  if (has_ports()) {
    end_machine_by_port(signal == 0 ? static_cast<unsigned>(code) & 0xff : kSignalStatus + (signal & 0x7f));
  }
  write_register(address(ControlRegister::kExit),
                 static_cast<std::uint32_t>(code & 0xff) | static_cast<std::uint32_t>(signal & 0xff) << 8);
  // The VMM ends the VM at that store and never runs the vCPU again.
  for (;;) __builtin_ia32_pause();
}

WindowSize host_window_size() {
  if (has_ports()) return {};
  const std::uint32_t size = read_register(address(ControlRegister::kWindowSize));
  return {static_cast<std::uint16_t>(size >> 16), static_cast<std::uint16_t>(size)};
}

void notice_host_signals() {
  arch::let_interrupts_in();
  constexpr std::uint64_t kControlPending = std::uint64_t{1} << (husk::abi::kControlVector - 32);
  // The interrupt stays pending: it is what brings the signals to the payload.
  if (arch::this_cpu().pending_interrupts & kControlPending) {
    g_noticed_signals |= read_register(address(ControlRegister::kSignals));
  } else if (arch::holds_interrupts_back() && !has_ports()) {
    const std::uint64_t now = monotonic_ns();
    if (now < g_look_again_ns) return;
    g_look_again_ns = now + kLookNs;
    arch::let_interrupts_in();
    if (monotonic_ns() - now < kLeastEmulatedNs) return;
    g_noticed_signals |= arch::read_and_let_interrupts_in(
        mm::physical_pointer<const volatile std::uint32_t>(address(ControlRegister::kSignals)));
  }
}

void set_host_signal_handler(HostSignalHandler& handler) {
  g_take_signals = &handler;
}

void handle_control_interrupt() {
  std::uint32_t signals = read_register(address(ControlRegister::kSignals)) | g_noticed_signals;
  g_noticed_signals = 0;
  if (g_ending) {
    if (signals != 0) give_up_devices();
    return;
  }
  if (signals != 0 && g_take_signals) g_take_signals(signals);
}

}  // namespace kernel::drivers
