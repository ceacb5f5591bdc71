// The sockets of the Internet protocols in /proc/net: tcp, tcp6, udp, udp6, raw, raw6, icmp, icmp6, sockstat, sockstat6 (proc(5)).
#pragma once

#include "fs/proc/proc_text.h"

namespace kernel::net::inet {

void write_proc_tcp(fs::ProcText& text);
void write_proc_tcp6(fs::ProcText& text);
void write_proc_udp(fs::ProcText& text);
void write_proc_udp6(fs::ProcText& text);
void write_proc_udp_lite(fs::ProcText& text);
void write_proc_udp_lite6(fs::ProcText& text);
void write_proc_raw(fs::ProcText& text);
void write_proc_raw6(fs::ProcText& text);
void write_proc_icmp(fs::ProcText& text);
void write_proc_icmp6(fs::ProcText& text);
void write_sockstat(fs::ProcText& text);
void write_sockstat6(fs::ProcText& text);

}  // namespace kernel::net::inet
