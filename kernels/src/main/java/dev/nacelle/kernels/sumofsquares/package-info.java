/** The sum of squares: arguments, the face of the C kernel, the reference, the description. */
@NullMarked
package dev.nacelle.kernels.sumofsquares;

import org.jspecify.annotations.NullMarked;
