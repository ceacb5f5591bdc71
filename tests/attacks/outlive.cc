// A payload that wants to live on when husk is killed: it clears its parent-death signal in the two ways that there are
// (prctl(2), PR_SET_PDEATHSIG), ignores what can be ignored, says "ready", and sleeps. Usage: outlive ANYTHING
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

int main() {
  for (int signo = 1; signo < NSIG; ++signo) signal(signo, SIG_IGN);
  if (prctl(PR_SET_PDEATHSIG, 0) != 0) perror("PR_SET_PDEATHSIG");
  if (getuid() == 0 && setresuid(12345, 12345, 12345) != 0) perror("setresuid");
  puts("ready");
  fflush(stdout);
  for (;;) pause();
}
