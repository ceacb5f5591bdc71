// Who may do what with objects of System V IPC: owner, creator, groups, the others, and the capabilities.
#include <grp.h>
#include <linux/capability.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "../topic.h"

using namespace abi;

// The current process keeps these capabilities, beside its ids.
static void keep_only(unsigned capability) {
  struct __user_cap_header_struct header {
    _LINUX_CAPABILITY_VERSION_3, 0
  };
  struct __user_cap_data_struct data[2] = {};
  data[capability / 32].effective = data[capability / 32].permitted = 1u << capability % 32;
  ::syscall(SYS_capset, &header, data);
}

static void become(uid_t uid, gid_t gid, gid_t other = 999) {
  ::setgroups(1, &other);
  ::setresgid(gid, gid, gid);
  ::setresuid(uid, uid, uid);
}

static void try_all(int shm, int sem, int msg) {
  struct shmid_ds ds {};
  say("  shm: stat %s", outcome(::shmctl(shm, IPC_STAT, &ds)));
  say(", any %s", outcome(::shmctl(shm % 32768, SHM_STAT_ANY, &ds)));
  say(", place %s", outcome(::shmctl(shm % 32768, SHM_STAT, &ds)));
  for (const int flags : {0, SHM_RDONLY, SHM_RDONLY | SHM_EXEC}) {
    void* address = ::shmat(shm, nullptr, flags);
    say(", map %s", address == reinterpret_cast<void*>(-1) ? outcome(-1) : "ok");
    if (address != reinterpret_cast<void*>(-1)) ::shmdt(address);
  }
  say(", lock %s", outcome(::shmctl(shm, SHM_LOCK, nullptr)));
  say(" %s\n", outcome(::shmctl(shm, SHM_UNLOCK, nullptr)));
  struct sembuf wait {
    0, 0, IPC_NOWAIT
  }, up{0, 1, IPC_NOWAIT};
  say("  sem: value %s", outcome(::semctl(sem, 0, GETVAL)));
  say(", set %s", outcome(::semctl(sem, 0, SETVAL, 0)));
  say(", wait %s", outcome(::semop(sem, &wait, 1)));
  say(", up %s\n", outcome(::semop(sem, &up, 1)));
  struct {
    long type;
    char text[4];
  } message{1, "abc"};
  say("  msg: send %s", outcome(::msgsnd(msg, &message, 3, IPC_NOWAIT)));
  say(", receive %s\n", outcome(::msgrcv(msg, &message, 3, 0, IPC_NOWAIT)));
}

static void controls(int shm, int sem, int msg) {
  struct shmid_ds ds {};
  struct semid_ds sds {};
  struct msqid_ds mds {};
  ds.shm_perm.uid = sds.sem_perm.uid = mds.msg_perm.uid = 1001;
  ds.shm_perm.gid = sds.sem_perm.gid = mds.msg_perm.gid = 2001;
  ds.shm_perm.mode = sds.sem_perm.mode = mds.msg_perm.mode = 0764;
  mds.msg_qbytes = 1000;
  say("  set: %s", outcome(::shmctl(shm, IPC_SET, &ds)));
  say(" %s", outcome(::semctl(sem, 0, IPC_SET, &sds)));
  say(" %s\n", outcome(::msgctl(msg, IPC_SET, &mds)));
}

static int run() {
  const int shm = ::shmget(0x10, 4096, IPC_CREAT | 0), sem = ::semget(0x10, 1, IPC_CREAT | 0),
            msg = ::msgget(0x10, IPC_CREAT | 0);
  say("root with a mode of 0:\n");
  try_all(shm, sem, msg);
  controls(shm, sem, msg);
  const struct {
    const char* what;
    uid_t uid;
    gid_t gid, other;
  } users[] = {{"owner", 1001, 1, 999},
               {"group", 1002, 2001, 999},
               {"further group", 1002, 1, 2001},
               {"creator's group", 1002, 0, 999},
               {"other", 1002, 1, 999}};
  for (const auto& user : users) {
    say_end(user.what, in_child([&] {
              become(user.uid, user.gid, user.other);
              try_all(shm, sem, msg);
              say("  get: %s", outcome(::shmget(0x10, 0, 0600)));
              say(" %s", outcome(::shmget(0x10, 0, 0060)));
              say(" %s", outcome(::shmget(0x10, 0, 0004)));
              say(" %s", outcome(::shmget(0x10, 0, 0001)));
              say(" %s", outcome(::semget(0x10, 0, 0600)));
              say(" %s\n", outcome(::msgget(0x10, 0600)));
              controls(shm, sem, msg);
              say("  remove: %s\n", user.uid == 1001 ? "not tried" : outcome(::shmctl(shm, IPC_RMID, nullptr)));
              return 0;
            }));
  }
  const struct {
    const char* what;
    unsigned capability;
  } capabilities[] = {
      {"CAP_IPC_OWNER", CAP_IPC_OWNER}, {"CAP_SYS_ADMIN", CAP_SYS_ADMIN}, {"CAP_IPC_LOCK", CAP_IPC_LOCK}};
  for (const auto& one : capabilities) {
    say_end(one.what, in_child([&] {
              ::prctl(PR_SET_KEEPCAPS, 1);
              become(1002, 1);
              keep_only(one.capability);
              try_all(shm, sem, msg);
              controls(shm, sem, msg);
              return 0;
            }));
  }
  say_end("creator without privileges", in_child([&] {
            keep_only(CAP_SETPCAP);
            try_all(shm, sem, msg);
            controls(shm, sem, msg);
            return 0;
          }));
  say_end("owner", in_child([&] {
            become(1001, 1);
            say("remove: %s", outcome(::shmctl(shm, IPC_RMID, nullptr)));
            say(" %s", outcome(::semctl(sem, 0, IPC_RMID)));
            say(" %s\n", outcome(::msgctl(msg, IPC_RMID, nullptr)));
            return 0;
          }));
  return 0;
}

static const Topic topic("sysv_permissions", run);
