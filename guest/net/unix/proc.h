// /proc/net/unix (proc(5)).
#pragma once

#include "fs/proc/proc_text.h"

namespace kernel::net {

void write_proc_unix(fs::ProcText& text);

}  // namespace kernel::net
