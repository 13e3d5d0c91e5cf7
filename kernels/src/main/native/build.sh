#!/bin/sh
# Builds the C kernels into OUT/<platform>/ on behalf of Maven: build.sh SOURCE BUILD OUT [PLATFORM]
# PLATFORM other than this machine's is built with the cross compiler that toolchains/ names, and a
# missing one is an error: a release without its kernels would be found out by its user.
# Where a tool is missing the build still succeeds: OUT/<platform>/missing.txt then says which
# package to install, and Nacelle repeats that sentence once when it starts.
set -u
source_dir=$1
build_dir=$2
out_dir=$3

case "$(uname -m)" in
  x86_64 | amd64) platform=linux-x86_64 ;;
  aarch64 | arm64) platform=linux-aarch64 ;;
  *) platform="linux-$(uname -m)" ;;
esac
cross=
if [ -n "${4:-}" ] && [ "$4" != "$platform" ]; then
  platform=$4
  cross=$source_dir/toolchains/$platform.cmake
  [ -f "$cross" ] || { echo "no toolchain file for $platform" >&2; exit 1; }
fi
target="$out_dir/$platform"
mkdir -p "$target" "$build_dir" || exit 1

# The CUDA sources, and the headers that they and C share, travel with the classes: NVRTC compiles
# them on the machine that has the GPU.
(cd "$source_dir" && find . \( -name '*.cu' -o -name '*.cuh' -o -name '*_math.h' \
  -o -path './cuda/*.h' -o -name nk_tanh.h -o -name nk_random.h -o -name adamw_codes.h \) -type f) | while read -r file; do
  cmp -s "$source_dir/$file" "$out_dir/cuda/$file" ||
    { mkdir -p "$out_dir/cuda/$(dirname "$file")" && cp "$source_dir/$file" "$out_dir/cuda/$file"; } ||
    exit 1
done || exit 1

give_up() {
  if [ -n "$cross" ]; then
    printf '%s\n' "$1" >&2
    exit 1
  fi
  rm -f "$target/libnacelle_kernels.so"
  printf '%s\n' "$1" >"$target/missing.txt"
  exit 0
}

command -v cmake >/dev/null 2>&1 ||
  give_up "cmake was not found when Nacelle was built; install it (Debian, Ubuntu: apt-get install cmake gcc) and build again"
compiler=${CC:-}
[ -z "$cross" ] || compiler=aarch64-linux-gnu-gcc
[ -z "$cross" ] || command -v "$compiler" >/dev/null 2>&1 ||
  give_up "$compiler is missing (Debian, Ubuntu: apt-get install gcc-aarch64-linux-gnu)"
if [ -z "$compiler" ]; then
  for candidate in cc gcc clang; do
    if command -v "$candidate" >/dev/null 2>&1; then compiler=$candidate && break; fi
  done
fi
[ -n "$compiler" ] ||
  give_up "no C compiler was found when Nacelle was built; install one (Debian, Ubuntu: apt-get install gcc) and build again"
if command -v ninja >/dev/null 2>&1; then
  generator=Ninja
elif command -v make >/dev/null 2>&1; then
  generator="Unix Makefiles"
else
  give_up "neither make nor ninja was found when Nacelle was built; install one (Debian, Ubuntu: apt-get install make) and build again"
fi

if [ ! -f "$build_dir/CMakeCache.txt" ]; then
  if ! CC=$compiler cmake -S "$source_dir" -B "$build_dir" -G "$generator" \
    -DCMAKE_BUILD_TYPE=Release ${cross:+-DCMAKE_TOOLCHAIN_FILE="$cross"} >"$build_dir/configure.log" 2>&1; then
    rm -f "$build_dir/CMakeCache.txt"
    give_up "CMake could not configure the C kernels (see $build_dir/configure.log); a C compiler with OpenMP is needed (Debian, Ubuntu: apt-get install cmake gcc)"
  fi
fi
# With tools at hand a failure is an error of our sources: it stops the build.
# A compiler for each processor, not for each file: those are a hundred.
if ! cmake --build "$build_dir" --parallel "$(nproc 2>/dev/null || echo 2)" >"$build_dir/build.log" 2>&1; then
  cat "$build_dir/build.log" >&2
  exit 1
fi
rm -f "$target/missing.txt"
# Only a changed library is copied: its time stamp tells others whether it is new.
cmp -s "$build_dir/libnacelle_kernels.so" "$target/libnacelle_kernels.so" ||
  { cp "$build_dir/libnacelle_kernels.so" "$target/.new" && mv "$target/.new" "$target/libnacelle_kernels.so"; }
