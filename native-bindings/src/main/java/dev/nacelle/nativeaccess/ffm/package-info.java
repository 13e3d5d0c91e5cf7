/**
 * Linking, and nothing else: opening shared libraries, binding functions, reading and writing at
 * bare addresses. Knows no library by name but the C library. Internal to this module; what is
 * missing is an {@link UnsatisfiedLinkError} that names library and symbol, which the packages
 * above turn into a sentence with a remedy.
 */
@NullMarked
package dev.nacelle.nativeaccess.ffm;

import org.jspecify.annotations.NullMarked;
