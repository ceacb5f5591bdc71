// System V IPC: sysvipc(7). shared_memory_calls.cc, semaphore_calls.cc and message_calls.cc; what they are about is in
// guest/ipc/.
#pragma once

#include "ipc/abi.h"
#include "lib/time.h"
#include "syscall/table.h"

namespace kernel::syscall {

SyscallResult sys_shmget(int key, std::uint64_t size, int flags);
SyscallResult sys_shmat(int id, std::uint64_t address, int flags);
SyscallResult sys_shmctl(int id, int command, mm::UserBuffer record);
SyscallResult sys_shmdt(std::uint64_t address);

SyscallResult sys_semget(int key, int count, int flags);
SyscallResult sys_semop(int id, mm::UserPtr<const ipc::SemaphoreOperation> operations, unsigned count);
SyscallResult sys_semctl(int id, int number, int command, std::uint64_t argument);
SyscallResult sys_semtimedop(int id, mm::UserPtr<const ipc::SemaphoreOperation> operations, unsigned count,
                             mm::UserPtr<const Timespec> timeout);

SyscallResult sys_msgget(int key, int flags);
SyscallResult sys_msgsnd(int id, mm::UserPtr<const std::int64_t> message, std::uint64_t size, int flags);
SyscallResult sys_msgrcv(int id, mm::UserPtr<std::int64_t> message, std::uint64_t size, std::int64_t type, int flags);
SyscallResult sys_msgctl(int id, int command, mm::UserBuffer record);

inline constexpr Entry kIpcCalls[] = {
    row<sys_shmget>(29, "shmget"), row<sys_shmat>(30, "shmat"),   row<sys_shmctl>(31, "shmctl"),
    row<sys_semget>(64, "semget"), row<sys_semop>(65, "semop"),   row<sys_semctl>(66, "semctl"),
    row<sys_shmdt>(67, "shmdt"),   row<sys_msgget>(68, "msgget"), row<sys_msgsnd>(69, "msgsnd"),
    row<sys_msgrcv>(70, "msgrcv"), row<sys_msgctl>(71, "msgctl"), row<sys_semtimedop>(220, "semtimedop"),
};

}  // namespace kernel::syscall
