// System V IPC and POSIX message queues. What is made here outlives who made it: the supervisor removes it after each
// epoch.
#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#include "tests/fuzz/syscalls/calls.h"

namespace fuzz {
namespace {

constexpr Argument kKey = choice<0, 1, 2, 3, 4, 0xffffffff>();
constexpr Argument kMake =
    choice<0666, 0666 | IPC_CREAT, 0666 | IPC_CREAT, 0600 | IPC_CREAT, 0666 | IPC_CREAT | IPC_EXCL,
           0777 | IPC_CREAT | SHM_NORESERVE, IPC_CREAT | SHM_HUGETLB, 0>();
constexpr Argument kWaitOrNot = flags<IPC_NOWAIT, IPC_NOWAIT, MSG_NOERROR, MSG_EXCEPT, MSG_COPY>();
constexpr Argument kType = choice<0, 0, 1, 2, 3, 0xffffffffffffffff, 0xfffffffffffffffe, 0x8000000000000000>();

constexpr Description kRows[] = {
    {SYS_shmget, "shmget", 4, 0, {kKey, choice<1, 4096, 8192, 65536, 1048576, 4096 * 3 + 1, 0>(), kMake}},
    {SYS_shmget, "shmget", 1, 0, {kKey, kLength, kMake}},
    {SYS_shmat, "shmat", 6, 0, {kIpcId, choice<0, 0, 0>(), flags<SHM_RDONLY, SHM_RND, SHM_REMAP, SHM_EXEC>()}},
    {SYS_shmat, "shmat", 3, 0, {kIpcId, kAddress, flags<SHM_RDONLY, SHM_RND, SHM_REMAP, SHM_EXEC>()}},
    {SYS_shmdt, "shmdt", 4, 0, {kAddress}},
    {SYS_shmctl, "shmctl", 5, 0, {kIpcId, choice<0, 1, 2, 3, 11, 12, 13, 14, 15>(), kIn}},
    {SYS_shmctl, "shmctl", 2, 0, {kIpcId, choice<2, 3, 13, 14, 15>(), kOut}},
    {SYS_semget, "semget", 4, 0, {kKey, kSmall, kMake}},
    {SYS_semget, "semget", 1, 0, {kKey, kNumber, kMake}},
    {SYS_semop, "semop", 6, kBlocks, {kIpcId, kSemaphoreOperations, choice<1, 1, 2, 3, 8, 500, 501>()}},
    {SYS_semtimedop,
     "semtimedop",
     6,
     kBlocks,
     {kIpcId, kSemaphoreOperations, choice<1, 2, 3, 8, 500, 501>(), kTimespec}},
    {SYS_semctl, "semctl", 6, 0, {kIpcId, kSmall, choice<0, 1, 2, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20>(), kIn}},
    {SYS_semctl, "semctl", 3, 0, {kIpcId, kSmall, choice<SETVAL, SETVAL, SETALL, GETALL>(), kSmall}},
    {SYS_msgget, "msgget", 4, 0, {kKey, kMake}},
    {SYS_msgsnd, "msgsnd", 8, kBlocks, {kIpcId, kTypedMessage, kLength, kWaitOrNot}},
    {SYS_msgrcv, "msgrcv", 8, kBlocks, {kIpcId, kOut, kLength, kType, kWaitOrNot}},
    {SYS_msgctl, "msgctl", 5, 0, {kIpcId, choice<0, 1, 2, 3, 11, 12, 13>(), kIn}},
    {SYS_mq_open,
     "mq_open",
     6,
     0,
     {kQueueName, flags<O_RDWR, O_CREAT, O_CREAT, O_EXCL, O_NONBLOCK, O_WRONLY>(), kMode, kQueueAttributes}},
    {SYS_mq_unlink, "mq_unlink", 3, 0, {kQueueName}},
    {SYS_mq_timedsend, "mq_timedsend", 6, kBlocks, {kFd, kIn, kLength, kSmall, kTimespec}},
    {SYS_mq_timedreceive, "mq_timedreceive", 6, kBlocks, {kFd, kOut, choice<8192, 64, 4096, 0>(), kOut, kTimespec}},
    {SYS_mq_notify, "mq_notify", 4, 0, {kFd, kEvent}},
    {SYS_mq_getsetattr, "mq_getsetattr", 3, 0, {kFd, kQueueAttributes, kOut}},
};

}  // namespace

constinit const Table kIpcTable{kRows, sizeof kRows / sizeof kRows[0]};

}  // namespace fuzz
