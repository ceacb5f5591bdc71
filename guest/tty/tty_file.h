// An open terminal: a console, or the slave of a pseudo-terminal.
#pragma once

#include "fs/file.h"
#include "lib/ref.h"
#include "tty/tty.h"

namespace kernel::tty {

// `may_control`: a session leader without a terminal may get this one by opening it.
Result<Ref<fs::File>> open_tty(Ref<Tty> tty, const fs::Path& path, std::uint32_t flags, bool may_control = true);

}  // namespace kernel::tty
