// An open master of a pseudo-terminal. Closing it hangs the terminal up.
#pragma once

#include "fs/file.h"
#include "lib/ref.h"
#include "tty/dev_pts.h"
#include "tty/pty.h"

namespace kernel::tty {

// `slaves`: the root of the devpts that it is of, where its slave has its name until the master is closed.
Result<Ref<fs::File>> open_master(const fs::Path& slaves, const fs::Path& path, std::uint32_t flags);

}  // namespace kernel::tty
