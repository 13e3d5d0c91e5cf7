/**
 * What the rest of Nacelle may know of native code: element types, native memory, mapped files, and
 * the faces of the libraries that we bind. Linking itself lives in {@code .ffm}, finding libraries
 * in {@code .loader}, LibTorch in {@code .torch}.
 */
@NullMarked
package dev.nacelle.nativeaccess;

import org.jspecify.annotations.NullMarked;
