/** Spikes as bits and back: arguments, the face of the C kernel, the reference, the description. */
@NullMarked
package dev.nacelle.kernels.spikepack;

import org.jspecify.annotations.NullMarked;
