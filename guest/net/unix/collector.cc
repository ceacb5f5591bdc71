#include "net/unix/collector.h"

#include <utility>

#include "lib/global.h"
#include "net/socket_file.h"
#include "net/unix/unix_socket.h"

namespace kernel::net {

namespace {

using InFlight = List<UnixSocket, &UnixSocket::in_flight_node>;
using Work = List<UnixSocket, &UnixSocket::work_node>;

constinit Global<InFlight> g_in_flight;
constinit std::size_t g_references = 0;  // to Unix sockets, in queues
constinit std::size_t g_calls = 0;       // since the last collection
constinit bool g_collecting = false;

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

// Marks what nobody outside can reach.
std::size_t find_unreachable() {
  for (UnixSocket& socket : *g_in_flight) {
    socket.unreachable = socket.file_in_flight->references() == socket.in_flight;
    socket.references_inside = 0;
  }
  for (UnixSocket& socket : *g_in_flight) {
    if (!socket.unreachable) continue;
    for_each_receivable(socket, [](UnixSocket& found) { ++found.references_inside; });
  }
  Work reachable;
  for (UnixSocket& socket : *g_in_flight) {
    // Some of its references are in queues of sockets that are held.
    if (socket.unreachable && socket.references_inside < socket.in_flight) socket.unreachable = false;
    if (!socket.unreachable) reachable.push_back(socket);
  }
  while (UnixSocket* socket = reachable.pop_front()) {
    for_each_receivable(*socket, [&](UnixSocket& found) {
      if (!std::exchange(found.unreachable, false)) return;
      reachable.push_back(found);
    });
  }
  std::size_t count = 0;
  for (UnixSocket& socket : *g_in_flight) count += socket.unreachable;
  return count;
}

// Takes the records with rights out of the queue and behind `garbage`.
void empty_queue(UnixSocket& socket, RecordQueue& garbage) {
  RecordQueue& queue = socket.queue();
  for (Record* record = queue.front(); record;) {
    Record* next = queue.next(*record);
    if (record->rights) {
      socket.forget_out_of_band(*record);
      garbage.push(queue.remove(*record));
    }
    record = next;
  }
}

void collect() {
  if (find_unreachable() == 0) return;
  RecordQueue garbage;
  for (UnixSocket& socket : *g_in_flight) {
    if (!socket.unreachable) continue;
    empty_queue(socket, garbage);
    for (UnixSocket& embryo : socket.embryos()) empty_queue(embryo, garbage);
  }
  garbage.clear();
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
  if (g_references == 0 || g_collecting) return;
  ++g_calls;
  if (g_references > kAlwaysCollected && g_calls < g_references) return;
  g_calls = 0;
  g_collecting = true;
  collect();
  g_collecting = false;
}

}  // namespace kernel::net
