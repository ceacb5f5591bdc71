// Figures for the VMM (abi::GuestStats), in memory that it reads when the VM has ended: measuring costs no exit.
#pragma once

namespace kernel {

void record_entry();          // the kernel's first instruction
void record_payload_start();  // just before the payload's first instruction
void publish_guest_stats();   // the payload has ended

}  // namespace kernel
