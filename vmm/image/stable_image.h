// Builds an image from one state of a directory: no file in it is older or newer than the fingerprint that the image is
// filed under, although anybody may write to the directory meanwhile.
//
// A fingerprint is made of times, so two things could hide a change from it:
//  - Two changes within one tick of the clock that the file system stamps files with get the same time. A change that
//    falls between a walk and the end of the tick may be invisible for ever.
//  - A store through a shared mapping changes the file's times only if the page was write-protected, that is clean
//    (mm/memory.c: do_wp_page -> page_mkwrite -> file_update_time). As long as a page is dirty, stores leave no trace.
// So a directory is walked, a tick passes, everything dirty is written out (which write-protects it), and it is walked
// again. If both walks saw the same, then at the time of the second no page was mapped writable that could take a store
// unnoticed (whoever made it dirty after the sync would have changed a time, and that time could not be one that
// the first walk had seen), and every later change gets a later time. That is the state to build from. Clocks are not
// compared, so a file server's clock may be wrong. A start only walks once: if it finds the digest of a state that was
// settled in this way, nothing was changed since.
//
// Both walks and what makes the image find the tree by its path. Who may rename a directory on the way could let it
// lead elsewhere just while the image is made, so the ways before and after are compared as well, where they are not
// the user's or root's alone.
//
// What remains is in docs/image-format.md: file systems without write-back (tmpfs), and writes that began before.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "vmm/cache/cache_file.h"
#include "vmm/image/cache_dir.h"
#include "vmm/image/fingerprint.h"
#include "vmm/image/make_erofs.h"

namespace husk::image {

// How a state is found that has settled; the parts are parameters for the tests.
struct Settling {
  std::function<Fingerprint()> walk;
  std::function<void(const Fingerprint&)> wait_a_tick;
  std::function<void(const Fingerprint&)> write_out;
};
constexpr int kMaxAttempts = 5;

// Without a value if the directory changes all the time. `first` is a walk that was just made.
std::optional<Fingerprint> settle(Fingerprint first, const Settling& settling);

// Builds the image of `directory` in `file`, sealed (image_file.h). `first` as above. Throws husk::Error.
Fingerprint build_stable_image(const std::string& directory, Fingerprint first, const cache::TemporaryFile& file,
                               const Folder& folder, const std::function<void(const ErofsJob&)>& make = make_erofs);

// The canonical path of a directory that may be made an image of. The cache must not lie in it: an image that holds
// itself has no end.
std::string canonical_path(const std::string& directory);
void refuse_cache_inside(const std::string& canonical, const Folder& folder);

}  // namespace husk::image
