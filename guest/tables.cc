// What upper layers register with the file systems, which know nothing of them: tables that are there from the start.
#include "fs/char_device.h"
#include "fs/proc/additions.h"
#include "fs/sys/additions.h"
#include "ipc/proc_files.h"
#include "net/proc_files.h"
#include "net/sys_files.h"
#include "tty/pty.h"
#include "tty/terminal_nodes.h"

namespace kernel::fs {

namespace {

constexpr ProcAddition kProcAdditions[] = {
    {ProcPlace::kRoot, ipc::proc_nodes},
    {ProcPlace::kNet, net::proc_files},
    {ProcPlace::kSys, net::sysctls},
    {ProcPlace::kSysFs, ipc::file_sysctls},
    {ProcPlace::kSysKernel, ipc::kernel_sysctls},
};

constexpr SysAddition kSysAdditions[] = {
    {SysPlace::kClassNet, net::class_nodes},
    {SysPlace::kVirtualDevices, net::virtual_devices},
};

constexpr CharDeviceMajor kCharDevices[] = {
    {tty::kTerminalMajor, tty::open_terminal_node, tty::kTerminalNodes},
    {tty::kSlaveMajor, tty::open_slave_node, {}},
};

}  // namespace

std::span<const ProcAddition> proc_additions() {
  return kProcAdditions;
}

std::span<const SysAddition> sys_additions() {
  return kSysAdditions;
}

std::span<const CharDeviceMajor> char_device_majors() {
  return kCharDevices;
}

}  // namespace kernel::fs
