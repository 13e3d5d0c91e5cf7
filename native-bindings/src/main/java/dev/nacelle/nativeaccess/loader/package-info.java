/**
 * Finds the shared libraries and opens each once. LibTorch is looked for where the user points,
 * then in an installed PyTorch, then in the jars on the class path, whose libraries are unpacked
 * once into the user's cache. Opening is lazy and in parts: the OpenMP runtime and OpenBLAS come
 * without LibTorch, which costs a hundred megabytes that most runs need not pay.
 *
 * <h2>One OpenMP runtime</h2>
 *
 * LibTorch and our C kernels must run in one pool of threads, so both must bind to one copy of
 * libgomp. {@link NativeLibraries#openMp} therefore opens, before anything else and with global
 * visibility, the copy that the LibTorch found here ships. LibTorch's own request for {@code
 * libgomp.so.1} is then met by that copy's soname. A kernel library linked by {@code gcc -fopenmp}
 * asks for {@code libgomp.so.1} too; where a wheel ships its copy under another soname ({@code
 * libgomp-a34b3233.so.1}) the linker maps the system's beside it, but the kernels' symbols still
 * bind to the copy that became globally visible first, and the second one never starts a thread.
 * What it takes: open OpenMP first, then the kernels, and give the kernel library no private copy
 * (no static libgomp, no {@code -Bsymbolic}).
 */
@NullMarked
package dev.nacelle.nativeaccess.loader;

import org.jspecify.annotations.NullMarked;
