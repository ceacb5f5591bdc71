#include "net/proc_files.h"

#include "fs/proc/net_files.h"
#include "net/socket_options.h"
#include "net/unix/proc.h"

namespace kernel::net {

namespace {

using fs::ProcNode;
using fs::ProcText;

constexpr ProcNode kFiles[] = {
    {.name = "unix", .generate = write_proc_unix},
};

constexpr ProcNode kCoreSysctls[] = {
    {.name = "optmem_max", .generate = [](ProcText& text) { text.put("131072\n"); }},
    {.name = "rmem_default", .generate = [](ProcText& text) { text.print("{}\n", kDefaultBuffer); }},
    {.name = "rmem_max", .generate = [](ProcText& text) { text.print("{}\n", kMostBuffer); }},
    {.name = "somaxconn", .generate = [](ProcText& text) { text.put("4096\n"); }},
    {.name = "wmem_default", .generate = [](ProcText& text) { text.print("{}\n", kDefaultBuffer); }},
    {.name = "wmem_max", .generate = [](ProcText& text) { text.print("{}\n", kMostBuffer); }},
};

constexpr ProcNode kUnixSysctls[] = {
    {.name = "max_dgram_qlen", .generate = [](ProcText& text) { text.put("10\n"); }},
};

constexpr ProcNode kSysctls[] = {
    {.name = "core", .children = [] { return std::span<const ProcNode>(kCoreSysctls); }},
    {.name = "unix", .children = [] { return std::span<const ProcNode>(kUnixSysctls); }},
};

}  // namespace

void publish_proc_files() {
  fs::set_net_files({kFiles, kSysctls});
}

}  // namespace kernel::net
