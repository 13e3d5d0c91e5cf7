/**
 * A linear layer on spikes that lie as bits: arguments, the face of the C kernel, the reference,
 * the description.
 */
@NullMarked
package dev.nacelle.kernels.spikelinear;

import org.jspecify.annotations.NullMarked;
