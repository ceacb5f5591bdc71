#include "tools/compare/payload/ping_pong.h"

#include "tools/compare/payload/options.h"

namespace husk::payload {
namespace {

void close_channel(const Channel& channel) {
  close_file(channel.read);
  if (channel.write != channel.read) close_file(channel.write);
}

[[noreturn]] void echo(const Channel& channel) {
  char byte;
  while (read_some(channel.read, &byte, 1) == 1) {
    if (write_some(channel.write, &byte, 1) != 1) leave(kFailed);
  }
  leave(0);
}

Outcome round_trips(const Channel& channel, uint64_t count) {
  char byte = '.';
  for (uint64_t i = 0; i < count; ++i) {
    if (const long sent = write_some(channel.write, &byte, 1); sent != 1)
      return checked(sent < 0 ? sent : kNoErrorNumber, "write");
    if (const long got = read_some(channel.read, &byte, 1); got != 1)
      return checked(got < 0 ? got : kNoErrorNumber, "read");
  }
  return {};
}

}  // namespace

Outcome ping_pong(const BenchContext& context, Measured& measured, Channel ours, Channel theirs) {
  if (const Outcome stays = checked(stay_on_this_processor(), "sched_setaffinity"); !stays) return stays;
  const long child = fork_process();
  if (child < 0) return checked(child, "fork");
  if (child == 0) {
    close_channel(ours);
    echo(theirs);
  }
  close_channel(theirs);
  Outcome outcome = calibrate_whole(context, measured, [&](uint64_t count) { return round_trips(ours, count); });
  close_channel(ours);
  const long status = wait_for(child);
  if (outcome && status < 0) outcome = checked(status, "wait");
  if (outcome && status > 0) outcome = {kNoErrorNumber, "echo"};
  return outcome;
}

}  // namespace husk::payload
