// SO_ATTACH_FILTER (socket(7)): which programs are taken, what they see of packets of each kind of socket, what they let
// through, and locks.
#include <linux/filter.h>
#include <linux/netlink.h>
#include <netinet/udp.h>
#include <sys/un.h>
#include <unistd.h>

#include <vector>

#include "../inet_helpers.h"
#include "../topic.h"

using namespace abi;

namespace {

using Program = std::vector<sock_filter>;
using Code = std::uint16_t;

sock_filter op(int code, std::uint32_t value = 0, int if_true = 0, int if_false = 0) {
  return {static_cast<Code>(code), static_cast<std::uint8_t>(if_true), static_cast<std::uint8_t>(if_false), value};
}
const sock_filter kAll = op(BPF_RET | BPF_K, 0xffffffff), kNone = op(BPF_RET | BPF_K, 0), kA = op(BPF_RET | BPF_A);

int attach(int fd, const Program& program) {
  const sock_fprog given{static_cast<unsigned short>(program.size()), const_cast<sock_filter*>(program.data())};
  return ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &given, sizeof given);
}

int detach(int fd) {
  return set_int(fd, SOL_SOCKET, SO_DETACH_FILTER, 0);
}

// Codes with values at borders, between instructions that make them whole. All codes with one value; those that take part in
// more than one rule with more.
void codes(int fd) {
  const auto taken = [&](int code, std::uint32_t value) {
    return attach(fd, {op(BPF_ST, 1), op(code, value), kAll, kAll}) == 0 ? 'y' : '.';
  };
  for (int code = 0; code < 0x100; code += 32) {
    std::string line;
    for (int i = 0; i < 32; ++i) line += taken(code + i, 1);
    say("%02x: %s\n", static_cast<unsigned>(code), line.c_str());
  }
  for (const int code :
       {BPF_LD | BPF_B | BPF_ABS, BPF_LD | BPF_W | BPF_IND, BPF_LDX | BPF_B | BPF_MSH, BPF_LD | BPF_MEM,
        BPF_LDX | BPF_MEM, BPF_STX, BPF_ALU | BPF_DIV | BPF_K, BPF_ALU | BPF_MOD | BPF_X, BPF_ALU | BPF_LSH | BPF_K,
        BPF_ALU | BPF_RSH | BPF_X, 0x100, 0x106, 0x8006}) {
    std::string line;
    for (const std::uint32_t value :
         {0u, 1u, 15u, 16u, 31u, 32u, 0x7fffffffu, 0xfffff000u, 0xfffff001u, 0xfffff03cu, 0xfffff040u, 0xffffffffu})
      line += taken(code, value);
    say("%02x: %s\n", static_cast<unsigned>(code), line.c_str());
  }
}

void programs(int fd) {
  const struct {
    const char* name;
    Program program;
  } cases[] = {
      {"no return", {op(BPF_LD | BPF_W | BPF_LEN)}},
      {"jump to the end", {op(BPF_JMP | BPF_JA, 1), kAll}},
      {"jump to the last", {op(BPF_JMP | BPF_JA, 0), kAll}},
      {"jump backwards", {kAll, op(BPF_JMP | BPF_JA, 0xffffffff), kAll}},
      {"jump that wraps", {op(BPF_JMP | BPF_JA, 0xfffffffe), kAll}},
      {"true beyond", {op(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), kAll}},
      {"false beyond", {op(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 255), kAll}},
      {"both inside", {op(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), kAll, kNone}},
      {"cell not written", {op(BPF_LD | BPF_MEM, 3), kA}},
      {"cell written", {op(BPF_ST, 3), op(BPF_LD | BPF_MEM, 3), kA}},
      {"cell written on one way",
       {op(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), op(BPF_ST, 3), op(BPF_LDX | BPF_MEM, 3), kA}},
      {"cell written on both ways",
       {op(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2), op(BPF_STX, 3), op(BPF_JMP | BPF_JA, 1), op(BPF_ST, 3),
        op(BPF_LD | BPF_MEM, 3), kA}},
      {"cell behind a return", {op(BPF_ST, 3), kAll, op(BPF_LD | BPF_MEM, 3), kA}},
      {"cell where nobody comes", {op(BPF_JMP | BPF_JA, 1), op(BPF_LD | BPF_MEM, 3), kA}},
      {"the longest", Program(4096, kAll)},
      {"too long", Program(4097, kAll)},
      {"65535", Program(65535, kAll)},
  };
  for (const auto& [name, program] : cases) say("%s: %s\n", name, outcome(attach(fd, program)));
  say("empty: %s\n", outcome(attach(fd, {})));
  sock_fprog given{1, nullptr};
  say("no program: %s\n", outcome(::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &given, sizeof given)));
  given.filter = reinterpret_cast<sock_filter*>(16);
  say("bad program: %s\n", outcome(::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &given, sizeof given)));
  for (const socklen_t size : {0u, 4u, 15u, 17u})
    say("size %u: %s\n", size, outcome(::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &given, size)));
}

void got(int fd) {
  sock_filter program[8] = {};
  const auto get = [&](socklen_t size) {
    const int result = ::getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, program, &size);
    say("get: %s %u %x\n", outcome(result), size, program[0].code);
  };
  get(8);
  attach(fd, {op(BPF_LD | BPF_W | BPF_LEN), op(BPF_ALU | BPF_NEG), kA});
  for (const socklen_t size : {0u, 2u, 3u, 8u}) get(size);
  say("detach: %s", outcome(detach(fd)));
  say(" %s\n", outcome(detach(fd)));
  get(8);
}

void locks() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  const auto locked = [&] {
    int value = -1;
    socklen_t size = sizeof value;
    ::getsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &value, &size);
    return value;
  };
  say("lock: %d %s", locked(), outcome(set_int(fd, SOL_SOCKET, SO_LOCK_FILTER, 0)));
  say(" %s", outcome(set_int(fd, SOL_SOCKET, SO_LOCK_FILTER, 5)));
  say(" %d, unlock %s", locked(), outcome(set_int(fd, SOL_SOCKET, SO_LOCK_FILTER, 0)));
  say(", attach %s", outcome(attach(fd, {kAll})));
  say(", detach %s", outcome(detach(fd)));
  say(", once more %s\n", outcome(set_int(fd, SOL_SOCKET, SO_LOCK_FILTER, 1)));
  ::close(fd);
  const int other = ::socket(AF_UNIX, SOCK_STREAM, 0);
  say("a stream: %s", outcome(attach(other, {kAll})));
  say(" %s\n", outcome(detach(other)));
  ::close(other);
}

struct Pair {
  int in, out;
};

Pair udp(int family) {
  const Pair pair{::socket(family, SOCK_DGRAM, 0), ::socket(family, SOCK_DGRAM, 0)};
  if (family == AF_INET) {
    bind_to(pair.in, v4("127.0.0.1"));
    bind_to(pair.out, v4("127.0.0.1"));
    connect_to(pair.out, v4("127.0.0.1", port_of(pair.in)));
  } else {
    bind_to(pair.in, v6("::1"));
    bind_to(pair.out, v6("::1"));
    connect_to(pair.out, v6("::1", port_of(pair.in)));
  }
  return pair;
}

// What comes of a message of 30 bytes, with the program that it goes through.
void through(const char* what, const Pair& pair, const Program& program) {
  attach(pair.in, program);
  const ssize_t sent = ::send(pair.out, "0123456789abcdefghijklmnopqrst", 30, 0);
  char text[64] = {};
  const ssize_t count = ::recv(pair.in, text, sizeof text - 1, MSG_DONTWAIT | MSG_TRUNC);
  say("%s: sent %zd, ", what, sent);
  count < 0 ? say("%s\n", outcome(count)) : say("%zd \"%s\"\n", count, text);
}

// `at` is where the message begins for the program.
void sees(const char* kind, const Pair& pair, std::uint32_t at) {
  say("%s\n", kind);
  through("all", pair, {kAll});
  through("none", pair, {kNone});
  through("1", pair, {op(BPF_RET | BPF_K, 1)});
  through("half", pair, {op(BPF_RET | BPF_K, at + 15)});
  through("length", pair, {op(BPF_LD | BPF_W | BPF_LEN), op(BPF_ALU | BPF_SUB | BPF_K, 3), kA});
  through("length in X", pair,
          {op(BPF_LDX | BPF_W | BPF_LEN), op(BPF_MISC | BPF_TXA), op(BPF_ALU | BPF_RSH | BPF_K, 1), kA});
  const auto only_if = [&](const char* what, const sock_filter& load, std::uint32_t value) {
    through(what, pair, {op(BPF_LDX | BPF_IMM, at), load, op(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1), kAll, kNone});
  };
  only_if("byte", op(BPF_LD | BPF_B | BPF_ABS, at + 10), 'a');
  only_if("half word", op(BPF_LD | BPF_H | BPF_ABS, at), 0x3031);
  only_if("word", op(BPF_LD | BPF_W | BPF_ABS, at + 1), 0x31323334);
  only_if("by X", op(BPF_LD | BPF_W | BPF_IND, 26), 0x71727374);
  only_if("by X, beyond", op(BPF_LD | BPF_W | BPF_IND, 27), 0x71727374);
  only_if("the last word", op(BPF_LD | BPF_W | BPF_ABS, at + 26), 0x71727374);
  only_if("half beyond", op(BPF_LD | BPF_H | BPF_ABS, at + 29), 0);
  only_if("far beyond", op(BPF_LD | BPF_B | BPF_ABS, 0x7fffffff), 0);
  only_if("protocol", op(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PROTOCOL), pair.in && at ? 0x0800 : 0);
  only_if("packet type", op(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE), 0);
  only_if("interface", op(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_IFINDEX), 1);
  only_if("hardware", op(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_HATYPE), 772);
  only_if("tag", op(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT), 0);
  only_if("payload", op(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PAY_OFFSET), at);
  through("xor with X", pair,
          {op(BPF_LD | BPF_IMM, 0xff), op(BPF_LDX | BPF_IMM, 0xff - at - 9),
           op(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_ALU_XOR_X), kA});
  through("header length", pair,
          {op(BPF_LDX | BPF_B | BPF_MSH, at + 3), op(BPF_MISC | BPF_TXA), op(BPF_ALU | BPF_ADD | BPF_K, at), kA});
}

void computes(const Pair& pair) {
  const struct {
    int operation;
    std::uint32_t a, with;
  } cases[] = {{BPF_ADD, 0xfffffffa, 20},
               {BPF_SUB, 5, 0xfffffff0},
               {BPF_MUL, 0x80000001, 14},
               {BPF_DIV, 100, 7},
               {BPF_MOD, 100, 85},
               {BPF_AND, 0xff, 13},
               {BPF_OR, 8, 5},
               {BPF_XOR, 0xff, 0xf0},
               {BPF_LSH, 3, 2},
               {BPF_RSH, 0xf0000000, 28},
               {BPF_LSH, 3, 34},
               {BPF_RSH, 24, 33},
               {BPF_DIV, 100, 0},
               {BPF_MOD, 100, 0}};
  for (const auto& [operation, a, with] : cases) {
    say("%02x ", static_cast<unsigned>(operation));
    through("with X", pair,
            {op(BPF_LD | BPF_IMM, a), op(BPF_LDX | BPF_IMM, with), op(BPF_ALU | operation | BPF_X),
             op(BPF_ALU | BPF_ADD | BPF_K, 8), kA});
  }
  through("negated", pair, {op(BPF_LD | BPF_IMM, 0xffffffe8), op(BPF_ALU | BPF_NEG), kA});
  for (const int condition : {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET}) {
    for (const std::uint32_t value : {0x80000000u, 8u, 4u}) {
      say("%02x %x ", static_cast<unsigned>(condition), value);
      through("against 8", pair,
              {op(BPF_LD | BPF_IMM, value), op(BPF_LDX | BPF_IMM, 8), op(BPF_JMP | condition | BPF_X, 0, 1, 0),
               op(BPF_RET | BPF_K, 10), op(BPF_RET | BPF_K, 12)});
    }
  }
}

// The headers of UDP and of what is before it.
void headers() {
  const Pair pair = udp(AF_INET);
  const auto has = [&](const char* what, const sock_filter& load, std::uint32_t value) {
    through(what, pair, {load, op(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1), kAll, kNone});
  };
  has("source port", op(BPF_LD | BPF_H | BPF_ABS, 0), static_cast<std::uint32_t>(port_of(pair.out)));
  has("destination port", op(BPF_LD | BPF_H | BPF_ABS, 2), static_cast<std::uint32_t>(port_of(pair.in)));
  has("length", op(BPF_LD | BPF_H | BPF_ABS, 4), 38);
  constexpr auto kNetwork = static_cast<std::uint32_t>(SKF_NET_OFF), kLink = static_cast<std::uint32_t>(SKF_LL_OFF);
  has("version", op(BPF_LD | BPF_B | BPF_ABS, kNetwork), 0x45);
  has("whole length", op(BPF_LD | BPF_H | BPF_ABS, kNetwork + 2), 58);
  has("protocol", op(BPF_LD | BPF_B | BPF_ABS, kNetwork + 9), IPPROTO_UDP);
  has("from", op(BPF_LD | BPF_W | BPF_ABS, kNetwork + 12), 0x7f000001);
  has("the message", op(BPF_LD | BPF_B | BPF_ABS, kNetwork + 28), '0');
  has("type", op(BPF_LD | BPF_H | BPF_ABS, kLink + 12), 0x0800);
  has("hardware address", op(BPF_LD | BPF_W | BPF_ABS, kLink), 0);
  through("the end", pair, {op(BPF_LD | BPF_B | BPF_ABS, kNetwork + 57), kAll});
  through("beyond the end", pair, {op(BPF_LD | BPF_B | BPF_ABS, kNetwork + 58), kAll});
  detach(pair.in);
  through("dropped", pair, {kNone});
  int on = 1;
  ::setsockopt(pair.in, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
  attach(pair.in, {kAll});
  ::send(pair.out, "x", 1, 0);
  char control[64], byte;
  iovec part{&byte, 1};
  msghdr message{};
  message.msg_iov = &part, message.msg_iovlen = 1, message.msg_control = control,
  message.msg_controllen = sizeof control;
  ::recvmsg(pair.in, &message, MSG_DONTWAIT);
  say("told of drops: %d\n", message.msg_controllen > 0);
  ::close(pair.in);
  ::close(pair.out);
}

// A filter on one end of a netlink conversation: udev's way to hear only some of it.
void netlink() {
  const int fd = ::socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  const auto ask = [&](const char* what, const Program& program) {
    say("%s: %s", what, outcome(attach(fd, program)));
    struct {
      nlmsghdr header;
      char body[16];
    } request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = 200;  // none
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    request.header.nlmsg_seq = 7;
    ::send(fd, &request, sizeof request, 0);
    char answer[256];
    const ssize_t count = ::recv(fd, answer, sizeof answer, MSG_DONTWAIT);
    count < 0 ? say(" %s\n", outcome(count)) : say(" %zd\n", count);
  };
  ask("all", {kAll});
  ask("none", {kNone});
  ask("cut", {op(BPF_RET | BPF_K, 20)});
  // Numbers of netlink are in the CPU's order, so BPF turns them round.
  const Program errors{op(BPF_LD | BPF_H | BPF_ABS, 4), op(BPF_JMP | BPF_JEQ | BPF_K, 0x0200, 0, 1), kAll, kNone};
  ask("errors", errors);
  ::close(fd);
}

void big() {
  int fds[2];
  ::socketpair(AF_UNIX, SOCK_DGRAM, 0, fds);
  attach(fds[0], {op(BPF_LD | BPF_B | BPF_ABS, 59999), op(BPF_JMP | BPF_JEQ | BPF_K, 'z', 0, 1),
                  op(BPF_RET | BPF_K, 50000), kNone});
  std::vector<char> data(60000, 'z'), room(70000);
  say("big: %zd", ::send(fds[1], data.data(), data.size(), 0));
  say(" %zd", ::recv(fds[0], room.data(), room.size(), MSG_DONTWAIT));
  data.back() = 'y';
  say(", other: %zd", ::send(fds[1], data.data(), data.size(), 0));
  say(" %s\n", outcome(::recv(fds[0], room.data(), room.size(), MSG_DONTWAIT)));
  say("empty: %zd", ::send(fds[1], "", 0, 0));
  say(" %s\n", outcome(::recv(fds[0], room.data(), room.size(), MSG_DONTWAIT)));
  ::close(fds[0]);
  ::close(fds[1]);
}

int run() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  got(fd);
  codes(fd);
  programs(fd);
  ::close(fd);
  locks();
  const Pair four = udp(AF_INET), six = udp(AF_INET6);
  sees("UDP", four, 8);
  computes(four);
  say("UDP over IPv6\n");
  through("half", six, {op(BPF_RET | BPF_K, 8 + 15)});
  through("next header", six,
          {op(BPF_LD | BPF_B | BPF_ABS, static_cast<std::uint32_t>(SKF_NET_OFF) + 6),
           op(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 1), kAll, kNone});
  through("protocol", six,
          {op(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PROTOCOL), op(BPF_JMP | BPF_JEQ | BPF_K, 0x86dd, 0, 1),
           kAll, kNone});
  int fds[2];
  ::socketpair(AF_UNIX, SOCK_DGRAM, 0, fds);
  sees("Unix datagrams", {fds[0], fds[1]}, 0);
  int packets[2];
  ::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, packets);
  through("Unix packets", {packets[0], packets[1]}, {op(BPF_RET | BPF_K, 7)});
  headers();
  netlink();
  big();
  for (const int open : {four.in, four.out, six.in, six.out, fds[0], fds[1], packets[0], packets[1]}) ::close(open);
  return 0;
}

const Topic topic("socket_filters", run);

}  // namespace
