/** Tests of what the operators share on the Java side. */
@NullMarked
package dev.nacelle.kernels.common;

import org.jspecify.annotations.NullMarked;
