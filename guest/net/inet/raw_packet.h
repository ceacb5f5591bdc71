// IP packets that a raw socket sends with a header of its own (IP_HDRINCL; raw_send_hdrinc() and ip_rcv() of Linux).
#pragma once

#include "net/inet/datagram_socket.h"

namespace kernel::net::inet {

// Takes the header off `packet.payload`, fills in what the kernel does, and says by it whose the packet is and what is in
// it. kInval if there is not even a whole header. False: nobody takes such a packet, and it is lost.
Result<bool> split_header(OutgoingDatagram& packet, bool v6);

// A UDP datagram that is the payload of `packet`. False: it is none, or its checksum is wrong.
Result<bool> parse_udp(const OutgoingDatagram& packet, OutgoingDatagram& datagram);

// Of a payload with its pseudo header, as ICMPv6 and UDP have it: 0 if its checksum is right.
std::uint16_t checksum_with_pseudo_header(const OutgoingDatagram& packet);

}  // namespace kernel::net::inet
