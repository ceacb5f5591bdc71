// A directory on disk as the source of an image.
#pragma once

#include <string>

#include "vmm/image/erofs/writer.h"

namespace husk::image {

// Puts all that is below `directory` into the writer's root, in the order of the names, and the directory's own
// attributes. Nothing outside is reached, whatever is renamed meanwhile: no symbolic link is followed, no path is looked
// up but below the directory, and a file that is not the one that was looked at is an error. Devices, FIFOs and sockets
// are not opened. Whether the tree stayed as it was is for the caller to find out (stable_image.h).
//
// `name` is for messages. Changes the working directory. Throws husk::Error.
void add_directory_tree(int directory, const std::string& name, erofs::ErofsWriter& writer);

}  // namespace husk::image
