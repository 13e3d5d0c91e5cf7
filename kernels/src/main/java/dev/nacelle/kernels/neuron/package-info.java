/**
 * Spiking neurons: lif, plif, alif and fa_lif are one kernel with more or less of its parts.
 * Arguments, the face of the C kernel, the reference, the descriptions.
 */
@NullMarked
package dev.nacelle.kernels.neuron;

import org.jspecify.annotations.NullMarked;
