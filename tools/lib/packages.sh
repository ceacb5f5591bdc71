# The Debian 12 packages that husk needs, in one place, and how to install the ones that are missing.
# Sourced by the other tools; needs nothing but sh and dpkg.

# To build husk and to run it.
HUSK_BUILD_PACKAGES="
  cmake ninja-build g++ ccache pkg-config
  libcap-dev libcli11-dev libfdt-dev libfmt-dev libseccomp-dev libspdlog-dev libzstd-dev nettle-dev nlohmann-json3-dev node-d3 zlib1g-dev
  busybox-static"

# To test it: unit tests, a Debian root file system, programs to compare with, and what looks at images, at the source and at the package.
HUSK_TEST_PACKAGES="
  clang libclang-rt-14-dev libgtest-dev libgmock-dev python3 mmdebstrap busybox-static e2fsprogs erofs-utils procps util-linux
  clang-format-14 clang-tidy-14 dpkg-dev file groff-base man-db python3-yaml shellcheck
  hyperfine
  chromium chromium-driver python3-selenium fonts-dejavu-core"

# tools/hwlab: QEMU's software SVM machine and a kernel whose kvm_amd runs in it.
HUSK_HWLAB_PACKAGES="
  qemu-system-x86 linux-image-cloud-amd64 busybox-static cpio"

# What `husk compare` can measure besides husk.
HUSK_COMPARE_PACKAGES="
  bubblewrap runc crun podman conmon golang-github-containers-common containerd runsc systemd-container strace qemu-system-x86
  cpio kmod lz4
  clang lld wasi-libc libclang-rt-14-dev-wasm32"
# The runner `wasm` takes any node; Debian's package is for machines that have none.
command -v node >/dev/null || HUSK_COMPARE_PACKAGES="$HUSK_COMPARE_PACKAGES nodejs"

# husk_install PACKAGE...: installs those that are missing; says nothing, and asks nothing of the network, if none is.
husk_install() {
  husk_missing=""
  for husk_package in "$@"; do
    case "$(dpkg-query -W -f '${db:Status-Status}' "$husk_package" 2>/dev/null)" in
      installed) ;;
      *) husk_missing="$husk_missing $husk_package" ;;
    esac
  done
  [ -n "$husk_missing" ] || return 0

  if [ "$(id -u)" -ne 0 ]; then
    echo "husk: these packages are missing:$husk_missing; install them as root: apt-get install$husk_missing" >&2
    return 1
  fi
  echo "husk: installing$husk_missing" >&2
  husk_apt_log=$(mktemp)
  if ! { timeout 300 apt-get -q update &&
         DEBIAN_FRONTEND=noninteractive timeout 900 apt-get -q -y --no-install-recommends install $husk_missing; } \
       </dev/null >"$husk_apt_log" 2>&1; then
    tail -n 20 "$husk_apt_log" >&2
    rm -f "$husk_apt_log"
    echo "husk: apt-get could not install$husk_missing; its last words are above" >&2
    return 1
  fi
  rm -f "$husk_apt_log"
  # Debian starts and enables the service of a package that it installs. `husk compare` has a containerd of its own, and
  # one that runs all the time would only be in the way: where the package came with this, the service is as before.
  case " $husk_missing " in
    *" containerd "*)
      [ ! -d /run/systemd/system ] || systemctl --quiet disable --now containerd.service 2>/dev/null || :
      ;;
  esac
}

# husk_unpack_kernel DIRECTORY: Debian's cloud kernel below DIRECTORY, where none is installed, for the runner linux-vm. Not
# installed: the host's boot loader would take it for a kernel of the host's. Without it the runner is a row that says so.
husk_unpack_kernel() {
  [ -z "$(ls /boot/vmlinuz-*-cloud-amd64 "$1"/boot/vmlinuz-*-cloud-amd64 2>/dev/null)" ] || return 0
  husk_kernel=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null |
    sed -n 's/^ *Depends: \(linux-image-.*-cloud-amd64\)$/\1/p' | head -n 1)
  [ -n "$husk_kernel" ] || { echo "husk: Debian's cloud kernel is not in apt's lists: no linux-vm" >&2; return 0; }
  echo "husk: unpacking $husk_kernel below $1" >&2
  husk_aside=$(mktemp -d "$1.XXXXXX") || return 0
  if (cd "$husk_aside" && timeout 300 apt-get -q download "$husk_kernel" && dpkg-deb -x ./*.deb tree &&
      depmod -b tree "${husk_kernel#linux-image-}") </dev/null >"$husk_aside/log" 2>&1; then
    rm -rf "$1"
    mv "$husk_aside/tree" "$1"
  else
    tail -n 3 "$husk_aside/log" >&2
    echo "husk: could not get $husk_kernel: no linux-vm" >&2
  fi
  rm -rf "$husk_aside"
}
