/** AdamW: arguments, the face of the C kernel, the reference, the description. */
@NullMarked
package dev.nacelle.kernels.adamw;

import org.jspecify.annotations.NullMarked;
