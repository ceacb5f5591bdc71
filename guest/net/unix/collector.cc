#include "net/unix/collector.h"

#include <optional>
#include <utility>

#include "lib/global.h"
#include "net/socket_file.h"
#include "net/unix/rights.h"
#include "net/unix/unix_socket.h"

namespace kernel::net {

namespace {

using InFlight = List<UnixSocket, &UnixSocket::in_flight_node>;
using Work = List<UnixSocket, &UnixSocket::work_node>;

constinit Global<InFlight> g_in_flight;
constinit std::size_t g_references = 0;  // to Unix sockets, in queues
constinit std::size_t g_calls = 0;       // since the last collection

// So few are looked through at each call.
constexpr std::size_t kAlwaysCollected = 256;

UnixSocket* unix_socket_of(fs::File& file) {
  Socket* socket = socket_of(file);
  return socket && socket->family() == kUnix ? static_cast<UnixSocket*>(socket) : nullptr;
}

// visit(socket) for each Unix socket that `holder` would receive, or that a connection would that it has not accepted.
template <typename Visit>
void for_each_receivable(UnixSocket& holder, Visit visit) {
  const auto visit_queue = [&](UnixSocket& socket) {
    RecordQueue& queue = socket.queue();
    for (Record* record = queue.front(); record; record = queue.next(*record)) {
      if (!record->rights) continue;
      for (const Ref<fs::File>& file : record->rights->files()) {
        if (UnixSocket* found = unix_socket_of(*file)) visit(*found);
      }
    }
  };
  visit_queue(holder);
  for (UnixSocket& embryo : holder.embryos()) visit_queue(embryo);
}

// What nobody outside can reach, but for who is about to let go of `closing` (or null).
void find_unreachable(Work& found, const fs::File* closing) {
  for (UnixSocket& socket : *g_in_flight) {
    const std::size_t going = socket.file_in_flight == closing ? 1 : 0;
    socket.unreachable = socket.file_in_flight->references() == socket.in_flight + going;
    socket.references_inside = 0;
  }
  for (UnixSocket& socket : *g_in_flight) {
    if (!socket.unreachable) continue;
    for_each_receivable(socket, [](UnixSocket& other) { ++other.references_inside; });
  }
  Work reachable;
  for (UnixSocket& socket : *g_in_flight) {
    // Some of its references are in queues of sockets that are held.
    if (socket.unreachable && socket.references_inside < socket.in_flight) socket.unreachable = false;
    if (!socket.unreachable) reachable.push_back(socket);
  }
  while (UnixSocket* socket = reachable.pop_front()) {
    for_each_receivable(*socket, [&](UnixSocket& other) {
      if (std::exchange(other.unreachable, false)) reachable.push_back(other);
    });
  }
  for (UnixSocket& socket : *g_in_flight) {
    if (socket.unreachable) found.push_back(socket);
  }
}

// Out of a queue, and not released yet: releasing closes files, which changes what is being walked here.
using Garbage = List<Record, &Record::node>;

void take_rights(UnixSocket& socket, Garbage& garbage) {
  RecordQueue& queue = socket.queue();
  for (Record* record = queue.front(); record;) {
    Record* next = queue.next(*record);
    if (record->rights) {
      socket.forget_out_of_band(*record);
      garbage.push_back(*queue.remove(*record).leak());
    }
    record = next;
  }
}

void collect(const fs::File* closing) {
  Work unreachable;
  find_unreachable(unreachable, closing);
  // Every one of them stays until the garbage is released, which holds the last references.
  Garbage garbage;
  while (UnixSocket* socket = unreachable.pop_front()) {
    take_rights(*socket, garbage);
    for (UnixSocket& embryo : socket->embryos()) take_rights(embryo, garbage);
  }
  if (garbage.empty()) return;
  std::optional<RightsRelease> own;
  RightsRelease* release = RightsRelease::under_way();
  if (!release) release = &own.emplace();
  release->become_unattended();
  while (Record* record = garbage.pop_front()) record->release();
}

bool is_time_to_collect() {
  if (g_references == 0) return false;
  ++g_calls;
  if (g_references > kAlwaysCollected && g_calls < g_references) return false;
  g_calls = 0;
  return true;
}

}  // namespace

void note_entered_queue(fs::File& file) {
  UnixSocket* socket = unix_socket_of(file);
  if (!socket) return;
  if (socket->in_flight++ == 0) {
    socket->file_in_flight = &file;
    g_in_flight->push_back(*socket);
  }
  ++g_references;
}

void note_left_queue(fs::File& file) {
  UnixSocket* socket = unix_socket_of(file);
  if (!socket) return;
  if (--socket->in_flight == 0) {
    socket->file_in_flight = nullptr;
    socket->in_flight_node.unlink();
  }
  --g_references;
}

void collect_now_and_then() {
  if (is_time_to_collect()) collect(nullptr);
}

void note_descriptor_closed(fs::File& file) {
  const UnixSocket* socket = unix_socket_of(file);
  if (!socket || socket->in_flight == 0 || file.references() != socket->in_flight + 1) return;
  if (is_time_to_collect()) collect(&file);
}

}  // namespace kernel::net
