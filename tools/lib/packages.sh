# The Debian 12 packages that husk needs, in one place, and how to install the ones that are missing.
# Sourced by the other tools; needs nothing but sh and dpkg.

# To build husk and to run it.
HUSK_BUILD_PACKAGES="
  cmake ninja-build g++ ccache pkg-config
  libcap-dev libcli11-dev libfdt-dev libfmt-dev libseccomp-dev libspdlog-dev nettle-dev nlohmann-json3-dev node-d3
  erofs-utils busybox-static"

# To test it: unit tests, a Debian root file system, programs to compare with, and what looks at the source and at the package.
HUSK_TEST_PACKAGES="
  clang libclang-rt-14-dev libgtest-dev libgmock-dev python3 mmdebstrap busybox-static e2fsprogs procps util-linux
  clang-format-14 clang-tidy-14 dpkg-dev file groff-base man-db python3-yaml shellcheck
  hyperfine
  chromium chromium-driver python3-selenium fonts-dejavu-core"

# tools/hwlab: QEMU's software SVM machine and a kernel whose kvm_amd runs in it.
HUSK_HWLAB_PACKAGES="
  qemu-system-x86 linux-image-cloud-amd64 busybox-static cpio"

# What `husk compare` can measure besides husk.
HUSK_COMPARE_PACKAGES="
  bubblewrap runc crun podman conmon strace qemu-system-x86
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
}
