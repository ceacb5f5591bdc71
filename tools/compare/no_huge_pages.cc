// no-huge-pages PROGRAM [ARGUMENT...]: executes PROGRAM with transparent huge pages switched off for it and its
// children (prctl(2), PR_SET_THP_DISABLE, which execve(2) keeps). QEMU has no option for that: it asks for them for
// every machine's memory (ram_block_add in softmmu/physmem.c of QEMU 7.2).
#include <sys/prctl.h>
#include <unistd.h>

int main(int count, char** words) {
  constexpr int kCannotRun = 126;
  if (count < 2 || prctl(PR_SET_THP_DISABLE, 1UL, 0UL, 0UL, 0UL) != 0) return kCannotRun;
  execv(words[1], words + 1);
  return kCannotRun;
}
