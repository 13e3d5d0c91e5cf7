/** The filter over time: arguments, tables, the face of the C kernel, the reference. */
@NullMarked
package dev.nacelle.kernels.fourierfilter;

import org.jspecify.annotations.NullMarked;
