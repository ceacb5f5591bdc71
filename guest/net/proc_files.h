// What the network shows in /proc/net and /proc/sys/net (proc(5)).
#pragma once

namespace kernel::net {

// Once, at the start.
void publish_proc_files();

}  // namespace kernel::net
