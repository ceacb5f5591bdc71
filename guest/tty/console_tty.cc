#include "tty/console_tty.h"

#include <algorithm>

#include "boot_parameters.h"
#include "drivers/console.h"
#include "drivers/control.h"
#include "fs/abi.h"
#include "fs/dev_fs.h"
#include "lib/global.h"
#include "task/process.h"
#include "task/signal.h"
#include "tty/tty_file.h"

namespace kernel::tty {
namespace {

constexpr std::size_t kInputPiece = 256;  // the host is asked for no more at once

constinit Buffers g_buffers = {};

class ConsoleTty final : public Tty, private drivers::ConsoleListener, private drivers::OutputFilter {
 public:
  constexpr ConsoleTty() : Tty(g_buffers) {}

  std::uint64_t device_number() const override { return fs::make_device(kConsoleMajor, kConsoleMinor); }
  task::WaitQueue& changed() override { return port().changed; }
  bool window_changed();

 private:
  Result<void> start() override;
  void take_input() override;
  bool gone() const override { return gone_; }
  Result<std::size_t> transmit(mm::IoBuffer& buffer, const Opening& by) override;
  bool can_transmit() override { return port().output.idle_or_announce(); }
  std::size_t emit(std::span<const char> characters) override;
  void flush_echo() override { port().output.flush_echo(); }
  Result<void> drain() override;
  WindowSizeUser window_size() override;
  void set_window_size(const WindowSizeUser& size) override;

  void console_changed() override { take_input(); }
  std::size_t expansion() const override { return OutputProcessor::expansion(line_.settings); }
  std::size_t apply(std::byte* room, std::span<const std::byte> text) override;

  static drivers::ConsolePort& port() { return *drivers::console_port(DeviceRole::kTerminal); }

  bool gone_ = false;
  bool window_known_ = false;
};

constinit Global<ConsoleTty> g_console;
constinit bool g_console_made = false;

// Takes the device into use and asks for input at once: ^C must work although nobody reads.
Result<void> ConsoleTty::start() {
  if (port().started()) return {};
  port().set_listener(*this);
  TRY(port().start());
  take_input();
  return {};
}

// No more is asked for than the line discipline has room for: what is pasted waits in the host's terminal, and stops
// whoever writes there.
void ConsoleTty::take_input() {
  drivers::ConsoleInput& input = port().input;
  const std::size_t lines_before = line_.ended_up_to();
  bool received = false;
  while (!gone_ && input.collect()) {
    if (input.over()) {
      // The host's terminal is gone: a hang-up from which nobody comes back. The payload's session keeps what is left of
      // it, and all who would get a SIGHUP sooner or later get it now.
      gone_ = true;
      signal_foreground(task::kSigHup);
    }
    received |= gone_ || !input.data().empty();
    for (const std::byte c : input.data()) line_.receive(static_cast<std::uint8_t>(c), *this);
    input.consume(input.data().size());
    const std::size_t room = std::min(kInputPiece, line_.room());
    if (gone_ || room == 0) break;
    input.request(room);
  }
  send_pending_echo();
  port().output.flush_echo();
  if (!received) return;
  changed().wake_all();
  tell_of_input(lines_before);
}

Result<std::size_t> ConsoleTty::transmit(mm::IoBuffer& buffer, const Opening& by) {
  const bool processed = line_.settings.output_flags & kOPost;
  return port().output.write(buffer, by.non_blocking(), processed ? this : nullptr);
}

// The column is counted while the characters are made, so a text that could not be sent after all has moved it.
std::size_t ConsoleTty::apply(std::byte* room, std::span<const std::byte> text) {
  std::size_t to = 0;
  for (const std::byte c : text) {
    char made[OutputProcessor::kMostPerCharacter];
    const std::size_t count = line_.output.process(line_.settings, static_cast<std::uint8_t>(c), made);
    for (std::size_t i = 0; i < count; ++i) room[to++] = static_cast<std::byte>(made[i]);
  }
  return to;
}

std::size_t ConsoleTty::emit(std::span<const char> characters) {
  port().output.echo(characters);
  return characters.size();
}

Result<void> ConsoleTty::drain() {
  return changed().wait_until([this] { return gone_ || can_transmit(); });
}

WindowSizeUser ConsoleTty::window_size() {
  if (!window_known_) {
    const drivers::WindowSize size = drivers::host_window_size();
    set_window_size({size.rows, size.columns, 0, 0});
  }
  return window_;
}

void ConsoleTty::set_window_size(const WindowSizeUser& size) {
  window_ = size;
  window_known_ = true;
}

bool ConsoleTty::window_changed() {
  if (!session()) return false;
  window_known_ = false;
  signal_foreground(task::kSigWinch);
  return true;
}

}  // namespace

Ref<Tty> console() {
  if (!drivers::console_port(DeviceRole::kTerminal)) return nullptr;
  if (!g_console_made) {
    g_console_made = true;
    g_console->retain();  // it is never freed
  }
  return Ref<Tty>(&*g_console);
}

Result<Ref<fs::File>> open_console(std::uint32_t flags) {
  Ref<Tty> terminal = console();
  if (!terminal) return Errno::kNoDev;
  return open_tty(std::move(terminal), TRY(fs::device_path("console")), flags);
}

bool console_window_changed() {
  return g_console_made && g_console->window_changed();
}

}  // namespace kernel::tty
