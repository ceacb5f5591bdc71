# What differs between the fuzzers, for run_fuzz and grow_corpus; sourced with $fuzzer set. `longest`: an input, in bytes.
# `seconds`: how long tools/test fuzzes.
case $fuzzer in
  virtio) longest=2000 seconds=60 ;;
  # The smallest image that mkfs.erofs makes has one block, one with something of everything four, with two devices nine.
  erofs) longest=40960 seconds=60 ;;
  # It begins with nothing: the calls are few, and are found in seconds.
  erofs_writer) longest=3000 seconds=60 ;;
  # Archives and documents of a few blocks; what it begins with is made by manifests_seeds.
  manifests) longest=32768 seconds=60 ;;
  *) echo "no fuzzer '$fuzzer'" >&2; exit 2 ;;
esac
