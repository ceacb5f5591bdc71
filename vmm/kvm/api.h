// The one place that includes <linux/kvm.h>.
//
// The kernel's header declares flexible arrays inside a struct that also holds an empty struct (__DECLARE_FLEX_ARRAY).
// An empty struct has size 0 in C but 1 in C++, so that sizeof(kvm_cpuid2) and its like are wrong here, and with them
// the ioctl numbers made from those sizes (KVM_SET_CPUID2, KVM_SET_MSRS, ... fail with EINVAL). A zero-length array has
// the layout that the kernel means.
#pragma once

#include <linux/stddef.h>
#undef __DECLARE_FLEX_ARRAY
#define __DECLARE_FLEX_ARRAY(type, name) type name[0]
#include <linux/kvm.h>

static_assert(sizeof(kvm_cpuid2) == 8 && sizeof(kvm_msrs) == 8, "flexible arrays in <linux/kvm.h>");
