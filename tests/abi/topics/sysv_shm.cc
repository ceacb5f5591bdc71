// shmget(2), shmctl(2): ids and keys, sizes and limits, what IPC_STAT and its kin say, removal, SHM_LOCK.
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>
#include <ctime>

#include "../topic.h"

using namespace abi;

static const char* who(pid_t pid) {
  return pid == 0 ? "nobody" : pid == ::getpid() ? "self" : "another";
}

static const char* when(time_t time) {
  if (time == 0) return "never";
  const time_t now = ::time(nullptr);
  return time <= now && now - time < 100 ? "now" : "another time";
}

static void say_state(const char* what, int id) {
  struct shmid_ds ds;
  std::memset(&ds, 0xff, sizeof ds);
  const int result = ::shmctl(id, IPC_STAT, &ds);
  say("%s: %s", what, outcome(result));
  if (result >= 0) {
    say(" key %#x mode %o seq %d size %zu nattch %lu atime %s dtime %s ctime %s cpid %s lpid %s", ds.shm_perm.__key,
        ds.shm_perm.mode, ds.shm_perm.__seq, ds.shm_segsz, ds.shm_nattch, when(ds.shm_atime), when(ds.shm_dtime),
        when(ds.shm_ctime), who(ds.shm_cpid), who(ds.shm_lpid));
  }
  say("\n");
}

static void ids() {
  say("new:");
  int made[5];
  for (int& id : made) say(" %d", id = ::shmget(IPC_PRIVATE, 4096, 0600));
  say("\nremoved and made again:");
  for (int i = 0; i < 3; ++i) {
    ::shmctl(made[4], IPC_RMID, nullptr);
    say(" %d", made[4] = ::shmget(IPC_PRIVATE, 1, 0600));
  }
  say("\nafter many:");
  for (int i = 0; i < 60; ++i) ::shmctl(::shmget(IPC_PRIVATE, 1, 0600), IPC_RMID, nullptr);
  const int late = ::shmget(IPC_PRIVATE, 1, 0600);
  say(" %d, the old id %s, seq too large %s, negative %s\n", late,
      outcome(::shmctl(made[0] + 32768, IPC_STAT, nullptr)), outcome(::shmctl(late + 32768, IPC_RMID, nullptr)),
      outcome(::shmctl(-1, IPC_RMID, nullptr)));
  for (const int id : made) ::shmctl(id, IPC_RMID, nullptr);
  ::shmctl(late, IPC_RMID, nullptr);
}

static void keys() {
  const key_t key = 0x1234abcd;
  say("keys: absent %s", outcome(::shmget(key, 4096, 0600)));
  const int id = ::shmget(key, 8000, IPC_CREAT | IPC_EXCL | 0640);
  say(", made %s", outcome(id));
  say(", exclusive %s", outcome(::shmget(key, 8000, IPC_CREAT | IPC_EXCL | 0600)));
  say(", again %s", ::shmget(key, 8000, IPC_CREAT | 0600) == id ? "same" : "other");
  say(", smaller %s", ::shmget(key, 1, 0) == id ? "same" : "other");
  say(", nothing %s", ::shmget(key, 0, 0) == id ? "same" : "other");
  say(", larger %s", outcome(::shmget(key, 8001, 0)));
  say(", not created but exclusive %s\n", ::shmget(key, 1, IPC_EXCL) == id ? "same" : "other");
  say_state("by key", id);
  say("removed: %s", outcome(::shmctl(id, IPC_RMID, nullptr)));
  say(", then %s", outcome(::shmctl(id, IPC_RMID, nullptr)));
  say(", by key %s\n", outcome(::shmget(key, 1, 0)));
}

static void sizes() {
  say("sizes: nothing %s", outcome(::shmget(IPC_PRIVATE, 0, 0600)));
  say(", all of it %s", outcome(::shmget(IPC_PRIVATE, SIZE_MAX, 0600)));
  say(", most of it %s", outcome(::shmget(IPC_PRIVATE, SIZE_MAX - (1ul << 24), 0600)));
  say(", half %s", outcome(::shmget(IPC_PRIVATE, SIZE_MAX / 2, 0600)));
  say(", huge pages %s\n", outcome(::shmget(IPC_PRIVATE, 2 << 20, 0600 | SHM_HUGETLB)));
  const int large = ::shmget(IPC_PRIVATE, 1ul << 45, 0600 | SHM_NORESERVE);
  say("not reserved: %s\n", outcome(large));
  say_state("large", large);
  ::shmctl(large, IPC_RMID, nullptr);
}

static void information() {
  struct shminfo limits {};
  struct shm_info usage {};
  say("limits: %d", ::shmctl(0, IPC_INFO, reinterpret_cast<struct shmid_ds*>(&limits)));
  say(" max %lx min %lu mni %lu seg %lu all %lx\n", limits.shmmax, limits.shmmin, limits.shmmni, limits.shmseg,
      limits.shmall);
  const int one = ::shmget(IPC_PRIVATE, 10000, 0600), two = ::shmget(IPC_PRIVATE, 4096, 0600);
  auto* memory = static_cast<char*>(::shmat(one, nullptr, 0));
  memory[0] = memory[5000] = 1;
  const int highest = ::shmctl(0, SHM_INFO, reinterpret_cast<struct shmid_ds*>(&usage));
  say("usage: %s ids %d tot %lu rss %lu swp %lu\n", outcome(highest), usage.used_ids, usage.shm_tot, usage.shm_rss,
      usage.shm_swp);
  int found = 0, any = 0;
  for (int i = 0; i <= highest; ++i) {
    struct shmid_ds ds;
    int id = ::shmctl(i, SHM_STAT, &ds);
    found += (id == one && ds.shm_segsz == 10000) || (id == two && ds.shm_segsz == 4096);
    id = ::shmctl(i, SHM_STAT_ANY, &ds);
    any += id == one || id == two;
  }
  say("found by place: %d %d, beyond %s, nowhere %s\n", found, any,
      outcome(::shmctl(highest + 1, SHM_STAT, reinterpret_cast<struct shmid_ds*>(&usage))),
      outcome(::shmctl(one, IPC_STAT, nullptr)));
  say("commands: %s", outcome(::shmctl(one, 99, nullptr)));
  say(" %s", outcome(::shmctl(one, -1, nullptr)));
  say(" %s", outcome(::shmctl(one, IPC_SET, nullptr)));
  say(" %s\n", outcome(::shmctl(99, 99, nullptr)));
  ::shmdt(memory);
  ::shmctl(one, IPC_RMID, nullptr);
  ::shmctl(two, IPC_RMID, nullptr);
}

static void set() {
  const int id = ::shmget(IPC_PRIVATE, 4096, 0600);
  struct shmid_ds ds {};
  ds.shm_perm.uid = 7;
  ds.shm_perm.gid = 8;
  ds.shm_perm.mode = 07466;
  say("set: %s", outcome(::shmctl(id, IPC_SET, &ds)));
  ::shmctl(id, IPC_STAT, &ds);
  say(" mode %o uid %d gid %d cuid %d cgid %d", ds.shm_perm.mode, ds.shm_perm.uid, ds.shm_perm.gid, ds.shm_perm.cuid,
      ds.shm_perm.cgid);
  ds.shm_perm.uid = static_cast<uid_t>(-1);
  say(", nobody %s\n", outcome(::shmctl(id, IPC_SET, &ds)));
  ::shmctl(id, IPC_RMID, nullptr);
}

static void removed_while_mapped() {
  const int id = ::shmget(0x77, 8192, IPC_CREAT | 0600);
  auto* first = static_cast<char*>(::shmat(id, nullptr, 0));
  first[0] = 'a';
  say_state("mapped", id);
  say("removed: %s\n", outcome(::shmctl(id, IPC_RMID, nullptr)));
  say_state("still there", id);
  say("key: %s, removed again %s\n", outcome(::shmget(0x77, 1, 0)), outcome(::shmctl(id, IPC_RMID, nullptr)));
  auto* second = static_cast<char*>(::shmat(id, nullptr, SHM_RDONLY));
  say("mapped by id: %s, sees %c\n", second == reinterpret_cast<char*>(-1) ? outcome(-1) : "ok", second[0]);
  say("unmapped: %s", outcome(::shmdt(first)));
  say(" %s", outcome(::shmdt(second)));
  say(" %s\n", outcome(::shmdt(second)));
  say_state("gone", id);
  say("at once: %s\n", outcome(reinterpret_cast<long>(::shmat(id, nullptr, 0))));
}

static void locks() {
  const int id = ::shmget(IPC_PRIVATE, 16384, 0600);
  say("lock: %s", outcome(::shmctl(id, SHM_LOCK, nullptr)));
  say_state("", id);
  say("again %s, unlock %s", outcome(::shmctl(id, SHM_LOCK, nullptr)), outcome(::shmctl(id, SHM_UNLOCK, nullptr)));
  say_state("", id);
  say("unlocked already %s, absent %s\n", outcome(::shmctl(id, SHM_UNLOCK, nullptr)),
      outcome(::shmctl(12345, SHM_LOCK, nullptr)));
  ::shmctl(id, IPC_RMID, nullptr);
  say_end("another user", in_child([] {
            struct rlimit limit {
              3 * 4096, 3 * 4096
            };
            ::setrlimit(RLIMIT_MEMLOCK, &limit);
            ::setuid(1000);
            const int small = ::shmget(IPC_PRIVATE, 8192, 0600), other = ::shmget(IPC_PRIVATE, 5000, 0600);
            say("two pages %s", outcome(::shmctl(small, SHM_LOCK, nullptr)));
            say(", two more %s", outcome(::shmctl(other, SHM_LOCK, nullptr)));
            say(", removed %s", outcome(::shmctl(small, IPC_RMID, nullptr)));
            say(", then %s", outcome(::shmctl(other, SHM_LOCK, nullptr)));
            limit = {0, 0};
            ::setrlimit(RLIMIT_MEMLOCK, &limit);
            say(", without any %s", outcome(::shmctl(other, SHM_LOCK, nullptr)));
            say(" %s\n", outcome(::shmctl(other, SHM_UNLOCK, nullptr)));
            ::shmctl(other, IPC_RMID, nullptr);
            return 0;
          }));
}

static int run() {
  ids();
  keys();
  sizes();
  information();
  set();
  removed_while_mapped();
  locks();
  return 0;
}

static const Topic topic("sysv_shm", run);
