#include "tty/terminal_nodes.h"

#include "fs/console.h"
#include "task/process.h"
#include "task/task.h"
#include "tty/console_tty.h"
#include "tty/dev_pts.h"
#include "tty/pty_master.h"
#include "tty/tty_file.h"

namespace kernel::tty {
namespace {

Result<Ref<fs::File>> open_controlling_terminal(const fs::Path& path, std::uint32_t flags) {
  task::ControllingTerminal* terminal = task::current().process->ids.terminal();
  if (!terminal) return Errno::kNxio;
  return open_tty(Ref<Tty>(static_cast<Tty*>(terminal)), path, flags);
}

}  // namespace

Result<Ref<fs::File>> open_terminal_node(std::uint32_t minor, const fs::Path& path, std::uint32_t flags) {
  switch (minor) {
    case kTtyMinor:
      return open_controlling_terminal(path, flags);
    case kConsoleNodeMinor:
      if (Ref<Tty> terminal = console()) return open_tty(std::move(terminal), path, flags);
      return fs::open_stream_console(path, flags);
    case kPtmxMinor:
      return open_master(TRY(dev_pts_beside(path)), path, flags);
    default:
      return Errno::kNxio;
  }
}

Result<Ref<fs::File>> open_slave_node(std::uint32_t, const fs::Path&, std::uint32_t) {
  return Errno::kIo;
}

}  // namespace kernel::tty
